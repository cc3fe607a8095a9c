// Transfer: one request as libcurl carries it: its options, what has come of the answer, how it ended.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/curl_multi.hpp"
#include "net/http_client.hpp"

struct x509_store_st;

namespace confab::net {

// Addresses in the words of CURLOPT_RESOLVE. Shared by all transfers that carry it.
class ResolveList {
 public:
  ResolveList(std::string_view host, std::uint16_t port, std::shared_ptr<const AddressList> addresses);
  ResolveList(const ResolveList&) = delete;
  ResolveList& operator=(const ResolveList&) = delete;
  [[nodiscard]] const std::shared_ptr<const AddressList>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] curl_slist* list() noexcept { return &node_; }

 private:
  std::shared_ptr<const AddressList> addresses_;
  std::string text_;
  curl_slist node_{};
};

// The header fields that are the same for every request of a client. libcurl only reads header lists, so all requests
// share these, each with its own field in front.
class CommonHeaders {
 public:
  explicit CommonHeaders(const std::string& user_agent);
  CommonHeaders(const CommonHeaders&) = delete;
  CommonHeaders& operator=(const CommonHeaders&) = delete;
  [[nodiscard]] curl_slist* for_body(std::size_t bytes) noexcept;
  [[nodiscard]] curl_slist* without_body() noexcept { return &encoding_; }

 private:
  std::string agent_text_;
  curl_slist agent_{};
  curl_slist encoding_{};
  curl_slist no_encoding_{};
  curl_slist content_{};
  curl_slist expect_{};
};

// Options that are the same for every request of a client; set once on each handle, which they leave ready for a GET.
// `address` and `share` outlive it.
void set_lasting_options(CURL* easy, const HttpClientOptions& options, long buffer, CURLU* address, CURLSH* share);

// For a connection that has to be made, all addresses of the host together. 0: none of ours, and no timer of libcurl's.
void set_connect_timeout(CURL* easy, std::chrono::milliseconds limit);

// Stays where it is made: libcurl holds its address.
class Transfer {
 public:
  // `prefix`: what stands before the request's target in the request line.
  Transfer(std::shared_ptr<const HttpRequest> request, const std::string& prefix,
           std::shared_ptr<CommonHeaders> common);
  virtual ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Loop thread. Sets the request's options on a handle that has the lasting ones, and adds it to the multi.
  [[nodiscard]] bool start(CURL* easy, std::shared_ptr<CurlMulti> multi, std::shared_ptr<ResolveList> resolve,
                           x509_store_st* trust);
  // Takes the handle off the multi and gives it back, as it was; null if it has none.
  [[nodiscard]] CURL* detach();
  // As CurlMulti::pause.
  [[nodiscard]] bool pause(bool on) { return multi_->pause(easy_, on); }
  [[nodiscard]] bool started() const noexcept { return easy_ != nullptr; }
  [[nodiscard]] CurlMulti* multi() const noexcept { return multi_.get(); }
  // Nobody wants the answer, but libcurl is calling us: end at the next callback.
  void abandon() noexcept { stop_reading_ = Stop::abandoned; }

  [[nodiscard]] const HttpRequest& request() const noexcept { return *request_; }
  // Whether it had a connection to be sent on.
  [[nodiscard]] bool is_connected() const noexcept { return tries_ > 0; }
  // Whether any byte of the request has left; asked before detach().
  [[nodiscard]] bool sent() const;
  // How it ended, by libcurl's account; asked before detach().
  [[nodiscard]] HttpOutcome outcome(CURLcode result);

  [[nodiscard]] static Transfer& of(CURL* easy);
  // What libcurl calls: a part of the lasting options. Each request then says who it is.
  static void set_callbacks(CURL* easy);

 private:
  enum class Stop { no, too_large, headers_too_large, by_reader, no_memory, failed, repeated, refused, abandoned };

  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  static int on_request(void* self, char* their_ip, char* our_ip, int their_port, int our_port);
  static CURLcode on_tls(CURL* easy, void* context, void* self);
  [[nodiscard]] bool take_header(std::string_view line);
  [[nodiscard]] bool take_body(std::string_view bytes);
  [[nodiscard]] int about_to_send();
  void set_version();
  void set_method();
  void reset_method();
  void set_headers();
  [[nodiscard]] long request_bytes() const;
  [[nodiscard]] std::optional<HttpOutcome> stopped_outcome(bool was_sent) const;

  std::shared_ptr<const HttpRequest> request_;
  std::string whole_target_;  // only where a prefix makes it another than the request's
  std::shared_ptr<CommonHeaders> common_;
  std::string authorization_;
  curl_slist own_header_{};
  CURL* easy_ = nullptr;
  bool added_ = false;  // to the multi
  std::shared_ptr<CurlMulti> multi_;
  std::shared_ptr<ResolveList> resolve_;
  x509_store_st* trust_ = nullptr;

  Headers headers_;
  std::string body_;
  std::size_t body_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  Stop stop_reading_ = Stop::no;
  int tries_ = 0;          // of libcurl, which repeats by itself
  long bytes_before_ = 0;  // of the request, when its first try began
  std::uint64_t losses_before_ = 0;
  std::uint64_t alerts_before_ = 0;
};

}  // namespace confab::net
