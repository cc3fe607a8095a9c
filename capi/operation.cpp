#include "capi/operation.hpp"

using namespace confab::capi;

confab_status confab_operation_cancel(confab_operation* operation) {
  return guarded(nullptr, [&] { require(operation, "operation").running->cancel(); });
}

confab_operation* confab_operation_retain(confab_operation* operation) { return retain(operation); }
void confab_operation_release(confab_operation* operation) { release(operation); }
