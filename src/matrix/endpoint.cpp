#include "matrix/endpoint.hpp"

#include "util/text.hpp"

namespace confab::matrix {

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::del:
      return "DELETE";
  }
  return "GET";
}

std::string path_of(std::initializer_list<std::string_view> pieces) {
  std::size_t length = 32;  // for what has to be encoded
  for (const std::string_view piece : pieces) length += piece.size();
  std::string path;
  path.reserve(length);
  bool literal = true;
  for (const std::string_view piece : pieces) {
    if (literal) {
      path += piece;
    } else {
      text::append_percent_encoded(path, piece);
    }
    literal = !literal;
  }
  return path;
}

EndpointRequest& EndpointRequest::query(std::string_view name, std::string_view value) {
  if (!query_.empty()) query_ += '&';
  text::append_percent_encoded(query_, name);
  query_ += '=';
  text::append_percent_encoded(query_, value);
  return *this;
}

EndpointRequest& EndpointRequest::encoded_query(std::string_view name, std::string_view value) {
  if (!query_.empty()) query_ += '&';
  query_.append(name).append(1, '=').append(value);
  return *this;
}

// No "@" stands within a user id but at its beginning, so the last one in a path says where the caller's part ends.
EndpointRequest& EndpointRequest::transaction_of(const MatrixUserId& user) {
  if (ends_with_transaction_) text::append_percent_encoded(path_, user.str());
  return *this;
}

std::optional<Error> first_wrong(std::initializer_list<Result<void>> checks) {
  for (const auto& check : checks) {
    if (!check) return check.error();
  }
  return std::nullopt;
}

Error wrong_argument(std::string_view subject, std::string_view rule) {
  return Error(Errc::invalid_argument, std::string(subject) + ": must be " + std::string(rule)).with_subject(subject);
}

Result<json::Document> parse_object_argument(std::string_view subject, std::string_view json) {
  auto document = json::parse(std::string(json));
  if (!document) {
    const Error& why = document.error();
    const Errc code = why.code() == Errc::too_large ? Errc::too_large : Errc::invalid_argument;
    return Error(code, std::string(subject) + ": " + std::string(why.message())).with_subject(subject);
  }
  if (!document->root().is_object()) return wrong_argument(subject, "a JSON object");
  return document;
}

Result<void> check_text(std::string_view subject, std::string_view text) {
  if (!text::is_valid_utf8(text)) return wrong_argument(subject, "UTF-8");
  return {};
}

std::optional<std::string> optional_text(json::Reader& read, std::string_view key) {
  const auto text = read.optional_string(key);
  if (!text) return std::nullopt;
  return std::string(*text);
}

Result<ObjectAnswer> ObjectAnswer::decode(const json::Value& body) {
  if (!body.is_object()) return body.wrong("an object");
  return ObjectAnswer(body.share());
}

Result<Done> decode_done(const json::Value& body) {
  if (!body.is_object()) return body.wrong("an object");
  return Done();
}

}  // namespace confab::matrix
