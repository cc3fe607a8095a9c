#include <confab.h>
#include <cstdint>
#include <string>

#include "contender.hpp"

namespace confab::bench {
namespace {

void expect(confab_status status, const char* what) {
  if (status != CONFAB_OK) give_up(std::string(what) + ": " + confab_status_name(status));
}

// One thread begins messages and takes what arrives, as a host with a loop of its own does.
class CQueue final : public Contender {
 public:
  CQueue(const std::string& url, std::size_t in_flight) : in_flight_(in_flight) {
    const std::string json = R"({"homeserver":{"url":")" + url +
                             R"(","server_name":"bench.test","admin_user":"admin","admin_password":"password"},)"
                             R"("tenants":[{"id":"t"}]})";
    confab_client_options options{};
    options.struct_size = sizeof options;
    options.json = json.c_str();
    expect(confab_runtime_new(nullptr, &runtime_, nullptr), "runtime");
    expect(confab_queue_new(nullptr, &queue_, nullptr), "queue");
    expect(confab_client_open(runtime_, &options, &client_, nullptr), "client");
    expect(confab_client_tenant(client_, nullptr, &tenant_, nullptr), "tenant");
    load_directory();
    send(in_flight);  // tokens and the room's alias, once
  }
  ~CQueue() override {
    confab_tenant_release(tenant_);
    confab_client_release(client_);
    confab_queue_release(queue_);
    confab_runtime_release(runtime_);
  }

  void send(std::size_t messages) override {
    to_start_ = messages;
    for (std::size_t user = 0; user < in_flight_; ++user) begin(user);
    for (std::size_t left = messages; left > 0; --left) begin(static_cast<std::size_t>(take()));
  }

 private:
  void begin(std::size_t user) {
    if (to_start_ == 0) return;
    --to_start_;
    const std::string slug = slug_of(user);
    confab_message_request message{};
    message.struct_size = sizeof message;
    message.room = "bench";
    message.user = slug.c_str();
    message.body = message_body;
    message.timeout_ms = 30'000;
    expect(confab_send(tenant_, &message, queue_, user, nullptr, nullptr), "send");
  }
  // Gives the tag of what ended.
  std::uint64_t take() {
    confab_event* event = nullptr;
    expect(confab_queue_next(queue_, -1, &event), "next");
    expect(confab_event_status(event), "event");
    const std::uint64_t tag = confab_event_tag(event);
    confab_event_release(event);
    return tag;
  }
  void load_directory() {
    std::string users;
    std::string attendees;
    for (std::size_t i = 0; i < in_flight_; ++i) {
      const std::string slug = slug_of(i);
      users += R"({"id":")" + slug + R"(","slug":")" + slug + R"(","name":"User"},)";
      attendees += R"({"user":")" + slug + R"(","role":"guest","permissions":[]},)";
    }
    users.pop_back();
    attendees.pop_back();
    const std::string json = R"({"users":[)" + users +
                             R"(],"groups":[],"events":[{"slug":"bench","name":"Bench","visibility":"public",)"
                             R"("creator":"u0","attendees":[)" +
                             attendees + "]}]}";
    confab_directory_request directory{};
    directory.struct_size = sizeof directory;
    directory.json = json.c_str();
    expect(confab_directory_load(tenant_, &directory, queue_, 0, nullptr, nullptr), "directory");
    take();
  }
  static std::string slug_of(std::size_t user) { return "u" + std::to_string(user); }

  std::size_t in_flight_;
  confab_runtime* runtime_ = nullptr;
  confab_queue* queue_ = nullptr;
  confab_client* client_ = nullptr;
  confab_tenant* tenant_ = nullptr;
  std::size_t to_start_ = 0;
};

}  // namespace

std::unique_ptr<Contender> c_queue(const std::string& url, std::size_t in_flight) {
  return std::make_unique<CQueue>(url, in_flight);
}

}  // namespace confab::bench
