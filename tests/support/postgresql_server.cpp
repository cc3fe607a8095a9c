#include "postgresql_server.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace confab::test {
namespace {

// From one line of JSON without escapes.
std::string member(const std::string& line, const std::string& name) {
  const std::string before = '"' + name + "\": ";
  auto at = line.find(before);
  if (at == std::string::npos) return {};
  at += before.size();
  if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find_first_of(",}", at) - at);
}

}  // namespace

PostgresqlServer::PostgresqlServer(const std::string& script, const std::vector<std::string>& options) {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  std::vector<std::string> words = {script, "run"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    ::dup2(input[0], 0);
    ::dup2(output[1], 1);
    ::execv(script.c_str(), arguments.data());
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  input_ = input[1];
  output_ = output[0];
  const std::string line = read_line();
  dsn_ = member(line, "dsn");
  password_ = member(line, "password");
  authority_ = member(line, "authority");
  log_ = member(line, "log");
  if (dsn_.empty()) {
    ::close(input_);
    ::close(output_);
    ::waitpid(process_, nullptr, 0);
    throw std::runtime_error("PostgreSQL does not run: see above, and scripts/install-dependencies");
  }
  port_ = static_cast<std::uint16_t>(std::stoi(member(line, "port")));
}

std::string PostgresqlServer::read_line() const {
  std::string line;
  char c = 0;
  while (::read(output_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void PostgresqlServer::crash() {
  const std::string order = "crash\n";
  if (::write(input_, order.data(), order.size()) != static_cast<ssize_t>(order.size()) || read_line().empty()) {
    throw std::runtime_error("PostgreSQL did not come back: see above");
  }
}

PostgresqlServer::~PostgresqlServer() {
  ::close(input_);
  ::close(output_);
  ::waitpid(process_, nullptr, 0);
}

std::string PostgresqlServer::dsn_at(std::uint16_t port) const {
  const std::string mine = ":" + std::to_string(port_) + "/";
  std::string other = dsn_;
  return other.replace(other.find(mine), mine.size(), ":" + std::to_string(port) + "/");
}

std::string PostgresqlServer::log() const {
  std::ifstream in(log_);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace confab::test
