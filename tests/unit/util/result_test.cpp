#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <confab/result.hpp>

using confab::Errc;
using confab::Error;
using confab::Result;

namespace {
Result<int> half(int number) {
  if (number % 2 != 0) return Error(Errc::invalid_argument, "odd");
  return number / 2;
}
}  // namespace

TEST_CASE("result: a value") {
  Result<std::string> result(std::string("text"));
  CHECK(result.has_value());
  CHECK(static_cast<bool>(result));
  CHECK(result.value() == "text");
  CHECK(*result == "text");
  CHECK(result->size() == 4);
  const Result<std::string>& constant = result;
  CHECK(constant.value() == "text");
  CHECK(constant->size() == 4);
  result.value() += "!";
  CHECK(std::move(result).value_or("other") == "text!");
}

TEST_CASE("result: an error") {
  Result<int> result = half(3);
  CHECK(!result.has_value());
  CHECK(!result);
  CHECK(result.error().code() == Errc::invalid_argument);
  CHECK(Result<int>(result).value_or(7) == 7);
  CHECK(std::move(result).error().message() == "odd");
  CHECK(half(4).value() == 2);
}

TEST_CASE("result: the value of an error throws, and names the code but no message") {
  Result<int> result = Error(Errc::forbidden, "secret words").with_server_message("more words");
  try {
    static_cast<void>(result.value());
    FAIL("no exception");
  } catch (const std::logic_error& thrown) {
    const std::string text = thrown.what();
    CHECK(text.find("forbidden") != std::string::npos);
    CHECK(text.find("words") == std::string::npos);
  }
  CHECK_THROWS_AS(static_cast<void>(*result), std::logic_error);
  const Result<std::string> text = Error(Errc::busy, "");
  CHECK_THROWS_AS(static_cast<void>(text->size()), std::logic_error);
  CHECK_THROWS_AS(static_cast<void>(text.value()), std::logic_error);
  CHECK_THROWS_AS(Result<void>(Error(Errc::busy, "")).value(), std::logic_error);
}

TEST_CASE("result: without a value") {
  const Result<void> good;
  CHECK(good.has_value());
  CHECK(static_cast<bool>(good));
  good.value();
  const Result<void> bad = Error(Errc::closed, "gone");
  CHECK(!bad);
  CHECK(bad.error().code() == Errc::closed);
}

TEST_CASE("result: values that only move") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 3);
  Result<std::unique_ptr<int>> other(std::make_unique<int>(4));
  CHECK(**std::move(other) == 4);
}
