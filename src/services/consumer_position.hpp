// ConsumerPosition: where a named reader of a user's events is, in the store, for whoever opens it next.
//
// Who claims it last has it: every write demands the version of the one before, so an earlier reader finds out with its
// next write. There is no lease: after a kill -9 the next process goes on at once, and nothing is written while nothing
// is read. Loop's thread only.
#pragma once

#include <confab/store.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "matrix/sync_position.hpp"
#include "net/call_context.hpp"
#include "net/record_store.hpp"
#include "net/shared_result.hpp"
#include "util/task.hpp"

namespace confab::services {

class ConsumerPosition {
 public:
  using Self = std::shared_ptr<ConsumerPosition>;
  static constexpr std::size_t longest_name = 64;

  // A name that is none is told by claim().
  ConsumerPosition(net::RecordStore records, std::string_view group, const MatrixUserId& user,
                   std::string_view consumer, std::string server_name);

  // What was found, now ours.
  class Claim {
   public:
    Claim() = default;
    explicit Claim(matrix::SyncPosition position) : position_(std::move(position)) {}
    [[nodiscard]] static Claim unusable() {
      Claim claim;
      claim.usable_ = false;
      return claim;
    }
    // There was one, but damaged or of another homeserver.
    [[nodiscard]] bool usable() const { return usable_; }
    // Its token is empty where there was none.
    [[nodiscard]] const matrix::SyncPosition& position() const { return position_; }

   private:
    matrix::SyncPosition position_;
    bool usable_ = true;
  };
  // Not claimed before this has ended; null: at once.
  void after(std::shared_ptr<net::SharedResult<int>> end) { after_ = std::move(end); }
  // Errc::invalid_argument: the name is none. Errc::conflict: another reader claims it at this very moment.
  // Errc::store, busy.
  [[nodiscard]] static Task<Result<Claim>> claim(Self self, net::CallContext context);
  // Errc::conflict: another reader has claimed it. After any other error the position before still stands.
  [[nodiscard]] static Task<Result<void>> save(Self self, matrix::SyncPosition position, net::CallContext context);

  // Erases the positions of those users of the group for whom `whose` says yes by their localpart; only those of `user`
  // unless that is empty. How many it were. A stream that is open writes its own again.
  using Whose = std::function<bool(const std::string& localpart)>;
  [[nodiscard]] static Task<Result<std::size_t>> forget(net::RecordStore records, std::string group, MatrixUserId user,
                                                        Whose whose, net::CallContext context);

 private:
  [[nodiscard]] std::string record(const Claim& claim) const;
  [[nodiscard]] Claim read(const StoreRecord& found) const;
  [[nodiscard]] bool is_ours(const StoreRecord& found) const;

  net::RecordStore records_;
  std::shared_ptr<net::SharedResult<int>> after_;
  std::string key_;  // empty: the name is none
  std::string server_name_;
  std::string holder_;  // names this claim and no other
  StoreVersion version_ = 0;
};

}  // namespace confab::services
