#include "capi/guard.hpp"

#include <new>
#include <string>
#include <system_error>

namespace confab::capi {
namespace {

// Made while there is memory, and never destroyed. The ABI stands on public headers, so it has its own.
const Error& exhausted = *new Error(Errc::no_memory, "out of memory");

confab_status told(const Error& why, confab_error** error) {
  if (error != nullptr) *error = new confab_error(why);
  return status_of(why.code());
}

}  // namespace

void refuse(Errc code, std::string_view subject, std::string_view message) {
  throw Refusal(Error(code, std::string(message)).with_subject(subject));
}

Error no_memory() noexcept { return exhausted; }

confab_status caught(confab_error** error) noexcept {
  try {
    try {
      throw;
    } catch (const Refusal& refusal) {
      return told(refusal.error(), error);
    } catch (const std::bad_alloc&) {
      return told(no_memory(), error);
    } catch (const std::system_error& refused) {  // a thread or a descriptor that the system does not give
      return told(Error(Errc::busy, "the system refuses: " + refused.code().message()), error);
    } catch (...) {
      return told(Error(Errc::internal, "an unexpected failure inside the library"), error);
    }
  } catch (...) {  // no memory to tell more
    return CONFAB_NO_MEMORY;
  }
}

}  // namespace confab::capi
