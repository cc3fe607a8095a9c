#include "matrix/well_known.hpp"

#include <utility>

#include "matrix/endpoints/versions.hpp"
#include "matrix/error_answer.hpp"
#include "matrix/identifiers.hpp"
#include "matrix/matrix_client.hpp"
#include "net/redirected_get.hpp"
#include "net/scheduler.hpp"

namespace confab::matrix {

namespace {

// The port, if any, is that of the server-server API.
std::string_view host_of(std::string_view server_name) {
  if (server_name.front() == '[') return server_name.substr(0, server_name.find(']') + 1);
  return server_name.substr(0, server_name.find(':'));
}

Task<Result<VersionsAnswer>> ask_versions(std::shared_ptr<net::RuntimeCore> core, net::HttpClientOptions there,
                                          net::CallContext context) {
  const Result<EndpointRequest> wanted = GetVersions().encode();
  if (!wanted) co_return wanted.error();
  const auto scheduler = std::make_shared<net::Scheduler>(std::move(core), std::move(there));
  net::HttpRequest request("GET", wanted->target());
  request.max_answer(wanted->max_answer());
  Result<net::HttpAnswer> answer = co_await scheduler->perform(std::move(request), net::Repeatable::safe, &read_answer,
                                                               std::string("discovery"), std::move(context));
  if (!answer) co_return std::move(answer).error();
  if (answer->status() != 200) co_return error_from_answer(answer->status(), answer->body());
  const Result<json::Document> body = json::parse(std::move(*answer).body());
  if (!body) co_return body.error();
  co_return GetVersions::decode(body->root());
}

Error with_reason(const Error& error, const std::string& what) {
  return error.with_message(what + ": " + std::string(error.message()));
}

Result<WellKnownAnswer> read_document(const net::HttpAnswer& answer) {
  const int status = answer.status();
  if (status == 404) return Error(Errc::not_found, "there is none").with_http_status(status);
  if (status != 200) {
    return Error(Errc::protocol, "it is answered with status " + std::to_string(status)).with_http_status(status);
  }
  const Result<json::Document> body = json::parse(answer.body());
  if (!body) return Error(Errc::protocol, "it is no JSON");
  Result<WellKnownAnswer> read = GetWellKnown::decode(body->root());
  if (read) return read;
  const auto named = body->root()["m.homeserver"]["base_url"].string();
  return read.error().with_subject(named && !named->empty() ? published_url_subject : "");
}

}  // namespace

Result<net::Url> well_known_url(std::string_view server_name) {
  if (Result<void> legal = check_server_name(server_name); !legal) return std::move(legal).error();
  const Result<EndpointRequest> request = GetWellKnown().encode();
  if (!request) return request.error();
  Result<net::Url> url = net::Url::parse("https://" + std::string(host_of(server_name)) + request->path());
  if (!url) return url.error().with_code(Errc::invalid_argument).with_subject("server_name");
  return url;
}

Task<Result<WellKnownAnswer>> read_well_known(std::shared_ptr<net::RuntimeCore> core, net::Url document,
                                              net::HttpClientOptions like, unsigned tries, net::CallContext context) {
  const Result<EndpointRequest> wanted = GetWellKnown().encode();
  if (!wanted) co_return wanted.error();
  net::DocumentRequest request(std::move(document));
  request.tries(tries).max_answer(wanted->max_answer());
  Result<net::HttpAnswer> answer = co_await net::get_redirected(std::move(core), std::move(request), std::move(like),
                                                                &read_answer, std::move(context));
  if (!answer) co_return answer.error().with_subject("server_name");
  Result<WellKnownAnswer> read = read_document(*answer);
  if (!read && read.error().subject().empty()) co_return read.error().with_subject("server_name");
  co_return read;
}

Task<Result<std::string>> discover_homeserver(std::shared_ptr<net::RuntimeCore> core, net::Url document,
                                              net::HttpClientOptions like, net::CallContext context) {
  const std::string where = document.text();
  const Result<WellKnownAnswer> published =
      co_await read_well_known(core, std::move(document), like, net::max_attempts_per_call, context);
  if (!published) co_return with_reason(published.error(), where + " names no homeserver");
  const std::string& found = published->base_url();
  Result<net::Url> base = net::Url::parse_base(found);
  if (!base) co_return base.error().with_subject(published_url_subject);
  if (!base->is_https()) {
    co_return Error(Errc::protocol, where + " names an http URL, where tokens could be read on their way")
        .with_subject(published_url_subject);
  }
  like.base(std::move(*base));
  const Result<VersionsAnswer> versions = co_await ask_versions(std::move(core), std::move(like), context.step());
  if (!versions) {
    co_return with_reason(versions.error(), found + ", which " + where + " names, does not answer as a homeserver")
        .with_subject(published_url_subject);
  }
  co_return found;
}

}  // namespace confab::matrix
