// AdminRefusals: which password of the admin's the homeserver refused, and for how long that is believed, shared
// through the store by all processes: each would try it for itself otherwise, and three wrong ones lock the right one
// out.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <confab/ids.hpp>
#include <confab/secret.hpp>

#include "credentials/refusal_pause.hpp"
#include "net/backoff.hpp"
#include "net/record_store.hpp"
#include "store/sealing_keys.hpp"
#include "util/task.hpp"

namespace confab::credentials {

// Asked and told while the lease on the admin's account is held. A store that fails makes each process find out for
// itself, no more.
class AdminRefusals {
 public:
  AdminRefusals(net::RecordStore records, std::shared_ptr<const store::SealingKeys> keys, net::RandomSource random,
                std::chrono::milliseconds first)
      : records_(std::move(records)), keys_(std::move(keys)), random_(std::move(random)), first_(first) {}

  // How long not to try this password; nothing: it may be tried.
  using Wait = std::optional<std::chrono::milliseconds>;
  [[nodiscard]] static Task<Wait> wait(std::shared_ptr<AdminRefusals> self, MatrixUserId admin, Secret password,
                                       net::CallContext context);
  // It was refused: how long not to try it again, as all are told. Nothing: the store did not take it.
  [[nodiscard]] static Task<Wait> refused(std::shared_ptr<AdminRefusals> self, MatrixUserId admin, Secret password,
                                          net::CallContext context);
  // The homeserver let the admin in.
  [[nodiscard]] static Task<void> forget(std::shared_ptr<AdminRefusals> self, MatrixUserId admin,
                                         net::CallContext context);

 private:
  net::RecordStore records_;
  std::shared_ptr<const store::SealingKeys> keys_;
  net::RandomSource random_;
  std::chrono::milliseconds first_;
};

}  // namespace confab::credentials
