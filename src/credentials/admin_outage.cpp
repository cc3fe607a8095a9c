#include "credentials/admin_outage.hpp"

namespace confab::credentials {

bool AdminOutage::is_refusal(const Error& error) {
  return error.code() == Errc::admin_unavailable || error.code() == Errc::config || error.code() == Errc::rate_limited;
}

AdminOutage::Tell AdminOutage::failed(const Error& error) {
  if (!is_refusal(error)) return Tell::nothing;
  return refusals_.refused() ? Tell::begins : Tell::nothing;
}

AdminOutage::Tell AdminOutage::made() { return refusals_.ended() ? Tell::ends : Tell::nothing; }

}  // namespace confab::credentials
