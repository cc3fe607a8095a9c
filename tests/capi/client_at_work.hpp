// What most tests of the C ABI begin with: a fake homeserver, a client of it, and a queue.
#pragma once

#include <doctest/doctest.h>

#include <confab.h>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "capi/result_names.hpp"
#include "capi/result_schema.hpp"
#include "support/fake_matrix.hpp"
#include "support/temporary_directory.hpp"

namespace confab::test {

/// Releases a handle at the end of a scope.
template <class T, void (*Release)(T*)>
class Held {
 public:
  Held() = default;
  explicit Held(T* handle) : handle_(handle) {}
  Held(Held&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Held() { Release(handle_); }
  /// Where a function puts a new handle.
  [[nodiscard]] T** place() {
    Release(std::exchange(handle_, nullptr));
    return &handle_;
  }
  [[nodiscard]] T* get() const { return handle_; }
  operator T*() const { return handle_; }  // as a C program passes it

 private:
  T* handle_ = nullptr;
};

using HeldError = Held<confab_error, confab_error_release>;
using HeldRuntime = Held<confab_runtime, confab_runtime_release>;
using HeldQueue = Held<confab_queue, confab_queue_release>;
using HeldEvent = Held<confab_event, confab_event_release>;
using HeldOperation = Held<confab_operation, confab_operation_release>;
using HeldClient = Held<confab_client, confab_client_release>;
using HeldTenant = Held<confab_tenant, confab_tenant_release>;
using HeldStream = Held<confab_stream, confab_stream_release>;

/// A request with its size set and all else zero.
template <class Request>
Request request() {
  Request empty{};
  empty.struct_size = sizeof empty;
  return empty;
}

constexpr std::int32_t patience_ms = 60'000;

inline const char* const park_directory =
    R"({"users":[{"id":"1","slug":"ana","name":"Ana Lima"},{"id":"2","slug":"ben","name":"Ben Okafor"},
                 {"id":"3","slug":"cyd","name":"Cyd"}],
        "events":[{"slug":"picnic","name":"Picnic","visibility":"private","creator":"ana",
                   "attendees":[{"user":"ana","role":"host","permissions":[]},
                                {"user":"ben","role":"guest","permissions":[]}]}],
        "groups":[{"slug":"chess","name":"Chess","visibility":"private","creator":"ben",
                   "members":[{"user":"ben","role":"owner"}]}]})";

/// The text of a configuration for that homeserver, with one tenant, "park".
inline std::string configuration_of(const FakeMatrix& server, const TemporaryDirectory& folder) {
  folder.write("park.json", park_directory);
  return R"({"homeserver":{"url":")" + server.url() + R"(","server_name":")" + server.server_name() +
         R"(","admin_user":"admin","admin_password":")" + std::string(FakeMatrix::admin_password) +
         R"("},"tenants":[{"id":"park","directory":"park.json"}]})";
}

/// A store that answers all that it is asked by one function.
template <confab_status (*Answer)(void* context, confab_store_answer* answer)>
confab_store_vtable store_that_answers(void* context) {
  confab_store_vtable table{};
  table.struct_size = sizeof table;
  table.context = context;
  table.get = [](void* of, const char*, confab_store_answer* answer) { return Answer(of, answer); };
  table.list = [](void* of, const char*, const char*, std::uint32_t, confab_store_answer* answer) {
    return Answer(of, answer);
  };
  table.transact = [](void* of, const confab_store_write* const*, std::uint32_t, std::int32_t,
                      confab_store_answer* answer) { return Answer(of, answer); };
  return table;
}

struct ClientAtWork {
  FakeMatrix server;
  TemporaryDirectory folder;
  HeldRuntime runtime;
  HeldQueue queue;
  HeldClient client;
  HeldTenant tenant;

  ClientAtWork() {
    REQUIRE(confab_runtime_new(nullptr, runtime.place(), nullptr) == CONFAB_OK);
    REQUIRE(confab_queue_new(nullptr, queue.place(), nullptr) == CONFAB_OK);
    open(client, request<confab_client_options>());
    REQUIRE(confab_client_tenant(client, "park", tenant.place(), nullptr) == CONFAB_OK);
  }

  /// A client of this configuration, in which `more` stands besides.
  void open(HeldClient& into, confab_client_options options, const std::string& more = "") {
    const std::string json = configuration_of(server, folder).insert(1, more);
    const std::string base = folder.path().string();
    options.json = json.c_str();
    options.folder = base.c_str();
    HeldError error;
    const confab_status opened = confab_client_open(runtime, &options, into.place(), error.place());
    REQUIRE_MESSAGE(opened == CONFAB_OK, std::string(error ? confab_error_message(error) : ""));
  }
  /// One over a store of the host's own.
  void open_over(confab_store* store, HeldClient& into) {
    folder.write("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    std::filesystem::permissions(folder.file("keys"), std::filesystem::perms::owner_read);
    auto options = request<confab_client_options>();
    options.store = store;
    open(into, options, R"("store":{"kind":"host","key_file":"keys"},)");
  }

  HeldEvent next(std::int32_t timeout_ms = patience_ms) {
    HeldEvent event;
    REQUIRE(confab_queue_next(queue, timeout_ms, event.place()) == CONFAB_OK);
    return event;
  }

  /// Calls a function with its tail, and takes its completion.
  template <class Handle, class Request>
  HeldEvent ended(confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                            confab_error**),
                  Handle* handle, const Request& asked) {
    static std::uint64_t tag = 1000;
    ++tag;
    HeldError error;
    const confab_status called = function(handle, &asked, queue, tag, nullptr, error.place());
    REQUIRE_MESSAGE(called == CONFAB_OK, std::string(error ? confab_error_message(error) : ""));
    HeldEvent event = next();
    CHECK(confab_event_tag(event) == tag);
    CHECK(confab_event_kind(event) == CONFAB_EVENT_COMPLETION);
    CHECK((confab_event_status(event) == CONFAB_OK) == (confab_event_error(event) == nullptr));
    if (confab_event_status(event) == CONFAB_OK) check_result(result_of(function).c_str(), event);
    return event;
  }

  /// The same, where it has to succeed with a result of this name.
  template <class Handle, class Request>
  HeldEvent result(const char* name,
                   confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                             confab_error**),
                   Handle* handle, const Request& asked) {
    HeldEvent event = ended(function, handle, asked);
    const confab_error* error = confab_event_error(event);
    REQUIRE_MESSAGE(error == nullptr, std::string(name), ": ", std::string(error ? confab_error_message(error) : ""));
    CHECK(result_of(function) == name);
    return event;
  }

  static void check_result(const char* name, const confab_event* event) {
    std::size_t length = 0;
    const char* json = confab_event_json(event, &length);
    REQUIRE(json != nullptr);
    CHECK(length == std::string(json).size());
    CHECK(fault_of_result(name, json) == "");
  }

  /// Ana's picnic.
  void make_room() {
    auto room = request<confab_room_request>();
    room.room = "picnic";
    room.user = "ana";
    result("room", confab_ensure_room, tenant.get(), room);
  }

  /// What the homeserver says that a room is about.
  [[nodiscard]] std::string topic_of(const std::string& alias_localpart) const {
    std::string topic;
    for (const TestJson& event : server.events(server.room_of_alias("#" + alias_localpart + ":hs.test"))) {
      if (event["type"].as_string() == "m.room.topic") topic = event["content"]["topic"].as_string();
    }
    return topic;
  }

  std::string say(const char* user, const char* body) {
    auto message = request<confab_message_request>();
    message.room = "picnic";
    message.user = user;
    message.body = body;
    const HeldEvent sent = result("sent", confab_send, tenant.get(), message);
    return confab_event_string(sent, "/event_id", nullptr);
  }
};

inline std::string string_of(const confab_event* event, const char* pointer) {
  const char* text = confab_event_string(event, pointer, nullptr);
  return text == nullptr ? "(none)" : text;
}

inline std::int64_t int_of(const confab_event* event, const char* pointer) {
  std::int64_t value = -1;
  confab_event_int(event, pointer, &value);
  return value;
}

}  // namespace confab::test
