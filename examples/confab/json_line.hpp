// JsonLine: one JSON object on one line, as standard output and standard error have it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace program {

class JsonLine {
 public:
  JsonLine& text(std::string_view key, std::string_view value);
  // null where there is nothing.
  JsonLine& text_or_null(std::string_view key, std::string_view value);
  JsonLine& number(std::string_view key, std::int64_t value);
  JsonLine& truth(std::string_view key, bool value);
  JsonLine& null(std::string_view key);
  JsonLine& texts(std::string_view key, const std::vector<std::string>& values);
  JsonLine& object(std::string_view key, const JsonLine& value);
  // Text that is one JSON value on one line already.
  JsonLine& json(std::string_view key, std::string_view value);

  // Without the newline.
  [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

 private:
  void key(std::string_view name);
  std::string members_;
};

}  // namespace program
