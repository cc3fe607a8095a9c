#include "matrix/endpoints/send.hpp"

#include <algorithm>

#include "matrix/identifiers.hpp"
#include "util/text.hpp"

namespace confab::matrix {
namespace {

// A room of many thousand members has some megabytes of state.
constexpr std::size_t max_state_answer = std::size_t{64} << 20U;

Result<EventIdAnswer> decode_event_id(const json::Value& body) {
  json::Reader read(body);
  EventId event{std::string(read.non_empty_string("event_id"))};
  return read.finish(EventIdAnswer(std::move(event)));
}

// The content is parsed once, to be measured and to be sent compact: it has to be valid, whoever wrote it.
Result<std::string> checked_content(std::string_view content, std::size_t envelope_bytes) {
  const auto document = parse_object_argument("content", content);
  if (!document) return document.error();
  if (const auto fits = check_event_size(document->root(), envelope_bytes); !fits) return fits.error();
  return document->root().to_json();
}

}  // namespace

std::optional<EventIdAnswer> EventIdAnswer::quick_decode(std::string_view body) {
  constexpr std::string_view before = R"({"event_id":")";
  constexpr std::string_view behind = R"("})";
  if (body.size() <= before.size() + behind.size() || !body.starts_with(before) || !body.ends_with(behind))
    return std::nullopt;
  const std::string_view id = body.substr(before.size(), body.size() - before.size() - behind.size());
  const bool plain =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) return std::nullopt;
  return EventIdAnswer(EventId(std::string(id)));
}

Result<EndpointRequest> SendEvent::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_type(type_), check_transaction_id(txn_)}))
    return *wrong;
  const std::size_t envelope = room_.str().size() + type_.size();
  // What our writer wrote is at least as long as its canonical form; only what may be too long is looked at closely.
  const bool sound = written_here_ && surely_fits(content_.size() + envelope);
  Result<std::string> content = sound ? Result<std::string>(content_) : checked_content(content_, envelope);
  if (!content) return content.error();
  EndpointRequest request(Method::put,
                          path_of({"/_matrix/client/v3/rooms/", room_.str(), "/send/", type_, "/", txn_.str()}));
  request.body(*std::move(content)).idempotent(true).ends_with_transaction();
  return request;
}

Result<SendEvent::Answer> SendEvent::decode(const json::Value& body) { return decode_event_id(body); }

Result<std::string> text_message_content(std::string_view text) {
  if (text.empty()) return wrong_argument("text", "not empty");
  if (!text::is_valid_utf8(text)) return wrong_argument("text", "UTF-8");
  json::Writer w;
  w.object().member("msgtype", "m.text").member("body", text);
  return std::move(w).finish();
}

Result<EndpointRequest> PutState::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_type(type_), check_state_key(state_key_)}))
    return *wrong;
  auto content = checked_content(content_, room_.str().size() + type_.size() + state_key_.size());
  if (!content) return content.error();
  return EndpointRequest(Method::put,
                         path_of({"/_matrix/client/v3/rooms/", room_.str(), "/state/", type_, "/", state_key_}))
      .body(*std::move(content))
      .idempotent(type_ != "m.room.power_levels");
}

Result<PutState::Answer> PutState::decode(const json::Value& body) { return decode_event_id(body); }

Result<EndpointRequest> GetState::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_), check_event_type(type_), check_state_key(state_key_)}))
    return *wrong;
  return EndpointRequest(Method::get,
                         path_of({"/_matrix/client/v3/rooms/", room_.str(), "/state/", type_, "/", state_key_}))
      .expect({Errc::not_found, Errc::forbidden});
}

Result<GetState::Answer> GetState::decode(const json::Value& body) {
  if (!body.is_object()) return body.wrong("an object");
  return StateContentAnswer(body.share());
}

Result<EndpointRequest> GetAllState::encode() const {
  if (const auto wrong = first_wrong({check_room_id(room_)})) return *wrong;
  return EndpointRequest(Method::get, path_of({"/_matrix/client/v3/rooms/", room_.str(), "/state"}))
      .max_answer(max_state_answer)
      .expect({Errc::forbidden});
}

Result<GetAllState::Answer> GetAllState::decode(const json::Value& body) {
  if (!body.is_array()) return body.wrong("an array");
  return EventList::decode(body);
}

}  // namespace confab::matrix
