#include "store/sealing_keys.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

#include "store/base64.hpp"
#include "support/temporary_directory.hpp"

using namespace confab;
using namespace confab::store;
using confab::test::TemporaryDirectory;

namespace {
std::string line(const std::string& id, char fill, std::size_t bytes = 32) {
  return id + " " + to_base64(std::string(bytes, fill)) + "\n";
}
Result<SealingKeys> from(const std::string& content, ::mode_t mode = 0600) {
  const TemporaryDirectory folder;
  const std::string path = folder.write("keys", content);
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return SealingKeys::from_file(path);
}
std::string refused(const std::string& content, ::mode_t mode = 0600) {
  const auto keys = from(content, mode);
  REQUIRE_FALSE(keys);
  CHECK(keys.error().code() == Errc::store);
  CHECK(keys.error().subject() == "store.key_file");
  return std::string(keys.error().message());
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("a key file gives its keys, the first one seals") {
  const auto keys = from("# made in spring\n\n" + line("b-2", 'y') + "  " + line("a", 'x'));
  REQUIRE(keys);
  CHECK(keys->sealing().id() == "b-2");
  CHECK(keys->all().size() == 2);
  REQUIRE(keys->find("a") != nullptr);
  CHECK(keys->find("a")->bytes().reveal() == std::string(32, 'x'));
  CHECK(keys->find("c") == nullptr);
}
TEST_CASE("a key file without an end of its last line, or with those of Windows, is read") {
  CHECK(from("a " + to_base64(std::string(32, 'x'))).has_value());
  CHECK(from("a\t" + to_base64(std::string(32, 'x')) + "\r\n").has_value());
}
TEST_CASE("a key file that is open to others is refused") {
  for (const ::mode_t mode : {0640U, 0604U, 0644U, 0660U, 0610U, 0601U}) {
    CHECK(has(refused(line("a", 'x'), mode), "0600"));
  }
  CHECK(from(line("a", 'x'), 0400).has_value());
}
TEST_CASE("a line that is none is told by its number, and not quoted") {
  const std::string wrong = to_base64("hunter2hunter2");
  for (const auto& content :
       std::vector<std::string>{"a " + wrong, "a", wrong, "a b c", line("a b", 'x'), line("a/b", 'x'),
                                line("a", 'x', 31), line("a", 'x', 33), "a !!!!"}) {
    const std::string message = refused(line("ok", 'o') + content + "\n");
    CHECK(has(message, "line 2"));
    CHECK_FALSE(has(message, wrong));
    CHECK_FALSE(has(message, "hunter2"));
  }
}
TEST_CASE("a key file without keys, with one id twice, with too many keys or too large is refused") {
  CHECK(has(refused(""), "from 1 to 16"));
  CHECK(has(refused("# nothing\n"), "from 1 to 16"));
  CHECK(has(refused(line("a", 'x') + line("a", 'y')), "two keys"));
  std::string many;
  for (int i = 0; i < 17; ++i) many += line("k" + std::to_string(i), 'x');
  CHECK(has(refused(many), "from 1 to 16"));
  CHECK(has(refused(line("a", 'x') + std::string(20'000, '#')), "too large"));
}
TEST_CASE("a key file that is missing, a folder or a device is refused with words") {
  const TemporaryDirectory folder;
  const auto missing = SealingKeys::from_file(folder.file("none"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().subject() == "store.key_file");
  CHECK(has(std::string(missing.error().message()), "cannot be found"));
  for (const std::string& path : {folder.path().string(), std::string("/dev/null")}) {
    const auto keys = SealingKeys::from_file(path);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().subject() == "store.key_file");
  }
}
TEST_CASE("keys of the host are held to the same rules") {
  const auto of = [](std::vector<SealingKey> keys) { return SealingKeys::of(std::move(keys)); };
  CHECK(of({SealingKey("a", Secret(std::string(32, 'x')))}).has_value());
  for (const auto& key : {SealingKey("a", Secret("short")), SealingKey("", Secret(std::string(32, 'x'))),
                          SealingKey(std::string(65, 'a'), Secret(std::string(32, 'x')))}) {
    const auto keys = of({key});
    REQUIRE_FALSE(keys);
    CHECK(keys.error().code() == Errc::config);
    CHECK(keys.error().subject() == "store.key_file");
  }
}
TEST_CASE("base64 with padding goes both ways, and nothing else is read") {
  for (const char* text : {"f", "fo", "foo", "foob", "fooba", "foobar"}) {
    const auto back = from_base64(to_base64(text));
    REQUIRE(back);
    CHECK(back->reveal() == text);
  }
  CHECK(to_base64("fooba") == "Zm9vYmE=");
  for (const char* text :
       {"", "Z", "Zm9", "Zm9v\n", " Zm9v", "Zm 9", "Zm-_", "Zm=v", "Z===", "Zm9=", "Zh==", "    Zm9v"})
    CHECK_FALSE(from_base64(text));
}
