#include "fake_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace confab::storm {

using test::TestJson;

FakeProcess::FakeProcess(const std::string& program) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  to_ = ::fdopen(to[1], "w");
  from_ = ::fdopen(from[0], "r");
  about_ = line();
}

FakeProcess::~FakeProcess() {
  std::fclose(to_);
  std::fclose(from_);
  ::waitpid(process_, nullptr, 0);
}

TestJson FakeProcess::ask(const TestJson& command) {
  const std::string text = command.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), to_) != text.size() || std::fflush(to_) != 0) {
    throw std::runtime_error("the fake homeserver is gone");
  }
  TestJson answer = line();
  if (answer.contains("error")) throw std::runtime_error("fake homeserver: " + answer["error"].as_string());
  return answer;
}

TestJson FakeProcess::ask(const char* what) {
  TestJson command;
  return ask(command.set("do", what));
}

TestJson FakeProcess::line() {
  char* text = nullptr;
  std::size_t size = 0;
  const ssize_t read = ::getline(&text, &size, from_);
  const std::string got(text, read > 0 ? static_cast<std::size_t>(read) : 0);
  std::free(text);
  auto parsed = TestJson::parse(got);
  if (!parsed) throw std::runtime_error("the fake homeserver does not run, or is gone");
  return std::move(*parsed);
}

}  // namespace confab::storm
