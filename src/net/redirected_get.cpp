#include "net/redirected_get.hpp"

#include <string>
#include <utility>

#include "net/redirect_policy.hpp"

namespace confab::net {

namespace {

HttpRequest request_for(const Url& url, std::size_t max_answer) {
  std::string target = url.path().empty() ? "/" : url.path();
  if (!url.query().empty()) target += '?' + url.query();
  HttpRequest request("GET", std::move(target));
  request.max_answer(max_answer);
  return request;
}

}  // namespace

Task<Result<HttpAnswer>> get_redirected(std::shared_ptr<RuntimeCore> core, DocumentRequest document,
                                        HttpClientOptions like, AnswerReader reader, CallContext context) {
  RedirectPolicy policy("GET", document.url());
  for (;;) {
    Result<Url> origin = Url::parse_base(policy.current().origin());
    if (!origin) co_return std::move(origin).error();
    HttpClientOptions options = like;
    options.base(std::move(*origin));
    // One for each URL: it mostly is another host, and asked once.
    const auto scheduler = std::make_shared<Scheduler>(core, std::move(options));
    HttpRequest request = request_for(policy.current(), document.max_answer());
    CallContext hop(context.loop(), context.deadline(), context.stop(), AttemptsBudget(document.tries()));
    Result<HttpAnswer> answer = co_await scheduler->perform(std::move(request), Repeatable::safe, reader,
                                                            std::string("document"), std::move(hop));
    if (!answer || !RedirectPolicy::is_redirect(answer->status())) co_return answer;
    const Result<Url> next = policy.follow(answer->status(), answer->headers().get("location"));
    if (!next) co_return next.error();
  }
}

}  // namespace confab::net
