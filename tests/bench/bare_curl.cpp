#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "contender.hpp"

namespace confab::bench {
namespace {

class BareCurl final : public Contender {
 public:
  BareCurl(const std::string& url, std::size_t in_flight)
      : url_(url), slots_(in_flight), watch_(::epoll_create1(EPOLL_CLOEXEC)), multi_(curl_multi_init()) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &BareCurl::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &BareCurl::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
    for (Slot& slot : slots_) {
      slot.easy = curl_easy_init();
      slot.headers = curl_slist_append(slot.headers, "Authorization: Bearer syt_bench_0123456789");
      slot.headers = curl_slist_append(slot.headers, "Content-Type: application/json");
      slot.headers = curl_slist_append(slot.headers, "Expect:");
      curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_BUFFERSIZE, 4096L);
      curl_easy_setopt(slot.easy, CURLOPT_HTTPHEADER, slot.headers);
      curl_easy_setopt(slot.easy, CURLOPT_POST, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_CUSTOMREQUEST, "PUT");
      curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &BareCurl::on_body);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_TIMEOUT_MS, 30000L);
    }
  }
  ~BareCurl() override {
    for (Slot& slot : slots_) {
      curl_easy_cleanup(slot.easy);
      curl_slist_free_all(slot.headers);
    }
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
    ::close(watch_);
  }

  void send(std::size_t messages) override {
    to_start_ = messages;
    left_ = messages;
    for (Slot& slot : slots_) start(slot);
    std::array<epoll_event, 64> events;
    while (left_ > 0) {
      int running = 0;
      if (timeout_ == 0) {
        timeout_ = -1;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        reap();
        continue;
      }
      const int count =
          ::epoll_wait(watch_, events.data(), static_cast<int>(events.size()), static_cast<int>(timeout_));
      if (count == 0) timeout_ = 0;
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const int what = ((event.events & EPOLLIN) != 0U ? CURL_CSELECT_IN : 0) |
                         ((event.events & EPOLLOUT) != 0U ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(multi_, event.data.fd, what, &running);
      }
      reap();
    }
  }

 private:
  struct Slot {
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    std::string url;
    std::string body;
    std::string answer;
  };

  void start(Slot& slot) {
    if (to_start_ == 0) return;
    --to_start_;
    slot.url =
        url_ + "/_matrix/client/v3/rooms/%21bench%3Abench.test/send/m.room.message/txn-" + std::to_string(++number_);
    slot.body = std::string(R"({"msgtype":"m.text","body":")") + message_body + R"(","transaction":"txn-)" +
                std::to_string(number_) + R"("})";
    slot.answer.clear();
    curl_easy_setopt(slot.easy, CURLOPT_URL, slot.url.c_str());
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDS, slot.body.c_str());
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot.body.size()));
    curl_multi_add_handle(multi_, slot.easy);
  }

  void reap() {
    int in_queue = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &in_queue)) {
      CURL* const easy = message->easy_handle;
      const CURLcode result = message->data.result;
      char* slot = nullptr;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_multi_remove_handle(multi_, easy);
      if (result != CURLE_OK || status != 200) give_up(std::string("libcurl: ") + curl_easy_strerror(result));
      --left_;
      start(*static_cast<Slot*>(static_cast<void*>(slot)));
    }
  }

  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* slot) {
    static_cast<Slot*>(slot)->answer.append(data, one * size);
    return one * size;
  }
  static int on_timer(CURLM* /*multi*/, long timeout, void* self) {
    static_cast<BareCurl*>(self)->timeout_ = timeout;
    return 0;
  }
  static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* known) {
    BareCurl& bare = *static_cast<BareCurl*>(self);
    epoll_event event{};
    event.data.fd = socket;
    event.events = ((what & CURL_POLL_IN) != 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                   ((what & CURL_POLL_OUT) != 0 ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(bare.watch_, EPOLL_CTL_DEL, socket, nullptr);
      curl_multi_assign(bare.multi_, socket, nullptr);
      return 0;
    }
    ::epoll_ctl(bare.watch_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
    curl_multi_assign(bare.multi_, socket, self);
    return 0;
  }

  std::string url_;
  std::vector<Slot> slots_;
  int watch_;
  CURLM* multi_;
  long timeout_ = -1;
  std::size_t to_start_ = 0;
  std::size_t left_ = 0;
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<Contender> bare_curl(const std::string& url, std::size_t in_flight) {
  return std::make_unique<BareCurl>(url, in_flight);
}

}  // namespace confab::bench
