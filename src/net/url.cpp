#include "net/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "util/ascii.hpp"

namespace confab::net {

namespace {

// Which characters stand for themselves, by their code.
using Alphabet = std::array<bool, 256>;
constexpr Alphabet alphabet(std::string_view extra) {
  Alphabet table{};
  constexpr std::string_view always = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@";
  for (const std::string_view part : {always, extra}) {
    for (const char c : part) table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
// RFC 3986, 3.3 and 3.4.
constexpr Alphabet in_path = alphabet("/");
constexpr Alphabet in_query = alphabet("/?");
constexpr Alphabet hexadecimal = [] {
  Alphabet table{};
  for (const char c : std::string_view("0123456789ABCDEFabcdef")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
bool is_in(const Alphabet& table, char c) { return table[static_cast<unsigned char>(c)]; }

Error wrong(const char* message) { return Error(Errc::invalid_argument, message).with_subject("url"); }
Error too_long() {
  return Error(Errc::too_large, "The URL is longer than " + std::to_string(max_url_bytes) + " bytes.")
      .with_subject("url");
}

Result<void> check_encoded(std::string_view text, const Alphabet& allowed) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_in(allowed, text[i])) continue;
    if (text[i] != '%') return wrong("The URL holds a character that has to be percent encoded.");
    if (text.size() - i < 3 || !is_in(hexadecimal, text[i + 1]) || !is_in(hexadecimal, text[i + 2])) {
      return wrong("A percent sign in the URL is not followed by two hexadecimal digits.");
    }
    i += 2;
  }
  return {};
}

// "." or "..", also where the dots are escaped: servers decode before they resolve.
bool is_dot_segment(std::string_view segment) {
  std::size_t dots = 0;
  for (std::size_t i = 0; i < segment.size(); ++dots) {
    if (segment[i] == '.') {
      i += 1;
    } else if (segment.size() - i >= 3 && segment[i] == '%' && segment[i + 1] == '2' &&
               ascii::lower(segment[i + 2]) == 'e') {
      i += 3;
    } else {
      return false;
    }
  }
  return dots == 1 || dots == 2;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (is_dot_segment(path.substr(0, end))) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

// RFC 3986, 5.2.4, for paths that begin with a slash.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (!is_dot_segment(segment)) {
      out += '/';
      out += segment;
      continue;
    }
    const bool up = segment != "." && !(segment.size() == 3 && segment[0] == '%');
    if (up) out.erase(out.empty() ? 0 : out.rfind('/'));
    if (path.empty()) out += '/';
  }
  return out;
}

std::pair<std::string_view, std::string_view> split(std::string_view text, std::size_t at, std::size_t skip) {
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + skip)};
}

Result<void> check_name(std::string_view host) {
  if (host.size() > max_host_bytes) return wrong("The host name is longer than 253 characters.");
  std::string_view rest = host;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.empty()) return wrong("The host name has an empty part between its dots.");
    if (label.size() > max_label_bytes) return wrong("A part of the host name is longer than 63 characters.");
    if (label.front() == '-' || label.back() == '-') return wrong("A part of the host name begins or ends with '-'.");
    for (const char c : label) {
      if (static_cast<unsigned char>(c) >= 0x80) {
        return wrong("The host name is not ASCII: write it in its xn-- form.");
      }
      if (!ascii::is_letter(c) && !ascii::is_digit(c) && c != '-' && c != '_') {
        return wrong("The host name holds a character other than letters, digits, '-', '_' and '.'.");
      }
    }
    if (dot == std::string_view::npos) return {};
    rest.remove_prefix(dot + 1);
  }
}

// Whether resolvers would take the name for a number: "127.1" and "0x7f.1" reach addresses nobody meant.
bool looks_numeric(std::string_view host) {
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (std::all_of(last.begin(), last.end(), ascii::is_digit)) return true;
  return last.size() > 1 && last[0] == '0' && last[1] == 'x' &&
         std::all_of(last.begin() + 2, last.end(), ascii::is_hex);
}

}  // namespace

// Fills a Url from its text, part by part.
class UrlReader {
 public:
  static Result<Url> read(std::string_view text) {
    if (text.empty()) return wrong("The URL is empty.");
    if (text.size() > max_url_bytes) return too_long();
    Url url;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) return wrong("The URL does not begin with http:// or https://.");
    std::string scheme(text.substr(0, colon));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), ascii::lower);
    if (scheme != "http" && scheme != "https") return wrong("The URL does not begin with http:// or https://.");
    url.https_ = scheme == "https";
    text.remove_prefix(colon + 3);
    if (contains_any(text, "#")) return wrong("The URL has a fragment ('#').");
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    if (auto read = read_authority(url, text.substr(0, end)); !read) return std::move(read).error();
    auto target = read_target(std::move(url), text.substr(end));
    // Once more in canonical form: an IPv6 address can become longer ("::ffff:ffff" is "::255.255.255.255").
    if (target && target->text().size() > max_url_bytes) return too_long();
    return target;
  }

  static Result<Url> read_target(Url url, std::string_view target) {
    const auto [path, query] = split(target, target.find('?'), 1);
    if (auto good = check_encoded(path, in_path); !good) return std::move(good).error();
    if (auto good = check_encoded(query, in_query); !good) return std::move(good).error();
    url.path_ = without_dot_segments(path);
    url.query_ = query;
    return url;
  }

 private:
  static bool contains_any(std::string_view text, std::string_view set) {
    return text.find_first_of(set) != std::string_view::npos;
  }

  static Result<void> read_authority(Url& url, std::string_view text) {
    if (contains_any(text, "@")) return wrong("The URL holds a user or password: configure credentials apart from it.");
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (!text.empty() && text.front() == '[') {
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) return wrong("The IPv6 address has no closing bracket.");
      host = text.substr(1, close - 1);
      const std::string_view rest = text.substr(close + 1);
      if (!rest.empty() && rest.front() != ':') return wrong("Something other than a port follows the IPv6 address.");
      has_port = !rest.empty();
      if (has_port) port = rest.substr(1);
      if (auto good = read_ipv6(url, host); !good) return good;
    } else {
      const std::size_t colon = text.find(':');
      if (colon != text.rfind(':')) return wrong("An IPv6 address in a URL has to stand in brackets.");
      has_port = colon != std::string_view::npos;
      if (has_port) port = text.substr(colon + 1);
      host = text.substr(0, colon);
      if (host.empty()) return wrong("The URL has no host.");
      if (auto good = read_name(url, host); !good) return good;
    }
    return read_port(url, has_port, port);
  }

  static Result<void> read_ipv6(Url& url, std::string_view host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    const std::string terminated(host.substr(0, INET6_ADDRSTRLEN));  // Longer ones fail in inet_pton, zones too.
    if (host.size() >= INET6_ADDRSTRLEN || contains_any(host, std::string_view("\0", 1)) ||
        inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1 ||
        inet_ntop(AF_INET6, bytes.data(), canonical.data(), canonical.size()) == nullptr) {
      return wrong("The brackets hold no IPv6 address (zones are not supported).");
    }
    url.host_ = canonical.data();
    url.ipv6_ = true;
    return {};
  }

  static Result<void> read_name(Url& url, std::string_view host) {
    if (auto good = check_name(host); !good) return good;
    url.host_.resize(host.size());
    std::transform(host.begin(), host.end(), url.host_.begin(), ascii::lower);
    if (looks_numeric(url.host_)) {
      std::array<unsigned char, sizeof(in_addr)> bytes{};
      if (inet_pton(AF_INET, url.host_.c_str(), bytes.data()) != 1) {
        return wrong("The host is a number but no IPv4 address of four decimal parts.");
      }
      url.ipv4_ = true;
    }
    return {};
  }

  static Result<void> read_port(Url& url, bool present, std::string_view port) {
    url.port_ = url.https_ ? 443 : 80;
    if (!present) return {};
    if (port.empty()) return wrong("A colon follows the host, but no port.");
    unsigned value = 0;
    for (const char c : port) {
      if (!ascii::is_digit(c)) return wrong("The port is not a number.");
      value = value * 10 + static_cast<unsigned>(c - '0');
      if (value > 65535) return wrong("The port is above 65535.");
    }
    if (value == 0) return wrong("The port is 0.");
    url.port_ = static_cast<std::uint16_t>(value);
    return {};
  }
};

Result<Url> Url::parse(std::string_view text) { return UrlReader::read(text); }

Result<Url> Url::parse_base(std::string_view text) {
  if (text.find('?') != std::string_view::npos) return wrong("A base URL cannot have a query ('?').");
  auto url = UrlReader::read(text);
  if (!url) return url;
  std::string& path = url->path_;
  while (!path.empty() && path.back() == '/') path.pop_back();
  return url;
}

std::string Url::authority() const {
  std::string out = ipv6_ ? "[" + host_ + "]" : host_;
  if (port_ != (https_ ? 443 : 80)) out += ":" + std::to_string(port_);
  return out;
}

std::string Url::origin() const { return std::string(scheme()) + "://" + authority(); }

std::string Url::text() const {
  std::string out = origin() + path_;
  if (!query_.empty()) out += "?" + query_;
  return out;
}

bool Url::same_origin(const Url& other) const noexcept {
  return https_ == other.https_ && port_ == other.port_ && ipv6_ == other.ipv6_ && host_ == other.host_;
}

Result<void> Url::check_target(std::string_view target) const {
  if (target.empty() || target.front() != '/') return wrong("A request's target does not begin with '/'.");
  // "https://", brackets, a colon and five digits stand around the host at most.
  if (target.size() + path_.size() + host_.size() + 16 > max_url_bytes) return too_long();
  const auto [path, query] = split(target, target.find('?'), 1);
  if (auto good = check_encoded(path, in_path); !good) return good;
  if (auto good = check_encoded(query, in_query); !good) return good;
  if (has_dot_segment(path)) return wrong("A request's target has a part that is '.' or '..'.");
  return {};
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > max_url_bytes) return too_long();
  reference = reference.substr(0, reference.find('#'));
  const std::size_t delimiter = reference.find_first_of(":/?");
  // A colon before any slash makes it a scheme; ones we do not speak are refused by name in parse().
  if (delimiter != std::string_view::npos && reference[delimiter] == ':') return parse(reference);
  if (reference.substr(0, 2) == "//") return parse(std::string(scheme()) + ":" + std::string(reference));
  std::string target;
  if (reference.empty()) {
    target = query_.empty() ? path_ : path_ + "?" + query_;
  } else if (reference.front() == '/') {
    target = reference;
  } else if (reference.front() == '?') {
    target = path_ + std::string(reference);
  } else {
    target = path_.empty() ? "/" : path_.substr(0, path_.rfind('/') + 1);
    target += reference;
  }
  Url copy = *this;
  auto resolved = UrlReader::read_target(std::move(copy), target);
  if (resolved && resolved->text().size() > max_url_bytes) return too_long();
  return resolved;
}

}  // namespace confab::net
