#include "../../support/test_certificate.hpp"

#include <doctest/doctest.h>
#include <openssl/x509_vfy.h>

#include <filesystem>

#include "../../support/fake_homeserver.hpp"
#include "../../support/raw_client.hpp"

using namespace confab::test;
using namespace std::chrono_literals;

namespace {

long verdict(TestAuthority& authority, const TestCertificate& certificate, const std::string& name) {
  const FakeHomeserver server(FakeHomeserver::Options().tls(certificate));
  const RawClient client(server.port(), authority.ca_file(), name);
  return client.verify_result();
}

}  // namespace

TEST_CASE("test certificates: TLS carries requests and cuts") {
  TestAuthority authority;
  FakeHomeserver server(FakeHomeserver::Options().tls(authority.valid()));
  CHECK(server.url().starts_with("https://127.0.0.1:"));
  server.on("GET", "/cut", Answer(200, "0123456789").cut_after(3));
  RawClient client(server.port(), authority.ca_file(), "localhost");
  REQUIRE(client.connected());
  client.request("GET", "/");
  CHECK(client.answer().starts_with("HTTP/1.1 404"));
  client.request("GET", "/cut");
  CHECK(client.read_all().ends_with("\r\n\r\n012"));
}

TEST_CASE("test certificates: each is bad in its own way") {
  TestAuthority authority;
  CHECK(verdict(authority, authority.valid(), "127.0.0.1") == X509_V_OK);
  CHECK(verdict(authority, authority.expired(), "127.0.0.1") == X509_V_ERR_CERT_HAS_EXPIRED);
  CHECK(verdict(authority, authority.not_yet_valid(), "127.0.0.1") == X509_V_ERR_CERT_NOT_YET_VALID);
  CHECK(verdict(authority, authority.other_name(), "127.0.0.1") == X509_V_ERR_IP_ADDRESS_MISMATCH);
  CHECK(verdict(authority, authority.other_name(), "localhost") == X509_V_ERR_HOSTNAME_MISMATCH);
  CHECK(verdict(authority, authority.self_signed(), "127.0.0.1") == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}

TEST_CASE("test certificates: a refused handshake is counted") {
  TestAuthority trusted;
  TestAuthority other;
  const FakeHomeserver server(FakeHomeserver::Options().tls(other.valid()));
  { const RawClient client(server.port(), trusted.ca_file(), "127.0.0.1"); }
  REQUIRE(server.wait_connections_closed(2s));
  CHECK(server.handshakes_failed() == 1);
  CHECK(server.connections_accepted() == 1);
  CHECK(server.count() == 0);
}

TEST_CASE("test certificates: the directory goes with the last user") {
  std::string ca_file;
  TestCertificate certificate;
  {
    TestAuthority authority;
    certificate = authority.valid();
    ca_file = authority.ca_file();
    CHECK(std::filesystem::exists(ca_file));
  }
  CHECK(std::filesystem::exists(certificate.key_file()));
  certificate = TestCertificate();
  CHECK_FALSE(std::filesystem::exists(ca_file));
}
