#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <confab/unique_function.hpp>

using confab::UniqueFunction;

TEST_CASE("unique_function: empty by default, by nullptr, after a move") {
  UniqueFunction<void()> none;
  CHECK(!none);
  const UniqueFunction<void()> null = nullptr;
  CHECK(!null);
  UniqueFunction<int()> three = [] { return 3; };
  CHECK(three);
  const UniqueFunction<int()> moved = std::move(three);
  CHECK(!three);  // NOLINT: what a move leaves is stated
  CHECK(moved() == 3);
  UniqueFunction<int()> gone = [] { return 4; };
  gone = nullptr;
  CHECK(!gone);
}

TEST_CASE("unique_function: holds what only moves, passes what only moves") {
  UniqueFunction<int(std::unique_ptr<int>)> add = [own = std::make_unique<int>(2)](std::unique_ptr<int> other) {
    return *own + *other;
  };
  CHECK(add(std::make_unique<int>(3)) == 5);
  CHECK(add(std::make_unique<int>(4)) == 6);
}

TEST_CASE("unique_function: a mutable callable keeps its state; references go through") {
  UniqueFunction<int()> next = [count = 0]() mutable { return ++count; };
  CHECK(next() == 1);
  CHECK(next() == 2);
  std::string text;
  const UniqueFunction<void(std::string&)> append = [](std::string& to) { to += "x"; };
  append(text);
  append(text);
  CHECK(text == "xx");
}

TEST_CASE("unique_function: a result that is not wanted is dropped; exceptions pass") {
  int calls = 0;
  const UniqueFunction<void()> call = [&calls] { return ++calls; };
  call();
  CHECK(calls == 1);
  const UniqueFunction<void()> thrower = [] { throw std::runtime_error("out"); };
  CHECK_THROWS_AS(thrower(), std::runtime_error);
}

TEST_CASE("unique_function: the callable is destroyed once: with its function or when another takes its place") {
  const auto held = std::make_shared<int>(0);
  {
    UniqueFunction<void()> first = [held] {};
    CHECK(held.use_count() == 2);
    UniqueFunction<void()> second = std::move(first);
    CHECK(held.use_count() == 2);
    second = [] {};
    CHECK(held.use_count() == 1);
    second = [held] {};
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("unique_function: pointers and std::function are callables, too") {
  const UniqueFunction<std::size_t(const std::string&)> size = std::mem_fn(&std::string::size);
  CHECK(size("abc") == 3);
  const UniqueFunction<int(int)> twice = std::function<int(int)>([](int n) { return 2 * n; });
  CHECK(twice(4) == 8);
}
