// DirectoryLog: a tenant's directory in a store: a base, and the changes since, each one revision.
//
//   TENANT/directory/head              which revision is the newest, and which base it starts from
//   TENANT/directory/change/REVISION   what that revision changed, or where its parts are
//   TENANT/directory/part/ID/NUMBER    a piece of a base, or of a change that is larger than a transaction
//
// Parts are written first, and mean nothing until one transaction names them: so nobody sees half a change. When the
// changes have grown as large as the base, a new base is written and they are removed. Each call waits for the store,
// so it is made on a thread that has nothing else to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <confab/stored_directory.hpp>

#include "chat/directory_change.hpp"
#include "util/json.hpp"

namespace confab::chat {

// Where parts are: under an id that says when they were written.
struct DirectoryParts {
  std::string id;
  std::size_t count = 0;
};

struct DirectoryHead {
  StoreVersion version = 0;  // of the record; 0: nothing was ever applied
  DirectoryRevision revision = 0;
  std::string fingerprint;  // of the batch that made the revision
  DirectoryRevision base_revision = 0;
  DirectoryParts base;
  std::uint64_t base_bytes = 0;
  std::uint64_t log_bytes = 0;  // of the changes since

  // Reading all changes costs as much as reading the base: time for a new one.
  [[nodiscard]] bool wants_base() const { return log_bytes > least_log_bytes && log_bytes > base_bytes; }
  static constexpr std::uint64_t least_log_bytes = std::uint64_t{256} << 10U;
};

class DirectoryLog {
 public:
  DirectoryLog(std::shared_ptr<Store> store, const TenantId& tenant);

  [[nodiscard]] Result<DirectoryHead> head();
  // Nothing: another process has replaced it meanwhile, so the head has to be read again; so for changes().
  [[nodiscard]] Result<std::optional<DirectoryChange>> base(const DirectoryHead& head);
  // Those after `from`, up to the head's revision.
  [[nodiscard]] Result<std::optional<std::vector<DirectoryChange>>> changes(DirectoryRevision from,
                                                                            const DirectoryHead& head);
  // Makes the change the next revision. Errc::conflict: another process made it.
  [[nodiscard]] Result<DirectoryHead> append(const DirectoryHead& head, const DirectoryChange& change,
                                             const std::string& fingerprint);
  // Writes a new base, which is `everything` at the head's revision, and removes what it replaces.
  [[nodiscard]] Result<DirectoryHead> rebase(const DirectoryHead& head, const DirectoryChange& everything);

 private:
  [[nodiscard]] std::string change_key(DirectoryRevision revision) const;
  [[nodiscard]] std::string part_key(const DirectoryParts& parts, std::size_t number) const;
  [[nodiscard]] Result<std::optional<StoreRecord>> get(const std::string& key);
  [[nodiscard]] Result<std::vector<StoreVersion>> transact(std::vector<StoreWrite> writes);
  [[nodiscard]] Result<StorePage> list(const std::string& prefix, const std::string& cursor);

  [[nodiscard]] Result<DirectoryParts> write_parts(const std::vector<std::string>& parts);
  // False: a part is missing.
  [[nodiscard]] Result<bool> read_parts(const DirectoryParts& parts, DirectoryChange& change);
  [[nodiscard]] Result<bool> read_change(const StoreRecord& record, DirectoryChange& change);
  [[nodiscard]] Result<DirectoryHead> put_head(DirectoryHead head, std::vector<StoreWrite> writes);
  // What `before` named and `now` does not, and parts that a process left behind when it ended too early.
  [[nodiscard]] Result<void> sweep(const DirectoryHead& before, const DirectoryHead& now);
  // Records whose keys go on behind `prefix` with what `is_old` says yes to.
  [[nodiscard]] Result<void> erase(const std::string& prefix, const std::function<bool(std::string_view)>& is_old);

  std::shared_ptr<Store> store_;
  std::string folder_;
};

}  // namespace confab::chat
