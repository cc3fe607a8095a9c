// Appservice: the users of an application service, spoken for with its one token: no login, nothing to make, nothing of
// theirs to die. A user and a device are named in each request.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <confab/ids.hpp>
#include <confab/result.hpp>
#include <confab/secret.hpp>

#include "credentials/stored_token.hpp"
#include "matrix/acting_as.hpp"
#include "matrix/endpoints/devices.hpp"
#include "matrix/matrix_client.hpp"
#include "net/call_context.hpp"
#include "util/task.hpp"

namespace confab::credentials {

class Appservice : public std::enable_shared_from_this<Appservice> {
 public:
  Appservice(std::shared_ptr<matrix::MatrixClient> client, Secret token)
      : client_(std::move(client)), token_(std::move(token)) {}

  // Where there is no application service to speak for these users.
  [[nodiscard]] static Error missing();

  // Calls an endpoint as the application service itself.
  template <class Endpoint>
  [[nodiscard]] static Task<Result<typename Endpoint::Answer>> call(std::shared_ptr<Appservice> self, Endpoint endpoint,
                                                                    net::CallContext context) {
    Result<typename Endpoint::Answer> answer =
        co_await self->client_->call(endpoint, self->token_, self_flow, std::move(context));
    if (!answer) co_return self->judged(answer.error());
    self->accepted();
    co_return answer;
  }

  // Calls an endpoint as `user`, on the one device that all of them have. A device that is not there is made, and the
  // same request sent once more. `reached` as of UserTokens::call().
  template <class Endpoint>
  [[nodiscard]] static Task<Result<typename Endpoint::Answer>> call_as(std::shared_ptr<Appservice> self,
                                                                       MatrixUserId user, Endpoint endpoint,
                                                                       net::CallContext context,
                                                                       std::optional<net::Repeatable> repeatable,
                                                                       bool* reached) {
    bool ignored = false;
    bool& is_answer = reached != nullptr ? *reached : ignored;
    for (bool device_made = false;; device_made = true) {
      is_answer = true;
      const matrix::ActingAs<Endpoint> acting(endpoint, user, self->device_);
      Result<typename Endpoint::Answer> answer =
          co_await self->client_->call(acting, self->token_, user.str(), context, repeatable);
      if (answer) {
        self->accepted();
        co_return answer;
      }
      Error error = self->judged(answer.error());
      is_answer = error.code() != Errc::config;
      if (is_refusal(error)) {
        const bool known = co_await knows(self, user, context);
        if (known) co_return error;
        is_answer = false;
        co_return not_ours(error);
      }
      if (device_made || !lacks_device(error)) co_return error;
      is_answer = false;
      Result<void> made = co_await make_device(self, user, context);
      if (!made) co_return std::move(made).error();
    }
  }

  // Whose the token is, and whether the homeserver takes it.
  [[nodiscard]] static Task<Result<MatrixUserId>> sender(std::shared_ptr<Appservice> self, net::CallContext context);
  // Makes the account of one of its users; one that is there already is an error of Errc::conflict.
  [[nodiscard]] static Task<Result<void>> register_user(std::shared_ptr<Appservice> self, MatrixUserId user,
                                                        net::CallContext context);

 private:
  static constexpr const char* self_flow = "application service";

  [[nodiscard]] static bool lacks_device(const Error& error);
  // Which may be one of the user. A 401 that asks for something else has the same code, and says nothing of them.
  [[nodiscard]] static bool is_refusal(const Error& error);
  [[nodiscard]] static Error not_ours(const Error& error);
  [[nodiscard]] static Task<Result<void>> make_device(std::shared_ptr<Appservice> self, MatrixUserId user,
                                                      net::CallContext context);
  // A refusal of the user is told from one of what the user asked for by asking who they are.
  [[nodiscard]] static Task<bool> knows(std::shared_ptr<Appservice> self, MatrixUserId user, net::CallContext context);
  // What the answer means to the caller. A token that is not taken is told once until it is taken again.
  [[nodiscard]] Error judged(const Error& error);
  void accepted();

  std::shared_ptr<matrix::MatrixClient> client_;
  Secret token_;
  const DeviceId device_{user_device};
  std::atomic<bool> refused_ = false;
};

}  // namespace confab::credentials
