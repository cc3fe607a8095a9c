#include <confab/event_stream.hpp>
#include <confab/message.hpp>
#include <confab/outbox.hpp>

namespace confab {

const char* message_kind_name(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::text:
      return "text";
    case MessageKind::notice:
      return "notice";
    case MessageKind::emote:
      return "emote";
    case MessageKind::media:
      return "media";
    case MessageKind::encrypted:
      return "encrypted";
    case MessageKind::other:
      return "other";
  }
  return "other";
}

const char* event_kind_name(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::message:
      return "message";
    case EventKind::edit:
      return "edit";
    case EventKind::reaction:
      return "reaction";
    case EventKind::redaction:
      return "redaction";
    case EventKind::membership:
      return "membership";
    case EventKind::typing:
      return "typing";
    case EventKind::receipt:
      return "receipt";
    case EventKind::missed:
      return "missed";
    case EventKind::sent:
      return "sent";
    case EventKind::given_up:
      return "given_up";
    case EventKind::other:
      return "other";
  }
  return "other";
}

const char* outbox_state_name(OutboxState state) noexcept {
  switch (state) {
    case OutboxState::waiting:
      return "waiting";
    case OutboxState::undecided:
      return "undecided";
    case OutboxState::sent:
      return "sent";
    case OutboxState::dead:
      return "dead";
  }
  return "waiting";
}

namespace detail {
EventSource::~EventSource() = default;
}

}  // namespace confab
