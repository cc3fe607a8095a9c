/// @file
/// StoredDirectory: a host's users, events and groups, pushed into a store and answered from memory.
///
///     auto directory = StoredDirectory::open(runtime, store, TenantId("acme")).wait();
///     auto revision = (*directory)->apply(DirectoryBatch().put_user(ana), (*directory)->revision()).wait();
///     auto service = make_chat_service(runtime, provider, TenantOptions(TenantId("acme")), *directory);
///
/// The other way is to implement HostDirectory over data that the host holds in memory itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <confab/call_options.hpp>
#include <confab/directory_batch.hpp>
#include <confab/export.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/pending.hpp>
#include <confab/runtime.hpp>
#include <confab/store.hpp>

namespace confab {

namespace detail {
/// The thread of a StoredDirectory, and what it keeps.
class DirectoryHome;
}  // namespace detail

/// Numbers the states of a tenant's directory: 0 is the empty one, and each change that took effect adds 1.
using DirectoryRevision = std::uint64_t;

/// One tenant's directory in a store, with an index in memory. The host pushes what changes; several processes may
/// share it: each sees what another one applied within a second.
///
/// A change takes effect whole. One that is larger than a transaction of the store is written piece by piece first, and
/// seen by nobody until a single last write makes it the next revision; if that is never reached, nothing happened, and
/// what was left behind is swept away later.
///
/// @par Errors     Common to its operations: Errc::busy when too many wait, closed, timed_out and cancelled when
///                 nothing was done, and those of Store.
/// @par Lifetime   Shared by the services that were made with it; keeps the store. Its thread ends with it.
/// @par Threads    Any. Look-ups wait for nobody but a change of the index, which takes microseconds.
/// @par Cancel     An operation that waits for its turn does nothing. One that has begun goes on to its end, and the
///                 caller, who has Errc::outcome_unknown then, may repeat it unchanged.
class CONFAB_EXPORT StoredDirectory final : public HostDirectory {
 public:
  /// How soon a change that another process applied is seen; refresh() sees it at once.
  static constexpr std::chrono::milliseconds follow_every{1000};

  /// Read a tenant's directory; empty where nothing was ever applied.
  ///
  /// @param runtime  Where completions are delivered; it should live longer.
  /// @param store    Not null; kept. What it holds of other tenants is neither read nor written.
  /// @param tenant   Whose; its records begin with "TENANT/directory/".
  /// @returns        The directory with everything that had been applied.
  /// @par Errors     Errc::config, tenants[].id. Errc::store, with the record's key, for what is no directory of ours.
  [[nodiscard]] static Pending<std::shared_ptr<StoredDirectory>> open(Runtime& runtime, std::shared_ptr<Store> store,
                                                                      TenantId tenant,
                                                                      CallOptions options = CallOptions());

  /// Make a change, whole or not at all, if the directory is at the expected revision. When it ends, look-ups in this
  /// process see it, and it outlives a loss of power where the store promises that.
  ///
  /// Repeating the same batch with the same expected revision is safe: if it took effect then, and nothing else since,
  /// that revision is the answer.
  ///
  /// @param batch    At most 1,000,000 steps. One that changes nothing writes nothing and makes no revision.
  /// @param expected revision() as it was when the batch was decided on.
  /// @returns        The revision with the batch in effect.
  /// @par Errors     Errc::conflict: the directory is at another revision; revision() has it, and the changes are seen
  ///                 by look-ups already: decide anew. Errc::invalid_argument, the message naming the entry, with
  ///                 subject() "user", "event", "group" or "member": an entry that can never be, or refers to none.
  ///                 Errc::too_large.
  [[nodiscard]] Pending<DirectoryRevision> apply(DirectoryBatch batch, DirectoryRevision expected,
                                                 CallOptions options = CallOptions());

  /// Make the directory what a JSON text says: what differs is applied, in one change. A text that says what is there
  /// already writes nothing.
  ///
  /// @param json     As for read_directory().
  /// @returns        The revision at which the directory says the same as the text.
  /// @par Errors     As read_directory(). Errc::conflict: others keep changing the directory at the same time.
  [[nodiscard]] Pending<DirectoryRevision> load(std::string json, CallOptions options = CallOptions());

  /// Look for what other processes have applied, now.
  ///
  /// @returns        The newest revision; look-ups see it.
  /// @par Errors     The common ones.
  [[nodiscard]] Pending<DirectoryRevision> refresh(CallOptions options = CallOptions());

  /// The revision that look-ups see.
  ///
  /// @par Errors     None.
  [[nodiscard]] DirectoryRevision revision() const noexcept;

  /// See HostDirectory::user.
  [[nodiscard]] std::optional<DirectoryUser> user(const UserSlug& slug) const override;
  /// See HostDirectory::user_by_id.
  [[nodiscard]] std::optional<DirectoryUser> user_by_id(std::string_view id) const override;
  /// See HostDirectory::room.
  [[nodiscard]] std::optional<DirectoryRoom> room(const RoomRef& ref) const override;

  /// Used by open().
  explicit StoredDirectory(std::shared_ptr<detail::DirectoryHome> home);
  /// Ends its thread, after what has begun.
  ~StoredDirectory() override;

 private:
  std::shared_ptr<detail::DirectoryHome> home_;
};

}  // namespace confab
