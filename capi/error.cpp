#include "capi/error.hpp"

using confab::capi::readable;

confab_error::confab_error(const confab::Error& error)
    : status(confab::capi::status_of(error.code())),
      message(error.message()),
      subject(error.subject()),
      errcode(error.errcode()),
      server_message(error.server_message()),
      transaction_id(error.transaction_id()),
      http_status(error.http_status()),
      retriable(error.retriable()),
      retry_after_ms(error.retry_after() ? error.retry_after()->count() : -1) {}

confab_error* confab_error_retain(confab_error* error) { return confab::capi::retain(error); }
void confab_error_release(confab_error* error) { confab::capi::release(error); }

confab_status confab_error_status(const confab_error* error) {
  if (confab::capi::forked()) return CONFAB_FORKED;
  return confab::capi::is(error) ? error->status : CONFAB_OK;
}

const char* confab_error_message(const confab_error* error) {
  return readable(error) ? error->message.c_str() : nullptr;
}
const char* confab_error_subject(const confab_error* error) {
  return readable(error) ? error->subject.c_str() : nullptr;
}
const char* confab_error_errcode(const confab_error* error) {
  return readable(error) ? error->errcode.c_str() : nullptr;
}
const char* confab_error_server_message(const confab_error* error) {
  return readable(error) ? error->server_message.c_str() : nullptr;
}
const char* confab_error_transaction_id(const confab_error* error) {
  return readable(error) ? error->transaction_id.c_str() : nullptr;
}

int32_t confab_error_http_status(const confab_error* error) { return readable(error) ? error->http_status : 0; }
int32_t confab_error_retriable(const confab_error* error) { return readable(error) && error->retriable ? 1 : 0; }
int64_t confab_error_retry_after_ms(const confab_error* error) { return readable(error) ? error->retry_after_ms : -1; }
