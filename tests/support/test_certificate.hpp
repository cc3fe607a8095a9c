// Certificates made at run time, good and bad, as PEM files in a temporary directory.
#pragma once

#include <memory>
#include <string>

#include "temporary_directory.hpp"

namespace confab::test {

/// One server certificate: the paths of two PEM files. Copies share the directory, which goes with the last of them.
class TestCertificate {
 public:
  TestCertificate() = default;
  TestCertificate(std::shared_ptr<TemporaryDirectory> directory, std::string certificate_file, std::string key_file)
      : directory_(std::move(directory)),
        certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)) {}

  [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }
  [[nodiscard]] const std::string& key_file() const { return key_file_; }

 private:
  std::shared_ptr<TemporaryDirectory> directory_;
  std::string certificate_file_;
  std::string key_file_;
};

/// A certificate authority with a key of its own, and what it signs. P-256 keys, so making one costs about a
/// millisecond. Not thread-safe: make the certificates before the threads.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// The PEM file a client has to trust.
  [[nodiscard]] const std::string& ca_file() const;

  /// Good for 127.0.0.1 and localhost, from yesterday for thirty days.
  TestCertificate valid();
  /// As valid(), but over since yesterday.
  TestCertificate expired();
  /// As valid(), but begins tomorrow.
  TestCertificate not_yet_valid();
  /// In time and signed by the authority, but for elsewhere.example only.
  TestCertificate other_name();
  /// Good names and dates, signed by nobody but itself.
  TestCertificate self_signed();

 private:
  struct Keys;
  std::shared_ptr<TemporaryDirectory> directory_;
  std::unique_ptr<Keys> keys_;
  std::string ca_file_;
};

/// The one that most tests need: of this process.
[[nodiscard]] TestAuthority& authority();

}  // namespace confab::test
