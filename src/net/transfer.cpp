#include "net/transfer.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include "net/curl_failure.hpp"

namespace confab::net {

namespace {

// Of all answers to one request, interim ones included: Headers bounds only the last.
constexpr std::size_t max_all_header_bytes = 4 * max_header_bytes;

// libcurl asks for a 100-continue with bodies over 1 MB: a round trip for nothing.
constexpr std::size_t expects_continue = 256 * 1024;

char encoding_text[] = "Accept-Encoding: gzip, deflate";
char no_encoding_text[] = "Accept-Encoding:";  // keeps libcurl from writing one itself
char content_text[] = "Content-Type: application/json";
char expect_text[] = "Expect:";

// OpenSSL shows every TLS message of the multi's connections.
void note_tls_message(int written, int /*version*/, int type, const void* /*bytes*/, std::size_t /*size*/, SSL* tls,
                      void* context) {
  CurlMulti& multi = *static_cast<CurlMulti*>(context);
  if (written == 0 && type == SSL3_RT_ALERT) ++multi.alerts;
  if (type != SSL3_RT_HANDSHAKE || multi.multiplexes) return;
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(tls, &protocol, &length);
  multi.multiplexes = length == 2 && protocol[0] == 'h' && protocol[1] == '2';
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  curl_easy_setopt(easy, option, value);
}

}  // namespace

ResolveList::ResolveList(std::string_view host, std::uint16_t port, std::shared_ptr<const AddressList> addresses)
    : addresses_(std::move(addresses)) {
  text_ = std::string(host) + ':' + std::to_string(port) + ':';
  for (const std::string& address : *addresses_) {
    if (text_.back() != ':') text_ += ',';
    text_ += address.find(':') == std::string::npos ? address : '[' + address + ']';
  }
  node_.data = text_.data();
}

CommonHeaders::CommonHeaders(const std::string& user_agent)
    : agent_text_("User-Agent: " + user_agent),
      agent_{agent_text_.data(), nullptr},
      encoding_{encoding_text, &agent_},
      no_encoding_{no_encoding_text, &agent_},
      content_{content_text, &no_encoding_},
      expect_{expect_text, &content_} {}

// What answers a body is small, and asking for it compressed costs more than compressing it could save.
curl_slist* CommonHeaders::for_body(std::size_t bytes) noexcept {
  return bytes < expects_continue ? &content_ : &expect_;
}

void set_lasting_options(CURL* easy, const HttpClientOptions& options, long buffer, CURLU* address, CURLSH* share) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  // The same short URL for all, taken apart already, and each request's own target: of a text, libcurl takes the URL
  // apart and puts it together again for every request, one formatted character after the other.
  set(easy, CURLOPT_CURLU, address);
  // The environment's proxies are the host's, not ours.
  set(easy, CURLOPT_PROXY, options.proxy().c_str());
  set(easy, CURLOPT_NOPROXY, options.proxy().empty() ? "*" : "");
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_BUFFERSIZE, buffer);
  set(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");  // to decompress; the field itself is in CommonHeaders
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_CAINFO, static_cast<char*>(nullptr));
  set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(easy, CURLOPT_SHARE, share);
  set(easy, CURLOPT_HTTPGET, 1L);
  Transfer::set_callbacks(easy);
}

void set_connect_timeout(CURL* easy, std::chrono::milliseconds limit) {
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limit.count()));
}

Transfer::Transfer(std::shared_ptr<const HttpRequest> request, const std::string& prefix,
                   std::shared_ptr<CommonHeaders> common)
    : request_(std::move(request)), common_(std::move(common)) {
  if (!prefix.empty()) whole_target_ = prefix + request_->target();
}

Transfer::~Transfer() { OPENSSL_cleanse(authorization_.data(), authorization_.size()); }

Transfer& Transfer::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<Transfer*>(static_cast<void*>(self));
}

bool Transfer::start(CURL* easy, std::shared_ptr<CurlMulti> multi, std::shared_ptr<ResolveList> resolve,
                     x509_store_st* trust) {
  easy_ = easy;
  multi_ = std::move(multi);
  trust_ = trust;
  // libcurl's copy lives in the multi and lasts; told again only when it changed.
  if (resolve && multi_->told_addresses != resolve->addresses()) resolve_ = std::move(resolve);
  set(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy, CURLOPT_REQUEST_TARGET, (whole_target_.empty() ? request_->target() : whole_target_).c_str());
  if (resolve_) set(easy, CURLOPT_RESOLVE, resolve_->list());
  set_version();
  set_method();
  set_headers();
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(easy, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
  // The connection may outlive this transfer; the watch outlives both.
  set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&multi_->sockets()));
  set(easy, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&multi_->sockets()));
  added_ = multi_->add(easy);
  return added_;
}

CURL* Transfer::detach() {
  if (easy_ == nullptr) return nullptr;
  if (std::exchange(added_, false)) multi_->remove(easy_);
  if (resolve_) set(easy_, CURLOPT_RESOLVE, static_cast<curl_slist*>(nullptr));
  set(easy_, CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  reset_method();
  return std::exchange(easy_, nullptr);
}

void Transfer::set_callbacks(CURL* easy) {
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  set(easy, CURLOPT_SSL_CTX_FUNCTION, &Transfer::on_tls);
  set(
      easy, CURLOPT_OPENSOCKETFUNCTION, +[](void* watch, curlsocktype, curl_sockaddr* address) {
        return static_cast<SocketWatch*>(watch)->open(*address);
      });
  set(
      easy, CURLOPT_CLOSESOCKETFUNCTION,
      +[](void* watch, curl_socket_t socket) { return static_cast<SocketWatch*>(watch)->close(socket); });
}

void Transfer::set_version() {
  const bool http2 = multi_->http2();
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // Wait for a connection that is being made rather than make one each: it may turn out to carry many.
  set(easy_, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
}

void Transfer::set_method() {
  const std::string& method = request_->method();
  if (request_->has_body() || method == "POST" || method == "PUT") {
    set(easy_, CURLOPT_POST, 1L);
    set(easy_, CURLOPT_POSTFIELDS, request_->body().c_str());
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->body().size()));
    if (method != "POST") set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    return;
  }
  if (method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
  } else if (method != "GET") {
    set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

// Nearly all that wait are GETs: the others put the handle right, so that these find it so.
void Transfer::reset_method() {
  if (request_->method() == "GET" && !request_->has_body()) return;
  set(easy_, CURLOPT_NOBODY, 0L);
  set(easy_, CURLOPT_HTTPGET, 1L);
  set(easy_, CURLOPT_CUSTOMREQUEST, static_cast<char*>(nullptr));
}

void Transfer::set_headers() {
  curl_slist* list = request_->has_body() ? common_->for_body(request_->body().size()) : common_->without_body();
  if (!request_->bearer().empty()) {
    const std::string_view token = request_->bearer().reveal();
    authorization_.reserve(token.size() + 24);  // once: growing would leave copies behind
    authorization_ = "Authorization: Bearer ";
    authorization_ += token;
    own_header_ = curl_slist{authorization_.data(), list};
    list = &own_header_;
  }
  set(easy_, CURLOPT_HTTPHEADER, list);
}

// ---- what libcurl calls

std::size_t Transfer::on_header(char* data, std::size_t one, std::size_t size, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.take_header(std::string_view(data, one * size)) ? one * size : 0;
  } catch (...) {  // memory; an exception must not pass through libcurl
    transfer.stop_reading_ = Stop::no_memory;
    return 0;
  }
}

std::size_t Transfer::on_body(char* data, std::size_t one, std::size_t size, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.take_body(std::string_view(data, one * size)) ? one * size : 0;
  } catch (const std::bad_alloc&) {
    transfer.stop_reading_ = Stop::no_memory;
    return 0;
  } catch (...) {
    transfer.stop_reading_ = Stop::failed;
    return 0;
  }
}

int Transfer::on_request(void* self, char* /*their_ip*/, char* /*our_ip*/, int /*their_port*/, int /*our_port*/) {
  return static_cast<Transfer*>(self)->about_to_send();
}

CURLcode Transfer::on_tls(CURL* /*easy*/, void* context, void* self) {
  const Transfer& transfer = *static_cast<Transfer*>(self);
  auto* const tls = static_cast<SSL_CTX*>(context);
  if (transfer.trust_ == nullptr) return CURLE_SSL_CACERT_BADFILE;
  SSL_CTX_set1_cert_store(tls, transfer.trust_);
  SSL_CTX_set_msg_callback(tls, &note_tls_message);
  SSL_CTX_set_msg_callback_arg(tls, transfer.multi_.get());
  return CURLE_OK;
}

bool Transfer::take_header(std::string_view line) {
  if (stop_reading_ != Stop::no) return false;
  header_bytes_ += line.size();
  const Result<HeaderLine> taken = headers_.add_line(line);
  if (!taken || header_bytes_ > max_all_header_bytes) {
    stop_reading_ = Stop::headers_too_large;
    return false;
  }
  if (*taken != HeaderLine::end || request_->method() == "HEAD") return true;
  // What is announced to be too large need not be read first; and what is not, need not be copied as it grows.
  const auto length = headers_.get("content-length");
  std::size_t announced = 0;
  if (!length || std::from_chars(length->data(), length->data() + length->size(), announced).ec != std::errc())
    return true;
  if (announced > request_->max_answer()) {
    stop_reading_ = Stop::too_large;
    return false;
  }
  if (!request_->body_sink()) body_.reserve(std::min<std::size_t>(announced, 1U << 20U));
  return true;
}

bool Transfer::take_body(std::string_view bytes) {
  if (stop_reading_ != Stop::no) return false;
  if (bytes.size() > request_->max_answer() - body_bytes_) {
    stop_reading_ = Stop::too_large;
    return false;
  }
  body_bytes_ += bytes.size();
  const int status = headers_.status();
  if (!request_->body_sink() || status < 200 || status > 299) {
    body_ += bytes;
    return true;
  }
  if (request_->body_sink()(bytes)) return true;
  if (stop_reading_ == Stop::no) stop_reading_ = Stop::by_reader;
  return false;
}

// libcurl repeats a request by itself when a connection it re-used ended without one byte of an answer, or when the
// server refused the stream. It cannot know what may be repeated, nor how often: so a second try goes through only when
// nothing of the first was written, and else the transfer ends with what is known of the first.
int Transfer::about_to_send() {
  if (multi_ == nullptr || easy_ == nullptr) return CURL_PREREQFUNC_ABORT;
  if (resolve_) multi_->told_addresses = resolve_->addresses();
  if (stop_reading_ != Stop::no) return CURL_PREREQFUNC_ABORT;
  const long bytes = request_bytes();
  if (tries_++ == 0 || bytes == bytes_before_) {
    bytes_before_ = bytes;
    losses_before_ = multi_->sockets().losses();
    alerts_before_ = multi_->alerts;
    return CURL_PREREQFUNC_OK;
  }
  // Refused, which is as good as not sent, only if no connection can have died meanwhile: no end seen, no TLS alert.
  const bool all_alive = multi_->multiplexes && multi_->sockets().losses() == losses_before_ &&
                         multi_->alerts == alerts_before_ && !multi_->sockets().any_lost();
  stop_reading_ = all_alive ? Stop::refused : Stop::repeated;
  return CURL_PREREQFUNC_ABORT;
}

// ---- how it ended

long Transfer::request_bytes() const {
  long bytes = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes;
}

bool Transfer::sent() const {
  return easy_ != nullptr && tries_ > 0 && stop_reading_ != Stop::refused && request_bytes() > bytes_before_;
}

std::optional<HttpOutcome> Transfer::stopped_outcome(bool was_sent) const {
  switch (stop_reading_) {
    case Stop::no:
      return std::nullopt;
    case Stop::too_large:
      return HttpOutcome(TransferFailure::too_large, was_sent, "the answer is larger than what the request allows");
    case Stop::headers_too_large:
      return HttpOutcome(TransferFailure::protocol, was_sent, "the answer's header is larger than any homeserver's");
    case Stop::by_reader:
      return HttpOutcome(TransferFailure::cancelled, was_sent, "the reader of the answer ended the transfer");
    case Stop::no_memory:
      return HttpOutcome(TransferFailure::no_memory, was_sent);
    case Stop::failed:
      return HttpOutcome(TransferFailure::cut, was_sent, "the reader of the answer failed");
    case Stop::repeated:
      return HttpOutcome(TransferFailure::cut, was_sent, "the connection ended before an answer came");
    case Stop::refused:
      return HttpOutcome(TransferFailure::not_sent, false, "the server refused the request before reading it");
    case Stop::abandoned:
      return HttpOutcome(TransferFailure::cancelled, was_sent, "cancelled");
  }
  return std::nullopt;
}

HttpOutcome Transfer::outcome(CURLcode result) {
  const bool was_sent = sent();
  if (auto stopped = stopped_outcome(was_sent)) return std::move(*stopped);
  if (result != CURLE_OK) return curl_failure(easy_, result, was_sent);
  if (headers_.status() < 200) return HttpOutcome(TransferFailure::protocol, was_sent, "the answer has no HTTP status");
  return HttpOutcome(HttpAnswer(headers_.status(), std::move(headers_), std::move(body_)));
}

}  // namespace confab::net
