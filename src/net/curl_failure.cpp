#include "net/curl_failure.hpp"

#include <openssl/x509_vfy.h>

#include <string>

namespace confab::net {

namespace {

HttpOutcome distrust(CURL* easy) {
  long verdict = X509_V_OK;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  // libcurl compares the name by itself, before it notes the chain's verdict.
  if (verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED)
    return HttpOutcome(TransferFailure::trust, false, "the certificate is for another name");
  return HttpOutcome(TransferFailure::trust, false,
                     std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verdict));
}

bool failed_before_sending(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace

HttpOutcome curl_failure(CURL* easy, CURLcode code, bool sent) {
  const auto ended = [&](const char* reason) {
    return HttpOutcome(sent ? TransferFailure::cut : TransferFailure::not_sent, sent, reason);
  };
  // When a kept connection dies after the request was written, libcurl makes a new one by itself to send it again; that
  // this one then fails says nothing about what became of the first sending.
  if (sent && failed_before_sending(code)) return ended("the connection was lost, and could not be made again");
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpOutcome(TransferFailure::name, false, "the host's name did not resolve");
    case CURLE_COULDNT_CONNECT:
      return HttpOutcome(TransferFailure::connect, false, "no connection: refused or unreachable");
    case CURLE_INTERFACE_FAILED:
      return HttpOutcome(TransferFailure::connect, false, "no connection: no socket could be made");
    case CURLE_PROXY:
      return HttpOutcome(TransferFailure::connect, false, "no connection: the proxy refused");
    case CURLE_OPERATION_TIMEDOUT:
      if (sent) return ended("the connection stood still");
      return HttpOutcome(TransferFailure::connect, false, connect_timeout_reason);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return distrust(easy);
    case CURLE_SSL_CACERT_BADFILE:
      return HttpOutcome(TransferFailure::trust, false, "no certificate authorities were read");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_USE_SSL_FAILED:
      return HttpOutcome(TransferFailure::connect, false, "no connection: the TLS handshake failed");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return HttpOutcome(TransferFailure::protocol, sent, "what answers there speaks no HTTP");
    case CURLE_BAD_CONTENT_ENCODING:
      return HttpOutcome(TransferFailure::cut, sent, "the answer could not be decompressed");
    case CURLE_PARTIAL_FILE:
      return ended("the answer is truncated");
    case CURLE_GOT_NOTHING:
      return ended("the connection ended before an answer came");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return ended("the connection was reset");
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return ended("the HTTP/2 stream was ended by the server");
    case CURLE_FILESIZE_EXCEEDED:
      return HttpOutcome(TransferFailure::too_large, sent, "the answer is too large");
    case CURLE_OUT_OF_MEMORY:
      if (!sent) return HttpOutcome(TransferFailure::no_memory, false);
      // libcurl says so of a header line over its own bound as well.
      return HttpOutcome(TransferFailure::protocol, sent, "the answer's header is larger than any homeserver's");
    default:
      return ended("the transfer failed");
  }
}

}  // namespace confab::net
