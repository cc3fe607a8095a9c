#include <confab/confab.hpp>

#include <atomic>
#include <future>
#include <string>

#include "contender.hpp"

namespace confab::bench {
namespace {

// Handlers start the next message, so that the host has no thread of its own in the figure.
class Sdk final : public Contender {
 public:
  Sdk(const std::string& url, std::size_t in_flight, bool by_slugs)
      : in_flight_(in_flight), by_slugs_(by_slugs), runtime_(RuntimeOptions()) {
    Result<Homeserver> homeserver =
        Homeserver::create(runtime_, HomeserverOptions(url, "bench.test", "admin", Secret("password")));
    if (!homeserver) give_up(std::string(homeserver.error().message()));
    provider_ = homeserver->provider();
    std::string users;
    std::string attendees;
    for (std::size_t i = 0; i < in_flight; ++i) {
      const std::string slug = "u" + std::to_string(i);
      users += R"({"id":")" + slug + R"(","slug":")" + slug + R"(","name":"User"},)";
      attendees += R"({"user":")" + slug + R"(","role":"guest","permissions":[]},)";
    }
    users.pop_back();
    attendees.pop_back();
    auto directory = read_directory(R"({"users":[)" + users +
                                    R"(],"groups":[],"events":[{"slug":"bench","name":"Bench","visibility":"public",)"
                                    R"("creator":"u0","attendees":[)" +
                                    attendees + "]}]}");
    if (!directory) give_up(std::string(directory.error().message()));
    auto chat = make_chat_service(runtime_, provider_, TenantOptions(TenantId("t")), *directory);
    if (!chat) give_up(std::string(chat.error().message()));
    chat_ = *chat;
    send(in_flight);  // tokens and the room's alias, once
  }

  void send(std::size_t messages) override {
    std::promise<void> done;
    done_ = &done;
    left_ = messages;
    to_start_ = messages;
    for (std::size_t user = 0; user < in_flight_; ++user) next(user);
    done.get_future().wait();
  }

 private:
  void next(std::size_t user) {
    std::size_t before = to_start_.load();
    while (before > 0 && !to_start_.compare_exchange_weak(before, before - 1)) {
    }
    if (before == 0) return;
    const std::string slug = "u" + std::to_string(user);
    auto handler = [this, user](Result<EventId> sent) {
      if (!sent) give_up("send: " + std::string(sent.error().message()));
      if (left_.fetch_sub(1) == 1) return done_->set_value();
      next(user);
    };
    const CallOptions options = CallOptions().within(std::chrono::seconds(30));
    if (by_slugs_) {
      chat_->send(Message(RoomRef::event(RoomSlug("bench")), UserSlug(slug), message_body), options)
          .start(std::move(handler));
      return;
    }
    TransactionId transaction("txn-" + std::to_string(number_.fetch_add(1)));
    ProviderMessage message(MatrixRoomId("!bench:bench.test"), MatrixUserId("@t_" + slug + ":bench.test"), message_body,
                            std::move(transaction));
    provider_->send(std::move(message), options).start(std::move(handler));
  }

  std::size_t in_flight_;
  bool by_slugs_;
  Runtime runtime_;
  std::shared_ptr<ChatProvider> provider_;
  std::shared_ptr<ChatService> chat_;
  std::promise<void>* done_ = nullptr;
  std::atomic<std::size_t> to_start_{0};
  std::atomic<std::size_t> left_{0};
  std::atomic<std::size_t> number_{0};
};

}  // namespace

std::unique_ptr<Contender> provider(const std::string& url, std::size_t in_flight) {
  return std::make_unique<Sdk>(url, in_flight, false);
}

std::unique_ptr<Contender> chat(const std::string& url, std::size_t in_flight) {
  return std::make_unique<Sdk>(url, in_flight, true);
}

}  // namespace confab::bench
