// What every endpoint's test needs: decode text, and try an answer without each of its required fields.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "confab/ids.hpp"
#include "matrix/endpoint.hpp"

namespace confab::matrix::test {

inline const MatrixUserId ana("@ana:hs");
inline const MatrixRoomId room("!r:hs");

template <class Endpoint>
Result<typename Endpoint::Answer> decode(std::string_view text) {
  const auto document = json::parse(std::string(text));
  REQUIRE(document);
  return Endpoint::decode(document->root());
}

// Each key missing, and each of another kind, is Errc::protocol naming it; so is an answer that is no object.
template <class Endpoint>
void requires_fields(std::string_view whole, std::initializer_list<std::string_view> keys) {
  REQUIRE(decode<Endpoint>(whole));
  const auto document = json::parse(std::string(whole));
  for (const std::string_view key : keys) {
    CAPTURE(key);
    json::Writer without;
    json::Writer other_kind;
    without.object();
    other_kind.object();
    for (const auto& [name, value] : document->root().members()) {
      if (name != key) {
        without.member(name, value);
        other_kind.member(name, value);
      } else if (value.is_array()) {
        other_kind.member(name, "x");
      } else {
        other_kind.key(name).array().end();
      }
    }
    for (const std::string& broken : {std::move(without).finish(), std::move(other_kind).finish()}) {
      const auto answer = decode<Endpoint>(broken);
      REQUIRE_FALSE(answer);
      CHECK(answer.error().code() == Errc::protocol);
      CHECK(answer.error().subject() == key);
    }
  }
  for (const char* nonsense : {"[]", "5", "null", "\"x\""}) CHECK_FALSE(decode<Endpoint>(nonsense));
}

template <class Endpoint>
EndpointRequest encoded(const Endpoint& endpoint) {
  auto request = endpoint.encode();
  REQUIRE(request);
  if (request->has_body()) CHECK(json::parse(request->body()));
  return *std::move(request);
}

template <class Endpoint>
void refuses(const Endpoint& endpoint, std::string_view subject, Errc code = Errc::invalid_argument) {
  const auto request = endpoint.encode();
  REQUIRE_FALSE(request);
  CHECK(request.error().code() == code);
  CHECK(request.error().subject() == subject);
}

}  // namespace confab::matrix::test
