#include "homeserver_calls.hpp"

#include <stdexcept>

#include "matrix/endpoints/synapse_admin_users.hpp"

namespace confab::test {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets any
  if (value == nullptr || *value == '\0') throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

std::unique_ptr<matrix::MatrixClient> client_at(Runtime& runtime, const std::string& url) {
  return std::make_unique<matrix::MatrixClient>(
      std::make_shared<net::Scheduler>(runtime.core(), net::HttpClientOptions(net::Url::parse_base(url).value())));
}

}  // namespace

HomeserverCalls& HomeserverCalls::get() {
  static HomeserverCalls calls;
  return calls;
}

HomeserverCalls::HomeserverCalls()
    : url_(variable("CONFAB_HOMESERVER")),
      server_name_(variable("CONFAB_SERVER_NAME")),
      appservice_(variable("CONFAB_APPSERVICE_TOKEN")),
      jwt_(variable("CONFAB_JWT")),
      client_(client_at(runtime_, url_)),
      elsewhere_(client_at(runtime_, url_ + "/_matrix/nowhere")) {
  Secret password(variable("CONFAB_ADMIN_PASSWORD"));
  auto login = call(matrix::PasswordLogin("admin", password).device_id(DeviceId("DRIVER")), Secret());
  if (!login) throw std::runtime_error("the admin cannot log in: " + in_words(login.error()));
  admin_ = std::make_unique<User>(std::move(password), *std::move(login));
}

User HomeserverCalls::user(const std::string& localpart) {
  Secret password("pass word of " + localpart);
  (void)answer(matrix::AdminPutUser(id_of(localpart)).password(password).display_name(localpart), admin());
  auto login = answer(matrix::PasswordLogin(id_of(localpart), password).device_id(DeviceId("HOME")), Secret());
  return User(std::move(password), std::move(login));
}

User HomeserverCalls::again(const User& user) {
  return User(user.password(), answer(matrix::PasswordLogin(user.id(), user.password()), Secret()));
}

std::string HomeserverCalls::tally() const {
  std::string lines;
  for (const auto& [name, count] : seen_) {
    lines += name + ' ' + std::to_string(count.answered) + ' ' + std::to_string(count.refused) + '\n';
  }
  return lines;
}

std::string HomeserverCalls::name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    &std::free);
  std::string name = text ? text.get() : type.name();
  return name.substr(name.rfind(':') + 1);
}

std::string HomeserverCalls::in_words(const Error& error) {
  return std::string(errc_name(error.code())) + " " + std::string(error.errcode()) + " " +
         std::to_string(error.http_status()) + " " + std::string(error.message()) + " / " +
         std::string(error.server_message());
}

}  // namespace confab::test
