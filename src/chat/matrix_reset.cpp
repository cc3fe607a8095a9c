#include "chat/matrix_reset.hpp"

#include <string>
#include <utility>

#include "matrix/identifiers.hpp"
#include "services/consumer_position.hpp"
#include "store/record_rules.hpp"
#include "util/json.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace confab::chat {

namespace {

using net::CallContext;

constexpr int note_version = 1;

// How often another process may note something first.
constexpr int most_rounds = 4;

// Of one tenant on one homeserver, who is told by how the aliases of its rooms begin: the group is a word of the
// host's.
std::string note_key(const detail::MatrixBackend& backend, const ProviderReset& request, const CallContext& context) {
  std::string key = "reset/" + text::percent_encode(backend.server_name());
  if (!request.room_prefix().empty()) return key + "/tenant/" + text::percent_encode(request.room_prefix());
  if (context.group().empty()) return key + "/all";
  return key + "/group/" + text::percent_encode(context.group());
}

std::string note_of(const MatrixUserId& user) {
  json::Writer writer;
  writer.object().member("version", note_version);
  if (!user.empty()) writer.member("user", user.str());
  return std::move(writer.end()).finish();
}

// Whose reset was begun; empty: all users'. What cannot be read is that of all: it may have been.
MatrixUserId read_note(const StoreRecord& record) {
  const Result<json::Document> parsed = store::parse(record);
  if (!parsed) return MatrixUserId();
  return MatrixUserId(std::string(parsed->root()["user"].string_or("")));
}

Task<Result<ResetCounts>> forget_tokens(std::shared_ptr<detail::MatrixBackend> backend, ProviderReset request,
                                        CallContext context) {
  if (!request.user().empty()) {
    Result<bool> had = co_await credentials::UserTokens::forget(backend->tokens(), request.user(), context);
    if (!had) co_return std::move(had).error();
    co_return ResetCounts(1, *had ? 1 : 0);
  }
  credentials::UserTokens::Whose whose = [backend, request](const MatrixUserId& user) {
    return !wrong_user(user, *backend) && request.concerns(user);
  };
  Result<credentials::UserTokens::Counts> all =
      co_await credentials::UserTokens::forget_all(backend->tokens(), std::move(whose), context);
  if (!all) co_return std::move(all).error();
  co_return ResetCounts(all->users(), all->tokens());
}

Task<Result<ResetCounts>> forget_everything(std::shared_ptr<detail::MatrixBackend> backend, ProviderReset request,
                                            CallContext context) {
  Result<ResetCounts> counts = co_await forget_tokens(backend, request, context);
  if (!counts) co_return counts;
  services::ConsumerPosition::Whose whose = [backend, request](const std::string& localpart) {
    const MatrixUserId user("@" + localpart + ":" + backend->server_name());
    return !wrong_user(user, *backend) && request.concerns(user);
  };
  std::string group(context.group());
  Result<std::size_t> places = co_await services::ConsumerPosition::forget(backend->records(), std::move(group),
                                                                           request.user(), std::move(whose), context);
  if (!places) co_return std::move(places).error();
  counts->positions(*places);
  if (!request.room_prefix().empty()) {
    Result<std::size_t> rooms =
        co_await services::RoomService::forget_rooms(backend->rooms(), request.room_prefix(), context);
    if (!rooms) co_return std::move(rooms).error();
    counts->rooms(*rooms);
  }
  co_return counts;
}

// The note of `version` has come true.
Task<Result<void>> strike(std::shared_ptr<detail::MatrixBackend> backend, std::string key, StoreVersion version,
                          CallContext context) {
  StoreWrite erase = StoreWrite::erase(std::move(key), version);
  Result<StoreVersion> struck = co_await backend->records().put_if(context, std::move(erase), Durability::relaxed);
  // A conflict: another one was begun meanwhile, or has struck it.
  if (!struck && struck.error().code() != Errc::conflict) co_return std::move(struck).error();
  co_return Result<void>();
}

// Notes it, and does what stands there before, so that nothing is forgotten over it. Nothing: it is part of one that
// was begun, of all users.
Task<Result<std::optional<StoreVersion>>> note(std::shared_ptr<detail::MatrixBackend> backend, std::string key,
                                               ProviderReset request, CallContext context) {
  for (int round = 0; round < most_rounds; ++round) {
    Result<std::optional<StoreRecord>> found = co_await backend->records().get(context, key);
    if (!found) co_return std::move(found).error();
    const std::optional<StoreRecord>& there = *found;
    const MatrixUserId before = there ? read_note(*there) : MatrixUserId();
    const bool one = !request.user().empty();
    if (there && before.empty() && one) co_return std::optional<StoreVersion>();
    if (one && !before.empty() && before != request.user() && !wrong_user(before, *backend)) {
      ProviderReset left(before);
      left.rooms(request.room_prefix());
      Result<ResetCounts> done = co_await forget_everything(backend, std::move(left), context);
      if (!done) co_return std::move(done).error();
    }
    StoreWrite put = StoreWrite::put(key, there ? there->version() : 0, note_of(request.user()));
    Result<StoreVersion> noted = co_await backend->records().put_if(context, std::move(put), Durability::promised);
    if (noted) co_return std::optional<StoreVersion>(*noted);
    if (noted.error().code() != Errc::conflict) co_return std::move(noted).error();
  }
  co_return Error(Errc::busy, "other processes reset this tenant all the time; try again");
}

}  // namespace

std::optional<Error> wrong_user(const MatrixUserId& user, const detail::MatrixBackend& backend) {
  if (Result<void> legal = matrix::check_user_id(user); !legal) return legal.error();
  if (matrix::server_name_of(user) != backend.server_name()) {
    return Error(Errc::invalid_argument, "the user belongs to another homeserver").with_subject("user");
  }
  if (user == backend.tokens()->admin()->user()) return credentials::UserTokens::admin_refused();
  return std::nullopt;
}

Task<Result<ResetCounts>> forget(std::shared_ptr<detail::MatrixBackend> backend, ProviderReset request,
                                 CallContext context) {
  if (!request.user().empty()) {
    if (std::optional<Error> wrong = wrong_user(request.user(), *backend)) co_return std::move(*wrong);
  }
  if (!request.is_full()) co_return co_await forget_tokens(std::move(backend), std::move(request), std::move(context));
  const std::string key = note_key(*backend, request, context);
  Result<std::optional<StoreVersion>> noted = co_await note(backend, key, request, context);
  if (!noted) co_return std::move(noted).error();
  Result<ResetCounts> counts = co_await forget_everything(backend, std::move(request), context);
  if (!counts || !*noted) co_return counts;
  Result<void> struck = co_await strike(std::move(backend), key, **noted, context);
  if (!struck) co_return std::move(struck).error();
  co_return counts;
}

Task<Result<ResetCounts>> finish_reset(std::shared_ptr<detail::MatrixBackend> backend, ProviderReset request,
                                       CallContext context) {
  const std::string key = note_key(*backend, request, context);
  Result<std::optional<StoreRecord>> found = co_await backend->records().get(context, key);
  if (!found) co_return std::move(found).error();
  if (!*found) co_return ResetCounts();
  const StoreVersion version = (*found)->version();
  const MatrixUserId user = read_note(**found);
  ResetCounts counts;
  // One user who is not called like this tenant's any more is nobody's by now, and nothing of theirs is used.
  if (user.empty() || (!wrong_user(user, *backend) && request.concerns(user))) {
    if (!user.empty()) {
      ProviderReset one(user);
      one.full(true).rooms(request.room_prefix());
      request = std::move(one);
    }
    Result<ResetCounts> done = co_await forget_everything(backend, std::move(request), context);
    if (!done) co_return done;
    counts = *done;
  }
  Result<void> struck = co_await strike(backend, key, version, context);
  if (!struck) co_return std::move(struck).error();
  backend->core()->log().write(LogLevel::info, "chat", "reset.finished",
                               "a full reset that a process before this one had begun was finished",
                               std::string(context.group()));
  co_return counts;
}

}  // namespace confab::chat
