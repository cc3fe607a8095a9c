// The pattern of a tenant's operations: read the request, ask the tenant's ChatService, write the result.
#pragma once

#include <utility>

#include "capi/client.hpp"
#include "capi/operation.hpp"
#include "capi/request.hpp"

namespace confab::capi {

/// `describe` takes the ChatService, the request and CallOptions, and gives the pair that start() wants.
template <class Request, class Describe>
confab_status start(const Ask& ask, confab_tenant* tenant, const Request* request, Describe describe) noexcept {
  return start(ask, [&] {
    ChatService& chat = *require(tenant, "tenant").chat;
    const Request given = read_struct(request, "request");
    return describe(chat, given, call_options(given.timeout_ms));
  });
}

}  // namespace confab::capi
