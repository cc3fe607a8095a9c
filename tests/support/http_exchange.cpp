#include "http_exchange.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace confab::test {
namespace {

constexpr std::size_t max_line = 64 * 1024;
constexpr std::size_t max_headers = 200;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_size(std::string_view text, int radix, std::size_t& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out, radix);
  return problem == std::errc() && end == text.data() + text.size() && !text.empty();
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Whatever";
  }
}

/// Takes a body in pieces of any size and sends them framed, to the byte where the fault strikes.
class BodyWriter {
 public:
  BodyWriter(ConnectionStream& stream, const Answer::Parts& parts) : stream_(stream), parts_(parts) {}

  bool write(std::string_view piece) {
    while (!piece.empty()) {
      std::uint64_t size = piece.size();
      if (parts_.drip_bytes != 0) size = std::min(size, parts_.drip_bytes);
      if (parts_.ending != Answer::Ending::whole) size = std::min(size, parts_.ends_after - written_);
      if (size == 0) return strike();
      if (parts_.drip_bytes != 0 && written_ != 0 && !pause()) return false;
      const std::string_view now = piece.substr(0, static_cast<std::size_t>(size));
      if (!send_framed(now)) return false;
      piece.remove_prefix(now.size());
      written_ += size;
    }
    return true;
  }

  bool finish() {
    if (parts_.ending != Answer::Ending::whole) return strike();
    return parts_.framing != Answer::Framing::chunked || stream_.write("0\r\n\r\n");
  }

 private:
  bool strike() {
    if (parts_.ending == Answer::Ending::reset) {
      stream_.reset();
    } else {
      stream_.close(false);
    }
    return false;
  }

  bool pause() {
    const auto until = ConnectionStream::Clock::now() + parts_.drip_interval;
    while (true) {
      const auto ended = stream_.wait(until);
      if (ended == ConnectionStream::Wait::timed_out) return true;
      if (ended == ConnectionStream::Wait::closed) return false;
    }
  }

  bool send_framed(std::string_view piece) {
    if (parts_.framing != Answer::Framing::chunked) return stream_.write(piece);
    char size[16];
    const auto printed = std::to_chars(size, size + sizeof size, piece.size(), 16);
    std::string chunk(size, printed.ptr);
    chunk.append("\r\n").append(piece).append("\r\n");
    return stream_.write(chunk);
  }

  ConnectionStream& stream_;
  const Answer::Parts& parts_;
  std::uint64_t written_ = 0;
};

bool has_header(const Answer::Parts& parts, std::string_view name, std::string_view value = {}) {
  return std::any_of(parts.headers.begin(), parts.headers.end(), [&](const auto& header) {
    return lower(header.first) == name && (value.empty() || lower(header.second) == value);
  });
}

}  // namespace

bool RequestReader::fill() {
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    taken_ = 0;
  }
  char piece[16 * 1024];
  const std::size_t got = stream_.read(piece, sizeof piece);
  buffer_.append(piece, got);
  return got != 0;
}

bool RequestReader::read_line(std::string& line, std::size_t at_most) {
  std::size_t from = taken_;
  while (true) {
    const auto end = buffer_.find('\n', from);
    if (end != std::string::npos) {
      line.assign(buffer_, taken_, end - taken_);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      taken_ = end + 1;
      return true;
    }
    const std::size_t kept = buffer_.size() - taken_;
    if (kept > at_most || !fill()) return false;
    from = taken_ + kept;
  }
}

RequestReader::Outcome RequestReader::next(Request& request) {
  std::string line;
  do {  // RFC 9112 2.2: empty lines before the request line are skipped
    if (!read_line(line, max_line)) return Outcome::ended;
  } while (line.empty());
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string::npos || first == last || line.compare(last + 1, 7, "HTTP/1.") != 0) {
    return Outcome::malformed;
  }
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  std::string_view origin_form = request.target;
  if (const auto scheme = origin_form.find("://"); scheme != std::string_view::npos && origin_form.front() != '/') {
    const auto slash = origin_form.find('/', scheme + 3);  // absolute form, as proxies get it
    origin_form = slash == std::string_view::npos ? std::string_view("/") : origin_form.substr(slash);
  }
  const auto question = origin_form.find('?');
  const std::string_view raw_path = origin_form.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view() : origin_form.substr(question + 1);
  request.path = percent_decoded(raw_path);
  request.segments = decoded_segments(raw_path);
  const Outcome headers = read_headers(request);
  return headers == Outcome::request ? read_body(request) : headers;
}

RequestReader::Outcome RequestReader::read_headers(Request& request) {
  std::string line;
  for (std::size_t count = 0; count < max_headers; ++count) {
    if (!read_line(line, max_line)) return Outcome::ended;
    if (line.empty()) return Outcome::request;
    const auto colon = line.find(':');
    if (colon == std::string::npos) return Outcome::malformed;
    const std::string name = lower(std::string_view(line).substr(0, colon));
    const std::string_view value = trimmed(std::string_view(line).substr(colon + 1));
    auto [place, fresh] = request.headers.try_emplace(name, value);
    if (!fresh) place->second.append(", ").append(value);
  }
  return Outcome::too_large;
}

RequestReader::Outcome RequestReader::read_body(Request& request) {
  const bool chunked = lower(request.header("transfer-encoding")) == "chunked";
  const std::string length = request.header("content-length");
  std::size_t size = 0;
  if (!chunked && !length.empty() && !parse_size(length, 10, size)) return Outcome::malformed;
  if (size > max_body_) return Outcome::too_large;
  if (lower(request.header("expect")) == "100-continue" && !stream_.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    return Outcome::ended;
  }
  if (chunked) return read_chunks(request.body);
  while (buffer_.size() - taken_ < size) {
    if (!fill()) return Outcome::ended;
  }
  request.body.assign(buffer_, taken_, size);
  taken_ += size;
  return Outcome::request;
}

RequestReader::Outcome RequestReader::read_chunks(std::string& body) {
  std::string line;
  while (true) {
    if (!read_line(line, max_line)) return Outcome::ended;
    std::size_t size = 0;
    if (!parse_size(trimmed(std::string_view(line).substr(0, line.find(';'))), 16, size)) return Outcome::malformed;
    if (size > max_body_ - body.size()) return Outcome::too_large;
    if (size == 0) break;
    while (buffer_.size() - taken_ < size) {
      if (!fill()) return Outcome::ended;
    }
    body.append(buffer_, taken_, size);
    taken_ += size;
    if (!read_line(line, 2) || !line.empty()) return Outcome::malformed;
  }
  do {  // trailers are read over
    if (!read_line(line, max_line)) return Outcome::ended;
  } while (!line.empty());
  return Outcome::request;
}

bool write_answer(ConnectionStream& stream, const Request& request, const Answer& answer) {
  const Answer::Parts& parts = answer.parts();
  const std::string body = parts.gzip ? gzipped(parts.body) : parts.body;
  const bool bodiless = request.method == "HEAD" || parts.status == 204 || parts.status == 304;
  const bool closes = parts.framing == Answer::Framing::until_close || has_header(parts, "connection", "close") ||
                      lower(request.header("connection")) == "close";

  std::string head = parts.status_line.empty() ? "HTTP/1.1 " + std::to_string(parts.status) + ' ' + reason(parts.status)
                                               : parts.status_line;
  head += "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  for (const auto& [name, value] : parts.headers) add(name, value);
  if (!has_header(parts, "content-type") && !parts.content_type.empty()) add("Content-Type", parts.content_type);
  if (parts.gzip) add("Content-Encoding", "gzip");
  if (parts.framing == Answer::Framing::chunked) add("Transfer-Encoding", "chunked");
  if (parts.framing == Answer::Framing::length && !has_header(parts, "content-length") && parts.status != 204) {
    add("Content-Length", std::to_string(body.size() + parts.generated));
  }
  if (closes && !has_header(parts, "connection")) add("Connection", "close");
  head += "\r\n";
  if (!stream.write(head)) return false;

  BodyWriter out(stream, parts);
  if (!bodiless) {
    if (!out.write(body)) return false;
    const std::string filler(static_cast<std::size_t>(std::min<std::uint64_t>(parts.generated, 64 * 1024)), 'x');
    for (std::uint64_t left = parts.generated; left > 0;) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, filler.size()));
      if (!out.write(std::string_view(filler).substr(0, size))) return false;
      left -= size;
    }
    if (!out.finish()) return false;
  }
  if (closes || parts.close_afterwards) {
    stream.close(true);
    return false;
  }
  return true;
}

}  // namespace confab::test
