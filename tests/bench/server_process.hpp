// A server as a process of its own, so that its CPU is not in our figures.
#pragma once

#include <sys/types.h>

#include <string>

namespace confab::bench {

class ServerProcess {
 public:
  // Looks for the program beside this one. `argument` is passed to it unless it is empty.
  explicit ServerProcess(const std::string& own_path, const std::string& name = "bench_answering_server",
                         const std::string& argument = "");
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  pid_t process_ = -1;
  int stdin_ = -1;  // its end ends the server
  std::string url_;
};

}  // namespace confab::bench
