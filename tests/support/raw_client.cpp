#include "raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace confab::test {

RawClient::RawClient(std::uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

RawClient::RawClient(std::uint16_t port, const std::string& ca_file, const std::string& name) : RawClient(port) {
  if (!connected()) return;
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr);
  tls_ = SSL_new(context_);
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(tls_);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size());
  }
  ERR_clear_error();
  SSL_set_fd(tls_, descriptor_);
  const bool done = SSL_connect(tls_) == 1;
  verify_result_ = SSL_get_verify_result(tls_);
  ERR_clear_error();
  if (!done) close();
}

RawClient::~RawClient() {
  close();
  SSL_CTX_free(context_);
}

void RawClient::close() {
  if (tls_ != nullptr) SSL_free(tls_);
  tls_ = nullptr;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                        : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool RawClient::request(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view headers) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
  if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n").append(body);
  return send(text);
}

bool RawClient::readable(std::chrono::milliseconds timeout) {
  pollfd watched{descriptor_, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(timeout.count())) > 0;
}

bool RawClient::fill(std::chrono::steady_clock::time_point until) {
  if (end_ != End::open || descriptor_ < 0) return false;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  const bool buffered = tls_ != nullptr && SSL_pending(tls_) > 0;
  if (!buffered && (left.count() <= 0 || !readable(left))) return false;
  char piece[16 * 1024];
  errno = 0;
  const ssize_t got = tls_ != nullptr ? SSL_read(tls_, piece, static_cast<int>(sizeof piece))
                                      : ::recv(descriptor_, piece, sizeof piece, 0);
  if (got > 0) {
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  end_ = errno == ECONNRESET ? End::reset : End::closed;
  ERR_clear_error();
  return false;
}

std::string RawClient::take(std::size_t size) {
  std::string out = buffer_.substr(0, size);
  buffer_.erase(0, out.size());
  return out;
}

std::string RawClient::read_until(std::string_view mark, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto found = buffer_.find(mark);
    if (found != std::string::npos) return take(found + mark.size());
    if (!fill(until)) return take(buffer_.size());
  }
}

std::string RawClient::read_all(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (fill(until)) {
  }
  return take(buffer_.size());
}

std::string RawClient::answer(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::string head = read_until("\r\n\r\n", timeout);
  constexpr std::string_view name = "Content-Length: ";
  const auto place = head.find(name);
  if (place == std::string::npos) return head;
  const auto size = static_cast<std::size_t>(std::strtoull(head.c_str() + place + name.size(), nullptr, 10));
  while (buffer_.size() < size && fill(until)) {
  }
  return head + take(size);
}

}  // namespace confab::test
