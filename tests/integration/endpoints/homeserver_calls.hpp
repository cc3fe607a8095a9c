// Calls every endpoint of a real homeserver through MatrixClient, and counts which were answered and which refused.
#pragma once

#include <cxxabi.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include <confab/ids.hpp>
#include <confab/runtime.hpp>
#include <confab/secret.hpp>

#include "matrix/endpoints/login.hpp"
#include "matrix/matrix_client.hpp"
#include "unit/net/on_runtime.hpp"

namespace confab::test {

/// An account with a session of its own.
class User {
 public:
  User(Secret password, matrix::LoginAnswer login) : password_(std::move(password)), login_(std::move(login)) {}
  [[nodiscard]] const MatrixUserId& id() const { return login_.user_id(); }
  [[nodiscard]] const Secret& token() const { return login_.access_token(); }
  [[nodiscard]] const Secret& password() const { return password_; }
  [[nodiscard]] const DeviceId& device() const { return login_.device_id(); }

 private:
  Secret password_;
  matrix::LoginAnswer login_;
};

class HomeserverCalls {
 public:
  /// From CONFAB_HOMESERVER, CONFAB_SERVER_NAME, CONFAB_ADMIN_PASSWORD and CONFAB_APPSERVICE_TOKEN.
  static HomeserverCalls& get();

  template <class Endpoint>
  [[nodiscard]] Result<typename Endpoint::Answer> call(Endpoint endpoint, const Secret& token) {
    return on(*client_, std::move(endpoint), token);
  }
  /// What it answers; a refusal fails the test.
  template <class Endpoint>
  typename Endpoint::Answer answer(Endpoint endpoint, const Secret& token) {
    auto result = call(std::move(endpoint), token);
    const std::string name = name_of(typeid(Endpoint));
    CAPTURE(name);
    if (!result) {
      const std::string why = in_words(result.error());
      CAPTURE(why);
      FAIL("refused");
    }
    ++seen_[name].answered;
    return *std::move(result);
  }
  template <class Endpoint>
  typename Endpoint::Answer answer(Endpoint endpoint, const User& user) {
    return answer(std::move(endpoint), user.token());
  }
  /// It must be refused in this way, and the error must be fit to be shown.
  template <class Endpoint>
  void refuse(Endpoint endpoint, const Secret& token, Errc code, std::string_view errcode) {
    refused(name_of(typeid(Endpoint)), call(std::move(endpoint), token), code, errcode);
  }
  template <class Endpoint>
  void refuse(Endpoint endpoint, const User& user, Errc code, std::string_view errcode) {
    refuse(std::move(endpoint), user.token(), code, errcode);
  }
  /// The same at a path where there is no homeserver, for what needs no token and always answers.
  template <class Endpoint>
  void refuse_elsewhere(Endpoint endpoint, Errc code, std::string_view errcode) {
    refused(name_of(typeid(Endpoint)), on(*elsewhere_, std::move(endpoint), Secret()), code, errcode);
  }

  /// A new account, logged in.
  [[nodiscard]] User user(const std::string& localpart);
  /// A second session of an account.
  [[nodiscard]] User again(const User& user);
  [[nodiscard]] MatrixUserId id_of(const std::string& localpart) const {
    return MatrixUserId("@" + localpart + ":" + server_name_);
  }
  [[nodiscard]] const User& admin() const { return *admin_; }
  [[nodiscard]] const Secret& appservice() const { return appservice_; }
  // Lets the user "session_ana" in.
  [[nodiscard]] const Secret& jwt() const { return jwt_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& server_name() const { return server_name_; }
  /// A token that nobody has.
  [[nodiscard]] static Secret dead() { return Secret("syt_nobody_has_this"); }

  /// "NAME answered refused", a line for each endpoint that was called.
  [[nodiscard]] std::string tally() const;

 private:
  struct Count {
    int answered = 0;
    int refused = 0;
  };
  HomeserverCalls();
  template <class Endpoint>
  [[nodiscard]] Result<typename Endpoint::Answer> on(matrix::MatrixClient& client, Endpoint endpoint, Secret token) {
    return run<typename Endpoint::Answer>(runtime_, [&](net::CallContext context) {
      return client.call(std::move(endpoint), std::move(token), "driver", std::move(context));
    });
  }
  template <class T>
  void refused(const std::string& name, const Result<T>& result, Errc code, std::string_view errcode) {
    CAPTURE(name);
    if (result) FAIL("answered");
    const std::string why = in_words(result.error());
    CAPTURE(why);
    CHECK(result.error().code() == code);
    CHECK(result.error().errcode() == errcode);
    CHECK_FALSE(result.error().message().empty());
    CHECK(result.error().message().find("syt_") == std::string_view::npos);
    ++seen_[name].refused;
  }
  [[nodiscard]] static std::string name_of(const std::type_info& type);
  [[nodiscard]] static std::string in_words(const Error& error);

  std::string url_;
  std::string server_name_;
  Secret appservice_;
  Secret jwt_;
  Runtime runtime_;
  std::unique_ptr<matrix::MatrixClient> client_;
  std::unique_ptr<matrix::MatrixClient> elsewhere_;
  std::unique_ptr<User> admin_;
  std::map<std::string, Count> seen_;
};

}  // namespace confab::test
