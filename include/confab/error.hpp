/// @file
/// Error: what went wrong, named by what the caller can do about it.
///
/// The same type ends every operation, synchronous or not, in C++, C and Python. It is one pointer wide and immutable
/// once made, so it may be copied into logs, queues and other threads freely. docs/errors.md describes each code with
/// its causes and with what to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <confab/export.hpp>

namespace confab {

/// What can be done about a failure. The numbers are stable: never renumbered, only added to. The names are stable,
/// too, and are what programs print (errc_name()).
enum class Errc : std::uint16_t {
  unknown = 1,               ///< The homeserver refused and said nothing that is known here; see errcode().
  invalid_argument = 2,      ///< An argument can never be accepted: correct it. Nothing was sent.
  config = 3,                ///< The configuration cannot work; the message names the key.
  not_found = 4,             ///< The user, room or event does not exist, as far as the caller may know.
  forbidden = 5,             ///< The host's directory or the homeserver does not allow it.
  conflict = 6,              ///< Somebody else changed or made it first: read again, then decide.
  too_large = 7,             ///< Over a limit of the protocol or of docs/limits.md: make it smaller.
  rate_limited = 8,          ///< The homeserver asks to slow down; retry_after() says for how long.
  unreachable = 9,           ///< No connection could be made; nothing was sent. Try again later.
  unavailable = 10,          ///< The homeserver answers, but failing (5xx), or its circuit breaker is open.
  timed_out = 11,            ///< The deadline passed before anything was sent.
  cancelled = 12,            ///< The caller cancelled before anything was sent.
  outcome_unknown = 13,      ///< It ended after the request was written: it may have happened. See transaction_id().
  protocol = 14,             ///< The answer is no Matrix: wrong URL, a captive portal, a broken proxy.
  session_expired = 15,      ///< The user's token is dead and could not be replaced.
  admin_unavailable = 16,    ///< The admin account cannot log in: check its name and password.
  account_locked = 17,       ///< The homeserver's operator locked the account (M_USER_LOCKED).
  account_suspended = 18,    ///< The account may read but not write (M_USER_SUSPENDED).
  account_deactivated = 19,  ///< The account was closed (M_USER_DEACTIVATED).
  encrypted_room = 20,       ///< The room is encrypted; plain text is refused (design rule: never downgrade).
  busy = 21,            ///< A bound of docs/limits.md is reached, or one is outstanding already: wait, then repeat.
  closed = 22,          ///< The Runtime, stream or handle was closed.
  consumed = 23,        ///< This Pending was started before; each runs at most once.
  would_deadlock = 24,  ///< wait() was called on a thread that has to do the work itself.
  unsupported = 25,     ///< The homeserver, or this build, lacks what the call needs.
  store = 26,           ///< What must be remembered could not be written or read.
  no_memory = 27,       ///< An allocation failed.
  internal = 28,        ///< A fault of this library; please report it.
};

/// Tell the stable name of a code, for example "rate_limited": what programs print and what logs should hold.
///
/// @param code     Any number, also one that a later version added.
/// @returns        A string with static storage duration; "unknown" for a number that is none of the above.
/// @par Errors     None.
/// @par Threads    Any.
[[nodiscard]] CONFAB_EXPORT std::string_view errc_name(Errc code) noexcept;

/// One failure: a stable code, where it came from, whether repeating can help, and two texts kept apart.
///
/// Branch on code(), and on retriable() for everything that is not told apart; show message() to an operator; never
/// match a text. A moved-from Error may only be destroyed or assigned to.
///
/// @par Errors     Reading never fails. Making one, and each with_...(), may throw std::bad_alloc.
/// @par Lifetime   Reference counted; views it returns live as long as any copy of it.
/// @par Threads    Distinct objects: any thread, also where they share their data. One object: reading from many
///                 threads.
class CONFAB_EXPORT Error {
 public:
  /// Make an error with a message that is safe to log: it holds no token, no password and no message body.
  ///
  /// @param code     What the caller can do about it.
  /// @param message  One impersonal line that says what to do; copied.
  Error(Errc code, std::string message);

  /// Copying shares the same immutable data, and costs one atomic increment.
  Error(const Error& other) noexcept;
  /// Moving leaves `other` without data: assign to it or destroy it.
  Error(Error&& other) noexcept;
  /// Assigning shares the same immutable data. Assigning to itself is fine.
  Error& operator=(Error other) noexcept;
  /// Drops this reference; the last one frees the data.
  ~Error();

  /// The stable code: branch on this, never on a text. Treat a number that is not known to you as Errc::unknown: later
  /// versions add codes.
  [[nodiscard]] Errc code() const noexcept;

  /// The Matrix error code as the server wrote it ("M_FORBIDDEN"), or empty. Unknown and namespaced codes are kept, so
  /// that a host can act on what its own homeserver's modules say.
  ///
  /// @par Specification Client-server API, "Standard error response".
  [[nodiscard]] std::string_view errcode() const noexcept;

  /// The HTTP status of the deciding answer (the last one, where the call was repeated), or 0 when there was none.
  [[nodiscard]] int http_status() const noexcept;

  /// Whether the same call, unchanged, may succeed later. The library has repeated what it safely could before it says
  /// so: wait retry_after(), or seconds, rather than repeating at once.
  ///
  /// For Errc::outcome_unknown repeat with transaction_id() and Message::repeated() only, or the message may be
  /// doubled.
  [[nodiscard]] bool retriable() const noexcept;

  /// How long to wait before repeating, where the server or the circuit breaker said so, or where the homeserver
  /// refused the user a moment ago and is not asked again before. Counted from the failure.
  ///
  /// @returns        Nothing where nobody said: back off by your own rule. Never negative.
  /// @par Specification Client-server API, "Rate limiting".
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept;

  /// What happened and what to do, in our words; safe to log and to show to an operator. Its wording may change with
  /// any version.
  [[nodiscard]] std::string_view message() const noexcept;

  /// The server's own words, bounded to 512 bytes of UTF-8. They may hold what users typed: show them to a person,
  /// never log them.
  [[nodiscard]] std::string_view server_message() const noexcept;

  /// The transaction id of the send whose outcome this error leaves open; empty otherwise. Store it before repeating,
  /// if the repetition shall survive a crash.
  ///
  /// @par Specification Client-server API, "Transaction identifiers".
  [[nodiscard]] std::string_view transaction_id() const noexcept;

  /// The configuration key, path or argument that is at fault, for example "tenants[0].localpart"; empty where none can
  /// be named. Programs print it; people search for it.
  [[nodiscard]] std::string_view subject() const noexcept;

  /// Return a copy that carries a Matrix error code. This and what follows is for those who implement the interfaces.
  [[nodiscard]] Error with_errcode(std::string_view errcode) const;
  /// Return a copy that carries an HTTP status.
  ///
  /// @param status   100 to 599; 0 for none.
  [[nodiscard]] Error with_http_status(int status) const;
  /// Return a copy with another code, for a layer that knows better what the caller can do. A default of retriable()
  /// follows the new code.
  [[nodiscard]] Error with_code(Errc code) const;
  /// Return a copy with another safe message; the same rules as for the constructor's.
  [[nodiscard]] Error with_message(std::string message) const;
  /// Return a copy that states whether repeating can help, against the default of its code (docs/errors.md lists the
  /// defaults).
  [[nodiscard]] Error with_retriable(bool retriable) const;
  /// Return a copy that says how long to wait, from now.
  [[nodiscard]] Error with_retry_after(std::chrono::milliseconds wait) const;
  /// Return a copy that carries the server's own words, cut to 512 bytes at the border of a character.
  [[nodiscard]] Error with_server_message(std::string_view text) const;
  /// Return a copy that carries the transaction id to repeat with; it belongs to Errc::outcome_unknown.
  [[nodiscard]] Error with_transaction_id(std::string_view id) const;
  /// Return a copy that names the key, path or argument at fault: one word that a person can search for.
  [[nodiscard]] Error with_subject(std::string_view subject) const;

 private:
  /// Needs none (src/util/no_memory.hpp).
  friend Error no_memory() noexcept;
  /// What copies share.
  struct Detail;
  /// Take over a reference.
  explicit Error(Detail* detail) noexcept : detail_(detail) {}
  /// Data of its own with the same content, for one of the setters above.
  [[nodiscard]] Detail* clone() const;
  /// Null only after a move.
  Detail* detail_;
};

static_assert(sizeof(Error) == sizeof(void*), "Result<T> stays small because Error is one pointer wide");

}  // namespace confab
