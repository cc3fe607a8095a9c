#include "server_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "contender.hpp"

namespace confab::bench {

ServerProcess::ServerProcess(const std::string& own_path, const std::string& name, const std::string& argument) {
  const std::size_t slash = own_path.rfind('/');
  const std::string program = (slash == std::string::npos ? std::string(".") : own_path.substr(0, slash)) + "/" + name;
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) give_up("no pipe");
  process_ = ::fork();
  if (process_ < 0) give_up("cannot fork");
  if (process_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::execl(program.c_str(), program.c_str(), argument.empty() ? static_cast<char*>(nullptr) : argument.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  stdin_ = to[1];
  std::string line;
  char byte = 0;
  while (::read(from[0], &byte, 1) == 1 && byte != '\n') line += byte;
  ::close(from[0]);
  if (line.empty()) give_up("the answering server does not run: " + program);
  url_ = "http://127.0.0.1:" + line;
}

ServerProcess::~ServerProcess() {
  ::close(stdin_);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace confab::bench
