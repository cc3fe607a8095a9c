#include "credentials/token_record.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "store/record_rules.hpp"
#include "store/sealed_text.hpp"
#include "util/json.hpp"

namespace confab::credentials {

namespace {

using Millis = std::chrono::milliseconds;

constexpr std::int64_t countable_times = 1000;

constexpr std::array<std::pair<StoredToken::Kind, std::string_view>, 3> kinds{{{StoredToken::Kind::admin, "admin"},
                                                                               {StoredToken::Kind::puppet, "puppet"},
                                                                               {StoredToken::Kind::device, "device"}}};

constexpr std::array<std::pair<Rung, std::string_view>, 4> rungs{{{Rung::refresh, "refresh"},
                                                                  {Rung::log_in, "log_in"},
                                                                  {Rung::set_password, "set_password"},
                                                                  {Rung::act_as, "act_as"}}};

// Of most accounts that were there before: no member.
constexpr std::array<std::pair<PasswordOwner, std::string_view>, 2> owners{
    {{PasswordOwner::library, "library"}, {PasswordOwner::user, "user"}}};

Error strange(const std::string& key) {
  return Error(Errc::store, "a record of a token holds something else: restore the store, or erase the record")
      .with_subject(key);
}

// What is no intent that is known is none: it only says that somebody may have begun something.
std::optional<Intent> intent_of(const json::Value& value) {
  const std::string_view named = value["rung"].string_or("");
  const std::int64_t generation = value["generation"].integer_or(0);
  const std::int64_t times = value["times"].integer_or(0);
  if (generation <= 0 || times <= 0) return std::nullopt;
  for (const auto& [rung, name] : rungs) {
    if (name != named) continue;
    return Intent(static_cast<std::uint64_t>(generation), rung,
                  static_cast<unsigned>(std::min(times, countable_times)));
  }
  return std::nullopt;
}

std::uint64_t made_of(const json::Value& root, TokenReason reason) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(root["made"][token_reason_name(reason)].integer_or(0), 0));
}

Result<Secret> open(const store::SealingKeys& keys, const std::string& key, std::string_view member,
                    const json::Value& root) {
  const json::Value sealed = root[member];
  if (!sealed) return Secret();
  return store::unseal(keys, store::SealedPlace(key, member), sealed);
}

}  // namespace

Result<std::string> token_record(const StoredToken& token, const std::string& record_key,
                                 const store::SealingKeys& keys) {
  json::Writer writer;
  writer.object();
  for (const auto& [kind, name] : kinds) {
    if (kind == token.kind()) writer.member("kind", name);
  }
  if (!token.device().empty()) writer.member("device", token.device().str());
  if (token.end()) {
    writer.key("expires").value(
        static_cast<std::int64_t>(std::chrono::duration_cast<Millis>(token.end()->time_since_epoch()).count()));
  }
  writer.key("settled").value(token.settled());
  if (!token.token().empty()) {
    Result<std::string> sealed = store::seal(keys, store::SealedPlace(record_key, "token"), token.token());
    if (!sealed) return sealed;
    writer.key("token").raw(*sealed);
  }
  if (!token.refresh_token().empty()) {
    Result<std::string> sealed = store::seal(keys, store::SealedPlace(record_key, "refresh"), token.refresh_token());
    if (!sealed) return sealed;
    writer.key("refresh").raw(*sealed);
  }
  if (token.generation() != 0) writer.member("generation", token.generation());
  writer.key("made").object();
  for (const TokenReason reason : token_reasons) {
    if (token.made(reason) != 0) writer.member(token_reason_name(reason), token.made(reason));
  }
  writer.end();
  if (const std::optional<Intent>& intent = token.intent()) {
    writer.key("intent").object().member("generation", intent->generation());
    for (const auto& [rung, name] : rungs) {
      if (rung == intent->rung()) writer.member("rung", name);
    }
    writer.member("times", intent->times()).end();
  }
  if (!token.password().empty()) {
    Result<std::string> sealed = store::seal(keys, store::SealedPlace(record_key, "password"), token.password());
    if (!sealed) return sealed;
    writer.key("password").raw(*sealed);
    writer.key("password_known").value(token.password_known());
  }
  for (const auto& [owner, name] : owners) {
    if (owner == token.password_owner()) writer.member("password_owner", name);
  }
  writer.end();
  return std::move(writer).finish();
}

Result<StoredToken> read_token_record(const StoreRecord& record, const store::SealingKeys& keys) {
  Result<json::Document> parsed = store::parse(record);
  if (!parsed) return std::move(parsed).error();
  const json::Value root = parsed->root();
  const std::string_view named = root["kind"].string_or("");
  for (const auto& [kind, name] : kinds) {
    if (name != named) continue;
    Result<Secret> token = open(keys, record.key(), "token", root);
    if (!token) return std::move(token).error();
    Result<Secret> refresh = open(keys, record.key(), "refresh", root);
    if (!refresh) return std::move(refresh).error();
    Result<Secret> password = open(keys, record.key(), "password", root);
    if (!password) return std::move(password).error();
    std::optional<StoredToken::Time> end;
    // Within what the clock can say, whatever stands there.
    constexpr std::int64_t latest = std::chrono::duration_cast<Millis>(StoredToken::Time::duration::max()).count();
    if (const std::int64_t expires = std::clamp(root["expires"].integer_or(0), -latest, latest); expires != 0) {
      end = StoredToken::Time(std::chrono::duration_cast<StoredToken::Time::duration>(Millis(expires)));
    }
    StoredToken read(kind);
    read.token(std::move(*token), end).password(std::move(*password), root["password_known"].boolean_or(false));
    read.device(DeviceId(std::string(root["device"].string_or("")))).settled(root["settled"].boolean_or(true));
    read.refresh_token(std::move(*refresh)).intent(intent_of(root["intent"])).version(record.version());
    for (const auto& [owner, whose] : owners) {
      if (root["password_owner"].string_or("") == whose) read.password_owner(owner);
    }
    for (const TokenReason reason : token_reasons) read.made(reason, made_of(root, reason));
    read.generation(static_cast<std::uint64_t>(std::max<std::int64_t>(root["generation"].integer_or(0), 0)));
    return read;
  }
  return strange(record.key());
}

std::array<std::uint64_t, token_reasons.size()> times_made(const StoreRecord& record) {
  std::array<std::uint64_t, token_reasons.size()> times{};
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return times;
  for (std::size_t i = 0; i < times.size(); ++i) times.at(i) = made_of(parsed->root(), token_reasons.at(i));
  return times;
}

}  // namespace confab::credentials
