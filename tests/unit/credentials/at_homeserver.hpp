// The library up to its credentials, talking to a Matrix homeserver in this process.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <confab/runtime.hpp>
#include <confab/secret.hpp>

#include "credentials/user_tokens.hpp"
#include "matrix/endpoints/account.hpp"
#include "matrix/matrix_client.hpp"
#include "support/fake_matrix.hpp"
#include "unit/net/on_runtime.hpp"

namespace confab::test {

inline constexpr const char* login_path = "/_matrix/client/v3/login";
inline constexpr const char* login_as_path = "/_synapse/admin/v1/users/*/login";
inline constexpr const char* whoami_path = "/_matrix/client/v3/account/whoami";

struct AtHomeserver {
  explicit AtHomeserver(std::string password = std::string(FakeMatrix::admin_password), unsigned loops = 1,
                        FakeMatrix::MatrixOptions options = FakeMatrix::MatrixOptions())
      : hs(std::move(options)),
        runtime(RuntimeOptions().loop_threads(loops)),
        client(std::make_shared<matrix::MatrixClient>(std::make_shared<net::Scheduler>(
            runtime.core(), net::HttpClientOptions(net::Url::parse_base(hs.url()).value())))),
        admin(std::make_shared<credentials::AdminSession>(client, MatrixUserId(hs.user_id("admin")),
                                                          Secret(std::move(password)))),
        tokens(std::make_shared<credentials::UserTokens>(admin)) {}

  MatrixUserId add(const std::string& localpart) { return MatrixUserId(hs.add_user(localpart)); }
  [[nodiscard]] Pending<matrix::WhoamiAnswer> whoami(const MatrixUserId& user, CallOptions options = CallOptions(),
                                                     const std::string& loop_of = "test") const {
    return net::describe<matrix::WhoamiAnswer>(runtime.core(), loop_of, std::move(options),
                                               [tokens = tokens, user](net::CallContext context) {
                                                 return tokens->call(user, matrix::Whoami(), std::move(context));
                                               });
  }
  [[nodiscard]] std::size_t logins() const { return hs.count("POST", login_path); }
  [[nodiscard]] std::size_t mints() const { return hs.count("POST", login_as_path); }

  FakeMatrix hs;
  Runtime runtime;
  std::shared_ptr<matrix::MatrixClient> client;
  std::shared_ptr<credentials::AdminSession> admin;
  std::shared_ptr<credentials::UserTokens> tokens;
};

}  // namespace confab::test
