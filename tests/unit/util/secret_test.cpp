#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <confab/secret.hpp>

using confab::Secret;

namespace {

constexpr std::string_view word = "hunter2";  // short enough to live inside the object

// A place for one Secret whose bytes can be looked at afterwards.
class Place {
 public:
  template <class... Arguments>
  Secret* make(Arguments&&... arguments) {
    return new (bytes_.data()) Secret(std::forward<Arguments>(arguments)...);
  }
  [[nodiscard]] bool holds(std::string_view text) const {
    // Volatile, so that what the compiler believes of a destroyed object does not matter.
    const volatile unsigned char* const bytes = bytes_.data();
    std::string seen;
    for (std::size_t i = 0; i < bytes_.size(); ++i) seen.push_back(static_cast<char>(bytes[i]));
    return seen.find(text) != std::string::npos;
  }

 private:
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> bytes_{};
};

}  // namespace

TEST_CASE("secret: only reveal() tells") {
  const Secret secret{std::string(word)};
  CHECK(secret.reveal() == word);
  CHECK(!secret.empty());
  CHECK(Secret().empty());
  CHECK(!std::is_convertible_v<Secret, std::string>);
  CHECK(!std::is_convertible_v<Secret, std::string_view>);
  CHECK(!std::is_convertible_v<std::string, Secret>);
}

TEST_CASE("secret: copies are apart, moves leave nothing, assignments replace") {
  Secret first{std::string(word)};
  const Secret copy = first;
  CHECK(copy.reveal().data() != first.reveal().data());
  CHECK(copy == first);
  const Secret moved = std::move(first);
  CHECK(first.empty());  // NOLINT: what a move leaves is stated
  CHECK(moved == copy);
  first = Secret(std::string("other"));
  CHECK(first.reveal() == "other");
  const Secret& self = first;
  first = self;
  CHECK(first.reveal() == "other");
}

TEST_CASE("secret: equality is that of the bytes") {
  CHECK(Secret() == Secret());
  CHECK(!(Secret(std::string("a")) == Secret(std::string("b"))));
  CHECK(!(Secret(std::string("a")) == Secret(std::string("ab"))));
  CHECK(!(Secret(std::string("a\0b", 3)) == Secret(std::string("a\0c", 3))));
}

TEST_CASE("secret: the text is overwritten when it goes") {
  Place place;
  Secret* secret = place.make(std::string(word));
  REQUIRE(place.holds(word));  // it can be seen, so its absence means something
  secret->~Secret();
  CHECK(!place.holds(word));

  secret = place.make(std::string(word));
  const Secret elsewhere = std::move(*secret);
  CHECK(!place.holds(word));
  *secret = elsewhere;
  CHECK(place.holds(word));
  *secret = Secret(std::string("x"));
  CHECK(!place.holds("unter2"));
  secret->~Secret();
}

TEST_CASE("secret: what it is made from by a move is overwritten, too") {
  std::string text(word);
  const char* const where = text.data();
  const Secret secret(std::move(text));
  CHECK(secret.reveal() == word);
  CHECK(std::string_view(where, word.size()) != word);
}
