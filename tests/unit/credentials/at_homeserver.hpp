// The library up to its credentials, talking to a Matrix homeserver in this process.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <confab/open_store.hpp>
#include <confab/runtime.hpp>
#include <confab/secret.hpp>

#include "credentials/token_store.hpp"
#include "credentials/user_tokens.hpp"
#include "matrix/endpoints/account.hpp"
#include "matrix/matrix_client.hpp"
#include "support/fake_matrix.hpp"
#include "unit/net/on_runtime.hpp"

namespace confab::test {

inline constexpr const char* login_path = "/_matrix/client/v3/login";
inline constexpr const char* login_as_path = "/_synapse/admin/v1/users/*/login";
inline constexpr const char* whoami_path = "/_matrix/client/v3/account/whoami";

// A store with the keys that open it, shared by those who are to be one deployment.
struct SealedStore {
  SealedStore() : SealedStore(make_memory_store().value()) {}
  explicit SealedStore(std::shared_ptr<Store> given) : store(std::move(given)) {}
  std::shared_ptr<Store> store;
  StoreKeys keys = StoreKeys::make().value();
  std::chrono::milliseconds lease_length = credentials::TokenStore::default_lease;
};

// One process: what it remembers of the homeserver beside the store is its own.
struct Process {
  Process(FakeMatrix& homeserver, const SealedStore& sealed, std::string password, unsigned loops)
      : Process(homeserver, sealed, std::make_shared<credentials::AdminPassword>(Secret(std::move(password))),
                RuntimeOptions().loop_threads(loops)) {}
  Process(FakeMatrix& homeserver, const SealedStore& sealed, std::shared_ptr<credentials::AdminPassword> password,
          RuntimeOptions options = RuntimeOptions(),
          std::chrono::milliseconds first_refusal = credentials::RefusalPause::first_refusal)
      : hs(homeserver),
        runtime(std::move(options)),
        token_store(std::make_shared<credentials::TokenStore>(net::RecordStore(sealed.store), sealed.keys.keys(),
                                                              sealed.lease_length)),
        client(std::make_shared<matrix::MatrixClient>(std::make_shared<net::Scheduler>(
            runtime.core(), net::HttpClientOptions(net::Url::parse_base(hs.url()).value())))),
        admin(std::make_shared<credentials::AdminSession>(client, MatrixUserId(hs.user_id("admin")), password,
                                                          token_store, first_refusal)),
        tokens(std::make_shared<credentials::UserTokens>(admin, token_store, credentials::UserTokens::first_move_after,
                                                         nullptr, first_refusal)) {}
  explicit Process(FakeMatrix& homeserver, const SealedStore& sealed = SealedStore())
      : Process(homeserver, sealed, std::string(FakeMatrix::admin_password), 1) {}

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

  FakeMatrix& hs;
  Runtime runtime;
  std::shared_ptr<credentials::TokenStore> token_store;
  std::shared_ptr<matrix::MatrixClient> client;
  std::shared_ptr<credentials::AdminSession> admin;
  std::shared_ptr<credentials::UserTokens> tokens;
};

struct OwnedHomeserver {
  explicit OwnedHomeserver(FakeMatrix::MatrixOptions options) : owned(std::move(options)) {}
  FakeMatrix owned;
};

// A process with a homeserver and a store of its own.
struct AtHomeserver : private OwnedHomeserver, public Process {
  explicit AtHomeserver(std::string password = std::string(FakeMatrix::admin_password), unsigned loops = 1,
                        FakeMatrix::MatrixOptions options = FakeMatrix::MatrixOptions())
      : OwnedHomeserver(std::move(options)), Process(owned, SealedStore(), std::move(password), loops) {}
};

}  // namespace confab::test
