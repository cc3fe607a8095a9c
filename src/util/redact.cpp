#include "util/redact.hpp"

#include <algorithm>
#include <array>

#include "util/text.hpp"

namespace confab {
namespace {

constexpr std::string_view stars = "***";
constexpr int most_looks = 8;

constexpr std::array secret_names = {
    std::string_view("access_token"),
    std::string_view("refresh_token"),
    std::string_view("password"),
    std::string_view("new_password"),
    std::string_view("admin_password"),
    std::string_view("login_token"),
    std::string_view("logintoken"),
    std::string_view("token"),
    std::string_view("as_token"),
    std::string_view("hs_token"),
    std::string_view("client_secret"),
    std::string_view("secret"),
    std::string_view("mac"),
    std::string_view("nonce"),
    std::string_view("registration_shared_secret"),
    std::string_view("passwd"),
    std::string_view("pwd"),
    std::string_view("api_key"),
    std::string_view("sslpassword"),
    std::string_view("id_token"),
};

// Synapse's access, refresh and login tokens; those of the Matrix Authentication Service.
constexpr std::array token_prefixes = {
    std::string_view("syt_"), std::string_view("syr_"), std::string_view("syl_"), std::string_view("mat_"),
    std::string_view("mar_"), std::string_view("mct_"), std::string_view("mcr_"),
};

constexpr std::array schemes = {std::string_view("bearer"), std::string_view("basic")};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool ends_value(char c) {
  return is_space(c) || c == '&' || c == '"' || c == '\'' || c == ';' || c == ',' || c == ')' || c == '}' || c == ']' ||
         c == '<';
}

// Walks the text once, a word at a time; each rule looks at what follows the word.
class Redactor {
 public:
  explicit Redactor(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (at_ < text_.size()) {
      if (is_word(text_[at_])) {
        word();
      } else if (text_.substr(at_, 3) == "://") {
        credentials_in_url();
      } else {
        out_ += text_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  void word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string_view found = text_.substr(start, at_ - start);
    const bool token = std::any_of(token_prefixes.begin(), token_prefixes.end(), [&](std::string_view prefix) {
      return found.size() > prefix.size() + 3 && found.starts_with(prefix);
    });
    if (token) {
      // Macaroon-like tails: base64 characters belong to the token too.
      while (at_ < text_.size() && !ends_value(text_[at_]) && text_[at_] != '\\') ++at_;
      out_ += stars;
      return;
    }
    out_ += found;
    const bool scheme = std::any_of(schemes.begin(), schemes.end(),
                                    [&](std::string_view name) { return text::equals_ignoring_case(found, name); });
    if (scheme) {
      after_scheme();
    } else if (names_a_secret(found)) {
      after_name();
    }
  }

  void after_scheme() {
    const std::size_t gap = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    if (at_ == gap) return;
    out_ += text_.substr(gap, at_ - gap);
    drop_value('\0', 0);
  }

  // name=value, name: value, "name": "value", and the same inside a string: \"name\":\"value\".
  void after_name() {
    const std::size_t gap = at_;
    std::size_t slashes = skip_slashes();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      ++at_;
    } else if (slashes > 0) {
      at_ = gap;
      return;
    }
    skip_spaces();
    if (at_ == text_.size() || (text_[at_] != '=' && text_[at_] != ':')) {
      at_ = gap;
      return;
    }
    ++at_;
    skip_spaces();
    const std::size_t before_value = at_;
    slashes = skip_slashes();
    char quote = '\0';
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      quote = text_[at_++];
    } else {
      at_ = before_value;
    }
    out_ += text_.substr(gap, at_ - gap);
    if (quote == '\0' && at_ < text_.size() && (text_[at_] == '{' || text_[at_] == '[')) return;
    drop_value(quote, slashes);
  }

  // Skip to the end of the value. A quote closes when it is escaped as often as the opening one: every two escaped
  // backslashes before it belong to the value, one more quote level would double them.
  static bool closes(std::size_t run, std::size_t slashes) {
    return run < slashes || (run - slashes) % (2 * (slashes + 1)) == 0;
  }
  void drop_value(char quote, std::size_t slashes) {
    const std::size_t start = at_;
    std::size_t run = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (quote == '\0' ? ends_value(c) : (c == quote && closes(run, slashes))) break;
      run = c == '\\' ? run + 1 : 0;
      ++at_;
    }
    if (quote != '\0' && at_ < text_.size()) at_ -= std::min(run, slashes);
    if (at_ > start) out_ += stars;
  }

  // scheme://user:password@host: everything up to the last @ of the authority.
  void credentials_in_url() {
    out_ += "://";
    at_ += 3;
    std::size_t end = at_;
    std::size_t last_at = std::string_view::npos;
    while (end < text_.size() && !ends_value(text_[end]) && text_[end] != '/' && text_[end] != '?') {
      if (text_[end] == '@') last_at = end;
      ++end;
    }
    if (last_at == std::string_view::npos) return;
    out_ += stars;
    at_ = last_at;
  }

  std::size_t skip_slashes() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] == '\\') ++at_;
    return at_ - start;
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

bool names_a_secret(std::string_view name) {
  return std::any_of(secret_names.begin(), secret_names.end(),
                     [&](std::string_view secret) { return text::equals_ignoring_case(name, secret); });
}

std::string redact(std::string_view text) {
  std::string redacted = Redactor(text).run();
  // What was dropped can bring together what only then looks like a secret ("://TOKEN/x@" is a user name once the token
  // and its slash are gone): until nothing changes. Hardly a line needs a third look; one that needs more is made up.
  if (redacted == text) return redacted;
  for (int look = 0; look < most_looks; ++look) {
    std::string again = Redactor(redacted).run();
    if (again == redacted) return redacted;
    redacted = std::move(again);
  }
  return std::string(stars);
}

}  // namespace confab
