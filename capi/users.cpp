// Operations about users.
#include <confab/reset.hpp>
#include <confab/secret.hpp>

#include "capi/results.hpp"
#include "capi/tenant_operation.hpp"

using namespace confab::capi;
using confab::CallOptions;
using confab::ChatService;
using confab::UserSlug;

confab_status confab_provision(confab_tenant* tenant, const confab_user_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_user_request& given, CallOptions how) {
                 return std::make_pair(chat.ensure_user(UserSlug(text(given.user)), text(given.name), std::move(how)),
                                       write_account);
               });
}

confab_status confab_account(confab_tenant* tenant, const confab_user_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_user_request& given, CallOptions how) {
                 return std::make_pair(chat.account(UserSlug(text(given.user)), std::move(how)), write_account);
               });
}

confab_status confab_set_password(confab_tenant* tenant, const confab_user_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_user_request& given, CallOptions how) {
                 return std::make_pair(chat.set_password(UserSlug(text(given.user)),
                                                         confab::Secret(text(given.password)), std::move(how)),
                                       write_done);
               });
}

confab_status confab_reset(confab_tenant* tenant, const confab_reset_request* request, CONFAB_ASK) {
  return start({queue, tag, operation, error}, tenant, request,
               [](ChatService& chat, const confab_reset_request& given, CallOptions how) {
                 const UserSlug user(text(given.user));
                 if (user.empty() == (given.all_users == 0)) {
                   refuse(confab::Errc::invalid_argument, "user", "name a user, or say all_users");
                 }
                 const auto asked = confab::ResetRequest(user).full(given.full != 0).restored(given.restored != 0);
                 return std::make_pair(chat.reset(asked, std::move(how)), write_reset);
               });
}
