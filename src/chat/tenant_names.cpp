#include "chat/tenant_names.hpp"

#include <fmt/format.h>

#include "chat/slug.hpp"

namespace confab::chat {

Result<void> TenantNames::claim(const TenantId& tenant, const LocalpartTemplate& names) {
  const std::lock_guard lock(mutex_);
  bool known = false;
  for (const auto& [other, theirs] : claimed_) {
    if (other == tenant) {
      known = known || theirs == names;
    } else if (theirs.may_meet(names)) {
      return Error(Errc::config,
                   fmt::format("tenants[].localpart of tenant {} could give a user the same name as one of "
                               "tenant {}: put {{tenant}} into it",
                               in_quotes(tenant.str()), in_quotes(other.str())))
          .with_subject("tenants[].localpart");
    }
  }
  if (!known) claimed_.emplace_back(tenant, names);
  return {};
}

}  // namespace confab::chat
