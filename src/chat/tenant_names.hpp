// TenantNames: which tenants share a homeserver, and could two of them call a user the same?
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <confab/ids.hpp>
#include <confab/result.hpp>

#include "chat/matrix_names.hpp"

namespace confab::chat {

class TenantNames {
 public:
  // Remembers how a tenant's users are called, for as long as the homeserver is known: their accounts stay on it.
  // Errc::config, tenants[].localpart, when a user of another tenant could be called the same.
  [[nodiscard]] Result<void> claim(const TenantId& tenant, const LocalpartTemplate& names);

 private:
  std::mutex mutex_;
  std::vector<std::pair<TenantId, LocalpartTemplate>> claimed_;
};

// A provider that knows whom it shares its homeserver with. A host's own provider may not: nothing is known then.
class SharesNames {
 public:
  SharesNames() = default;
  SharesNames(const SharesNames&) = delete;
  SharesNames& operator=(const SharesNames&) = delete;
  virtual ~SharesNames() = default;
  [[nodiscard]] virtual TenantNames& tenant_names() noexcept = 0;
};

}  // namespace confab::chat
