#include "capi/event.hpp"

#include <limits>
#include <utility>

#include "capi/guard.hpp"
#include "capi/question.hpp"

using namespace confab::capi;
namespace json = confab::json;

namespace {

// "~1" is a slash and "~0" a tilde.
std::string unescaped(std::string_view token) {
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    plain += !escape ? token[i] : token[i + 1] == '0' ? '~' : '/';
    i += escape ? 1 : 0;
  }
  return plain;
}

json::Value child(const json::Value& of, std::string_view token) {
  if (of.is_object()) return of[std::string_view(unescaped(token))];
  if (!of.is_array() || token.empty() || token.size() > 9 || (token.size() > 1 && token[0] == '0')) return {};
  std::size_t index = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return {};
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return of[index];
}

}  // namespace

void confab_event::succeed(std::string result) noexcept {
  status = CONFAB_OK;
  json = std::move(result);
}

void confab_event::fail(const confab::Error& why) noexcept try {
  error = Ref<confab_error>(new confab_error(why));
  status = status_of(why.code());
} catch (...) {
  fail_without_memory();
}

void confab_event::fail_without_memory() noexcept { status = CONFAB_NO_MEMORY; }

json::Value confab_event::find(std::string_view pointer) const {
  if (status != CONFAB_OK) return {};
  if (!document_) {
    auto parsed = json::parse(json);
    if (!parsed) return {};
    document_ = std::move(*parsed);
  }
  json::Value value = document_->root();
  while (!pointer.empty()) {
    if (pointer.front() != '/') return {};
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    value = child(value, token);
    pointer.remove_prefix(token.size());
  }
  return value;
}

json::Value confab_event::at(std::string_view pointer) const {
  const std::lock_guard lock(mutex_);
  return find(pointer);
}

const std::string* confab_event::text(std::string_view pointer) const {
  const std::lock_guard lock(mutex_);
  const auto known = texts_.find(pointer);
  if (known != texts_.end()) return &known->second;
  const json::Value value = find(pointer);
  if (!value.is_string()) return nullptr;
  return &texts_.emplace(std::string(pointer), std::string(value.string_or({}))).first->second;
}

confab_event* confab_event_retain(confab_event* event) { return retain(event); }
void confab_event_release(confab_event* event) { release(event); }

int32_t confab_event_kind(const confab_event* event) { return readable(event) ? event->what : 0; }
uint64_t confab_event_tag(const confab_event* event) { return readable(event) ? event->tag : 0; }
confab_status confab_event_status(const confab_event* event) {
  if (forked()) return CONFAB_FORKED;
  return is(event) ? event->status : CONFAB_INVALID_ARGUMENT;
}
confab_error* confab_event_error(const confab_event* event) { return readable(event) ? event->error.get() : nullptr; }

const char* confab_event_json(const confab_event* event, size_t* length) {
  const bool there = readable(event) && event->status == CONFAB_OK && !event->json.empty();
  if (length != nullptr) *length = there ? event->json.size() : 0;
  return there ? event->json.c_str() : nullptr;
}

const char* confab_event_string(const confab_event* event, const char* pointer, size_t* length) {
  const std::string* text = nullptr;
  if (readable(event) && pointer != nullptr) {
    // Short of memory there is no text to give.
    (void)guarded(nullptr, [&] { text = event->text(pointer); });
  }
  if (length != nullptr) *length = text != nullptr ? text->size() : 0;
  return text != nullptr ? text->c_str() : nullptr;
}

confab_status confab_event_int(const confab_event* event, const char* pointer, int64_t* value) {
  return guarded(nullptr, [&] {
    require(event, "event");
    if (pointer == nullptr || value == nullptr)
      refuse(confab::Errc::invalid_argument, "pointer", "an argument is NULL");
    const json::Value found = event->at(pointer);
    if (found.kind() == json::Kind::integer) {
      *value = found.integer_or(0);
    } else if (found.kind() == json::Kind::boolean) {
      *value = found.boolean_or(false) ? 1 : 0;
    } else {
      refuse(confab::Errc::not_found, "pointer", "there is no whole number at this place");
    }
  });
}

size_t confab_event_count(const confab_event* event, const char* pointer) {
  std::size_t count = 0;
  if (readable(event) && pointer != nullptr) {
    (void)guarded(nullptr, [&] { count = event->at(pointer).size(); });
  }
  return count;
}
