/// @file
/// Secret: a token, password or key that no log line can print by accident.
///
/// What is on disk or in a swap file is beyond it; the host protects those.
#pragma once

#include <string>
#include <string_view>

#include <confab/export.hpp>

namespace confab {

/// Holds a text that must not be seen. There is no stream operator and no conversion; the only way to the text is
/// reveal(), which is easy to search for. Its memory is overwritten when it is assigned to or destroyed.
///
/// @par Errors     Making and copying may throw std::bad_alloc.
/// @par Threads    As for a std::string.
class CONFAB_EXPORT Secret {
 public:
  /// Hold nothing.
  Secret() noexcept;
  /// Take over a text. The caller's own copies are the caller's to wipe; one that is moved in is wiped here.
  ///
  /// @param text     Any bytes, a zero byte included.
  explicit Secret(std::string text) noexcept;
  /// Copying makes a second text, wiped on its own.
  ///
  /// @par Errors     std::bad_alloc.
  Secret(const Secret& other);
  /// Moving leaves `other` empty and wiped.
  Secret(Secret&& other) noexcept;
  /// Assigning wipes what was held before.
  Secret& operator=(Secret other) noexcept;
  /// Wipes the text.
  ~Secret();

  /// The text itself. Do not keep copies of it.
  ///
  /// @par Lifetime   Until this object is assigned to, moved from or destroyed.
  [[nodiscard]] std::string_view reveal() const noexcept;
  /// Whether nothing is held.
  [[nodiscard]] bool empty() const noexcept;

  /// Equality in a time that depends on the lengths only, so that comparing tells nothing about the text.
  friend CONFAB_EXPORT bool operator==(const Secret& a, const Secret& b) noexcept;

 private:
  /// Overwrite the text in a way that the compiler cannot leave out.
  void wipe() noexcept;
  std::string text_;
};

}  // namespace confab
