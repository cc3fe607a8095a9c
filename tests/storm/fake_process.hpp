// The fake homeserver as a process of its own, so that its memory is not in our figures.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>

#include "support/test_json.hpp"

namespace confab::storm {

class FakeProcess {
 public:
  /// Throws std::runtime_error where it does not run, as every member does once it is gone.
  explicit FakeProcess(const std::string& program);
  ~FakeProcess();
  FakeProcess(const FakeProcess&) = delete;
  FakeProcess& operator=(const FakeProcess&) = delete;

  /// Its first line: the URL, the admin.
  [[nodiscard]] const test::TestJson& about() const { return about_; }
  /// A command, and what it answers.
  test::TestJson ask(const test::TestJson& command);
  /// One without anything beside its name.
  test::TestJson ask(const char* what);

 private:
  test::TestJson line();

  pid_t process_ = -1;
  std::FILE* to_ = nullptr;  // its end ends the server
  std::FILE* from_ = nullptr;
  test::TestJson about_;
};

}  // namespace confab::storm
