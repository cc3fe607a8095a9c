// Operations about what the host's directory says.
#include <confab/directory_batch.hpp>

#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

using namespace confab::capi;

namespace {

// `describe` takes the directory, the request and CallOptions, and gives a Pending of a revision.
template <class Request, class Describe>
confab_status change(const Ask& ask, confab_tenant* tenant, const Request* request, Describe describe) noexcept {
  return start(ask, [&] {
    confab::StoredDirectory& directory = *require(tenant, "tenant").directory;
    const Request given = read_struct(request, "request");
    return std::make_pair(describe(directory, given, call_options(given.timeout_ms)), write_revision);
  });
}

}  // namespace

confab_status confab_directory_apply(confab_tenant* tenant, const confab_directory_request* request, CONFAB_ASK) {
  return change({queue, tag, operation, error}, tenant, request,
                [](confab::StoredDirectory& directory, const confab_directory_request& given, confab::CallOptions how) {
                  return directory.apply(value_or_refuse(confab::read_directory_batch(text(given.json))),
                                         given.expected, std::move(how));
                });
}

confab_status confab_directory_load(confab_tenant* tenant, const confab_directory_request* request, CONFAB_ASK) {
  return change({queue, tag, operation, error}, tenant, request,
                [](confab::StoredDirectory& directory, const confab_directory_request& given, confab::CallOptions how) {
                  if (given.expected != 0) {
                    refuse(confab::Errc::invalid_argument, "expected", "a whole text is compared with what is there");
                  }
                  return directory.load(text(given.json), std::move(how));
                });
}

confab_status confab_directory_refresh(confab_tenant* tenant, const confab_plain_request* request, CONFAB_ASK) {
  return change({queue, tag, operation, error}, tenant, request,
                [](confab::StoredDirectory& directory, const confab_plain_request&, confab::CallOptions how) {
                  return directory.refresh(std::move(how));
                });
}
