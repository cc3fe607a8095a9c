// HTTP/1.1 on one connection, the server's side: a request in, an answer out.
#pragma once

#include <cstddef>
#include <string>

#include "answer.hpp"
#include "connection_stream.hpp"
#include "http_request.hpp"

namespace confab::test {

/// Reads requests one after the other, each part bounded.
class RequestReader {
 public:
  enum class Outcome { request, ended, malformed, too_large };

  RequestReader(ConnectionStream& stream, std::size_t max_body) : stream_(stream), max_body_(max_body) {}
  Outcome next(Request& request);

 private:
  bool fill();
  bool read_line(std::string& line, std::size_t at_most);
  Outcome read_headers(Request& request);
  Outcome read_body(Request& request);
  Outcome read_chunks(std::string& body);

  ConnectionStream& stream_;
  std::size_t max_body_;
  std::string buffer_;
  std::size_t taken_ = 0;
};

/// Writes the answer with its faults. False when the connection is closed or has to be.
bool write_answer(ConnectionStream& stream, const Request& request, const Answer& answer);

}  // namespace confab::test
