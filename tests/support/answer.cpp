#include "answer.hpp"

#include <zlib.h>

#include <stdexcept>

namespace confab::test {

Answer Answer::error(int status, std::string_view errcode, std::string_view text) {
  std::string body = R"({"errcode":")";
  body.append(errcode).append(R"(","error":")").append(text).append(R"("})");
  return Answer(status, body);
}

Answer Answer::over(Answer other) const {
  Answer merged = *this;
  Parts& to = merged.parts_;
  Parts& from = other.parts_;
  to.real = false;
  to.status = from.status;
  to.body = std::move(from.body);
  to.generated = from.generated;
  to.readiness = std::move(from.readiness);
  to.readiness_time = from.readiness_time;
  for (auto& header : from.headers) to.headers.push_back(std::move(header));
  return merged;
}

std::string gzipped(std::string_view body) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot start");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) throw std::runtime_error("zlib did not finish");
  return out;
}

}  // namespace confab::test
