// Any configuration file: a configuration that is whole, or Errc::config that says where, and never a secret. The files
// 901 (a directory), 902 (a password) and 903 (a certificate) lie beside it.
#include <confab/configuration.hpp>

#include <cstdint>

#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace confab;
  static const fuzz::MemoryFile file(900);
  static const fuzz::MemoryFile directory(901);
  static const fuzz::MemoryFile password(902);
  static const fuzz::MemoryFile certificate(903);
  static const bool written = [] {
    directory.write(R"({"users":[{"id":"1","slug":"ana","name":"Ana"}],"events":[],"groups":[]})");
    password.write("fuzzed-password\n");
    certificate.write("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    return true;
  }();
  (void)written;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  file.write(text);
  const auto read = read_configuration(file.path());
  if (read) {
    if (read->homeserver().server_name().empty() || read->homeserver().admin_password().empty()) std::abort();
    if (read->tenants().empty()) std::abort();
    return 0;
  }
  if (read.error().code() != Errc::config || read.error().message().empty()) std::abort();
  // The file itself may name a key so, which is quoted.
  const bool own = text.find("fuzzed-password") != std::string_view::npos;
  if (!own && read.error().message().find("fuzzed-password") != std::string_view::npos) std::abort();
  return 0;
}
