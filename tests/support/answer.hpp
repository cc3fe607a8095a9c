// What the fake homeserver says to one request, and how it goes wrong while saying it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::test {

/// An HTTP answer with faults. Setters are chained and may be combined: `Answer(200, json).after(20ms).cut_after(7)`.
/// Byte counts are bytes of the body as sent (after gzip, without chunk framing); 0 means after the headers.
class Answer {
 public:
  using Milliseconds = std::chrono::milliseconds;
  /// Asked when the request came, again at each FakeHomeserver::wake(), and a last time, with true, when the time is
  /// over; no value means "not yet" (and, the last time, an empty 200).
  using Readiness = std::function<std::optional<Answer>(bool time_is_over)>;

  enum class Framing { length, chunked, until_close };
  enum class Ending { whole, cut, reset };

  /// Everything the setters set, for the code that writes it.
  struct Parts {
    int status = 200;
    std::string status_line;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string content_type = "application/json";
    std::string body;
    std::uint64_t generated = 0;
    Milliseconds delay{0};
    Framing framing = Framing::length;
    Ending ending = Ending::whole;
    std::uint64_t ends_after = 0;
    std::uint64_t drip_bytes = 0;
    Milliseconds drip_interval{0};
    bool hold = false;
    bool no_answer = false;
    bool gzip = false;
    bool real = false;
    bool close_afterwards = false;
    Readiness readiness;
    Milliseconds readiness_time{0};
  };

  explicit Answer(int status = 200, std::string_view body = "{}") {
    parts_.status = status;
    parts_.body = body;
  }
  /// `{"errcode":...,"error":...}` with the status.
  static Answer error(int status, std::string_view errcode, std::string_view text = "made up by the test");
  /// What would have been answered without this script, carried out at once, then told with the faults set here: the
  /// way to lose the answer of a request that did its work. Headers set here are added, the status stays.
  static Answer real() { return Answer().set(&Parts::real, true); }
  /// An answer that waits for something: a long poll.
  static Answer when(Readiness ready, Milliseconds at_most) {
    return Answer().set(&Parts::readiness, std::move(ready)).set(&Parts::readiness_time, at_most);
  }

  /// Content-Length and Connection given here replace ours, so that a test can lie in them.
  Answer& header(std::string name, std::string value) {
    parts_.headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Answer& content_type(std::string value) { return set(&Parts::content_type, std::move(value)); }
  /// Sent in place of "HTTP/1.1 200 OK"; may be garbage.
  Answer& status_line(std::string text) { return set(&Parts::status_line, std::move(text)); }
  /// Waits before the first byte; ends early, without an answer, when the client or the server goes.
  Answer& after(Milliseconds delay) { return set(&Parts::delay, delay); }
  /// Closes in order (FIN) after so many bytes of the body; the headers still promise all of it.
  Answer& cut_after(std::uint64_t bytes) { return end(Ending::cut, bytes); }
  /// Resets (RST) after so many bytes of the body.
  Answer& reset_after(std::uint64_t bytes) { return end(Ending::reset, bytes); }
  /// So many bytes of the body, then a pause, and so on.
  Answer& drip(std::uint64_t bytes, Milliseconds every) {
    return set(&Parts::drip_bytes, bytes == 0 ? 1 : bytes).set(&Parts::drip_interval, every);
  }
  Answer& chunked() { return set(&Parts::framing, Framing::chunked); }
  /// No length at all: the body ends with the connection.
  Answer& no_length() { return set(&Parts::framing, Framing::until_close); }
  /// Half-open: nothing is sent until FakeHomeserver::release(), the client's or the server's end.
  Answer& hold() { return set(&Parts::hold, true); }
  /// Closes without one byte.
  Answer& close_before_answer() { return set(&Parts::no_answer, true); }
  /// Answers wholly, then closes without having said so: the stale keep-alive connection.
  Answer& close_afterwards() { return set(&Parts::close_afterwards, true); }
  /// Compresses the body (stored, not generated ones).
  Answer& gzip() { return set(&Parts::gzip, true); }
  /// A body of so many "x", made while sending.
  Answer& huge(std::uint64_t bytes) { return set(&Parts::generated, bytes); }

  [[nodiscard]] const Parts& parts() const { return parts_; }
  /// These faults told over the status and body of another answer; see real().
  [[nodiscard]] Answer over(Answer other) const;

 private:
  template <class T>
  Answer& set(T Parts::*member, T value) {
    parts_.*member = std::move(value);
    return *this;
  }
  Answer& end(Ending ending, std::uint64_t bytes) {
    parts_.ending = ending;
    parts_.ends_after = bytes;
    return *this;
  }

  Parts parts_;
};

/// The body compressed as `Content-Encoding: gzip` wants it.
[[nodiscard]] std::string gzipped(std::string_view body);

}  // namespace confab::test
