// What is at a URL that may redirect?
#pragma once

#include <cstddef>
#include <memory>

#include <confab/result.hpp>

#include "net/scheduler.hpp"
#include "net/url.hpp"
#include "util/task.hpp"

namespace confab::net {

class DocumentRequest {
 public:
  explicit DocumentRequest(Url url) : url_(std::move(url)) {}
  // At each URL on the way.
  DocumentRequest& tries(unsigned most) { return tries_ = most, *this; }
  DocumentRequest& max_answer(std::size_t bytes) { return max_answer_ = bytes, *this; }

  [[nodiscard]] const Url& url() const noexcept { return url_; }
  [[nodiscard]] unsigned tries() const noexcept { return tries_; }
  [[nodiscard]] std::size_t max_answer() const noexcept { return max_answer_; }

 private:
  Url url_;
  unsigned tries_ = max_attempts_per_call;
  std::size_t max_answer_ = 8U << 20U;
};

// A GET, followed as RedirectPolicy allows: to the first answer that is no redirect, whatever its status below 500, 429
// apart. No token goes along, so none can go to another origin. `like`: whom to trust and through which proxy to go;
// its base is not used.
[[nodiscard]] Task<Result<HttpAnswer>> get_redirected(std::shared_ptr<RuntimeCore> core, DocumentRequest document,
                                                      HttpClientOptions like, AnswerReader reader, CallContext context);

}  // namespace confab::net
