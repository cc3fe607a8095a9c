#include <future>
#include <string>
#include <vector>

#include "contender.hpp"
#include "net/http_client.hpp"
#include "net/name_resolver.hpp"
#include "net/trust_store.hpp"

namespace confab::bench {
namespace {

using namespace confab::net;

class OurClient final : public Contender {
 public:
  OurClient(const std::string& url, std::size_t in_flight) : in_flight_(in_flight) {
    Result<Url> base = Url::parse_base(url);
    if (!base) give_up("no URL: " + url);
    loop_.start_thread();
    on_loop([&] {
      client_ = std::make_unique<HttpClient>(loop_, HttpClientOptions(*base), std::make_shared<NameResolver>(),
                                             std::make_shared<TrustStore>());
    });
  }
  ~OurClient() override {
    on_loop([&] { client_.reset(); });
    loop_.stop_and_join(std::chrono::seconds(1));
  }

  void send(std::size_t messages) override {
    std::promise<void> done;
    to_start_ = messages;
    left_ = messages;
    done_ = &done;
    loop_.post([this] {
      for (std::size_t i = 0; i < in_flight_; ++i) loop_.spawn(work(this));
    });
    done.get_future().wait();
  }

 private:
  template <class Call>
  void on_loop(Call call) {
    std::promise<void> done;
    loop_.post([&] {
      call();
      done.set_value();
    });
    done.get_future().wait();
  }

  static Task<void> work(OurClient* self) {
    while (self->to_start_ > 0) {
      --self->to_start_;
      const std::string number = std::to_string(++self->number_);
      HttpRequest request("PUT", "/_matrix/client/v3/rooms/%21bench%3Abench.test/send/m.room.message/txn-" + number);
      request.bearer(Secret("syt_bench_0123456789"));
      request.body(std::string(R"({"msgtype":"m.text","body":")") + message_body + R"(","transaction":"txn-)" + number +
                   R"("})");
      const HttpOutcome outcome = co_await self->client_->perform(
          std::move(request), Clock::now() + std::chrono::seconds(30), std::stop_token());
      if (!outcome.answered() || outcome.answer().status() != 200) give_up("HttpClient: " + outcome.reason());
      if (--self->left_ == 0) self->done_->set_value();
    }
  }

  std::size_t in_flight_;
  EventLoop loop_;
  std::unique_ptr<HttpClient> client_;
  std::promise<void>* done_ = nullptr;
  std::size_t to_start_ = 0;
  std::size_t left_ = 0;
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<Contender> http_client(const std::string& url, std::size_t in_flight) {
  return std::make_unique<OurClient>(url, in_flight);
}

}  // namespace confab::bench
