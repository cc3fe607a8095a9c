#include "net/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "util/text.hpp"

using confab::Errc;
using confab::net::Url;

namespace {
Url good(std::string_view text) {
  auto url = Url::parse(text);
  REQUIRE_MESSAGE(url.has_value(), std::string(text));
  return *url;
}
std::string resolved(const Url& base, std::string_view reference) {
  auto url = base.resolve(reference);
  return url ? url->text() : "refused";
}
}  // namespace

TEST_CASE("url: accepted base URLs and their canonical text") {
  struct Row {
    const char* text;
    const char* canonical;
    const char* host;
    int port;
  };
  for (const Row& row : std::vector<Row>{
           {"https://example.org", "https://example.org", "example.org", 443},
           {"HTTPS://EXAMPLE.Org:443/", "https://example.org", "example.org", 443},
           {"http://example.org:80", "http://example.org", "example.org", 80},
           {"http://localhost:8008/", "http://localhost:8008", "localhost", 8008},
           {"https://example.org:80/matrix//", "https://example.org:80/matrix", "example.org", 80},
           {"http://127.0.0.1:1", "http://127.0.0.1:1", "127.0.0.1", 1},
           {"http://[::1]:65535/a%2Fb", "http://[::1]:65535/a%2Fb", "::1", 65535},
           {"http://[2001:DB8:0:0::0001]", "http://[2001:db8::1]", "2001:db8::1", 80},
           {"https://xn--bcher-kva.example/x/../y/./z", "https://xn--bcher-kva.example/y/z", "xn--bcher-kva.example",
            443},
           {"http://synapse_1:8008", "http://synapse_1:8008", "synapse_1", 8008},
       }) {
    CAPTURE(row.text);
    const auto url = Url::parse_base(row.text);
    REQUIRE(url.has_value());
    CHECK(url->text() == row.canonical);
    CHECK(url->host() == row.host);
    CHECK(url->port() == row.port);
    // What we print we also read, to the same end.
    CHECK(Url::parse_base(url->text())->text() == row.canonical);
  }
}

TEST_CASE("url: each refused base URL names what is wrong and never quotes the text") {
  struct Row {
    std::string text;
    const char* says;
  };
  const std::string label(64, 'a');
  std::string long_host = "a";
  while (long_host.size() < 253) long_host += ".b";
  for (const Row& row : std::vector<Row>{
           {"", "empty"},
           {"example.org", "begin with http"},
           {"ftp://example.org", "begin with http"},
           {"https:/example.org", "begin with http"},
           {"https://", "no host"},
           {"https:///path", "no host"},
           {"https://:8448", "no host"},
           {"https://bob:sesame@example.org", "user or password"},
           {"https://example.org@evil.example", "user or password"},
           {"https://example.org#top", "fragment"},
           {"https://example.org/?a=b", "query"},
           {"https://example.org?", "query"},
           {"https://example.org:", "no port"},
           {"https://example.org:0", "port is 0"},
           {"https://example.org:65536", "above 65535"},
           {"https://example.org:99999999999999999999", "above 65535"},
           {"https://example.org:80a", "not a number"},
           {"https://example.org:-1", "not a number"},
           {"https://::1/", "brackets"},
           {"https://[::1/", "closing bracket"},
           {"https://[::1]8008", "follows the IPv6"},
           {"https://[fe80::1%25eth0]", "no IPv6"},
           {"https://[]", "no IPv6"},
           {"https://[::1" + std::string(1, '\0') + "]", "no IPv6"},
           {"https://[" + std::string(100, '1') + "]", "no IPv6"},
           {"https://1.2.3", "no IPv4"},
           {"https://1.2.3.256", "no IPv4"},
           {"https://0x7f.1", "no IPv4"},
           {"https://127.0x1", "no IPv4"},
           {"https://example..org", "empty part"},
           {"https://example.org.", "empty part"},
           {"https://-a.example", "'-'"},
           {"https://" + label, "63"},
           {"https://" + long_host + "c", "253"},
           {"https://ex ample.org", "other than letters"},
           {"https://ex%61mple.org", "other than letters"},
           {"https://b\xC3\xBC"
            "cher.example",
            "xn--"},
           {"https://example.org/a b", "percent encoded"},
           {"https://example.org/a\nb", "percent encoded"},
           {"https://example.org\\evil", "other than letters"},
           {"https://example.org/%4", "hexadecimal"},
           {"https://example.org/%zz", "hexadecimal"},
           {"https://example.org/" + std::string(9000, 'a'), "longer than"},
       }) {
    CAPTURE(row.text);
    const auto url = Url::parse_base(row.text);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error().message().find(row.says) != std::string_view::npos);
    CHECK(url.error().message().find("sesame") == std::string_view::npos);
    CHECK(url.error().subject() == "url");
  }
}

TEST_CASE("url: the bound holds for the canonical form as well") {
  const std::string start = "http://[::ffff:ffff]/";
  const auto grown = Url::parse(start + std::string(confab::net::max_url_bytes - start.size(), 'a'));
  REQUIRE_FALSE(grown.has_value());
  CHECK(grown.error().code() == Errc::too_large);
  CHECK(good(start + std::string(confab::net::max_url_bytes - start.size() - 6, 'a')).text().size() ==
        confab::net::max_url_bytes);
}

TEST_CASE("url: origins are equal only in scheme, host and port together") {
  const Url home = good("https://example.org:8448/base");
  CHECK(home.same_origin(good("HTTPS://Example.ORG:8448/other?x")));
  CHECK(good("https://a").same_origin(good("https://a:443")));
  for (const char* other : {"http://example.org:8448", "https://example.org", "https://example.org.evil:8448",
                            "https://xample.org:8448", "https://[::1]:8448"}) {
    CAPTURE(other);
    CHECK_FALSE(home.same_origin(good(other)));
  }
  CHECK(good("http://[::1]").origin() == "http://[::1]");
  CHECK(home.authority() == "example.org:8448");
}

TEST_CASE("url: a target is refused when it was not encoded, or leads elsewhere") {
  const auto base = Url::parse_base("https://example.org/matrix/");
  REQUIRE(base.has_value());
  CHECK(base->check_target("/_matrix/client/versions").has_value());
  CHECK(base->check_target("/a?b=c&d=%20/?").has_value());
  CHECK(base->check_target("/rooms/!a:b/$x@y").has_value());
  for (const char* path :
       {"",     "a",       "/a b", "/a#b", "/a?b=#",    "/a?b= c", "/a?%2",     "?a=/b",   "/%", "/%2",
        "/%g0", "/a/../b", "/..",  "/./a", "/%2e%2E/x", "/.%2e",   "/\xC3\xA9", "/a\r\nb", "/[", "/a\"b"}) {
    CAPTURE(path);
    CHECK_FALSE(base->check_target(path).has_value());
  }
  CHECK(base->check_target("/.well-known/...").has_value());
  CHECK(base->check_target("/a?../b").has_value());  // no path, so nothing resolves it
  using confab::net::max_url_bytes;
  CHECK(base->check_target("/" + std::string(max_url_bytes, 'a')).error().code() == Errc::too_large);
  CHECK(base->check_target("/" + std::string(max_url_bytes - 26, 'a')).error().code() == Errc::too_large);
  CHECK(base->check_target("/" + std::string(max_url_bytes - 50, 'a')).has_value());
}

TEST_CASE("url: whatever percent_encode makes can be a target") {
  using confab::text::percent_encode;
  const Url base = good("http://h");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'x', static_cast<char>(byte)};
    CAPTURE(byte);
    CHECK(base.check_target("/" + percent_encode(text) + "?" + percent_encode(text)).has_value());
  }
}

TEST_CASE("url: references resolve as RFC 3986 5.4 says") {
  const Url base = good("http://a/b/c/d;p?q");
  struct Row {
    const char* reference;
    const char* target;
  };
  for (const Row& row : std::vector<Row>{
           {"g", "http://a/b/c/g"},
           {"./g", "http://a/b/c/g"},
           {"g/", "http://a/b/c/g/"},
           {"/g", "http://a/g"},
           {"//g", "http://g"},
           {"?y", "http://a/b/c/d;p?y"},
           {"g?y", "http://a/b/c/g?y"},
           {"#s", "http://a/b/c/d;p?q"},
           {"g#s", "http://a/b/c/g"},
           {";x", "http://a/b/c/;x"},
           {"", "http://a/b/c/d;p?q"},
           {".", "http://a/b/c/"},
           {"..", "http://a/b/"},
           {"../g", "http://a/b/g"},
           {"../..", "http://a/"},
           {"../../../g", "http://a/g"},
           {"/./g", "http://a/g"},
           {"/../g", "http://a/g"},
           {"g.", "http://a/b/c/g."},
           {"..g", "http://a/b/c/..g"},
           {"./../g", "http://a/b/g"},
           {"g;x=1/../y", "http://a/b/c/y"},
           {"https://x/y", "https://x/y"},
           {"javascript:alert(1)", "refused"},
           {"g y", "refused"},
           {"//u:p@h/", "refused"},
           {"http:g", "refused"},
       }) {
    CAPTURE(row.reference);
    CHECK(resolved(base, row.reference) == row.target);
  }
  CHECK(resolved(good("http://a"), "g") == "http://a/g");
}
