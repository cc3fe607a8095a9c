// Each public operation awaited in one expression, with its request, setters and options made inside it: what was given
// arrives whole, and every byte is freed once. coverage_test.py finds operations that have no case here.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <type_traits>

#include "await/stubs.hpp"

using namespace confab_await;
using namespace std::chrono_literals;

namespace {
std::atomic<long> live{0};  // allocations that were not freed yet
}

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++live;
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) --live;
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

// The homeserver's members, so that its operations can be awaited without a homeserver.
namespace confab {
namespace detail {
class MatrixBackend {
 public:
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
};
class DirectoryHome {
 public:
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
};
}  // namespace detail
Result<Homeserver> Homeserver::create(Runtime& /*runtime*/, HomeserverOptions options) {
  if (options.url().empty()) return Error(Errc::config, "there is no URL").with_subject("homeserver.url");
  return Homeserver(std::make_shared<detail::MatrixBackend>());
}
Pending<std::vector<Finding>> Homeserver::examine(CallOptions options) const {
  return answers<std::vector<Finding>>(backend_->queue, std::move(options), []() -> Result<std::vector<Finding>> {
    return std::vector<Finding>{Finding(Host::text("versions"), true, Host::text("v1.11"))};
  });
}
// What discover() gives comes from the queue that the test has set.
std::shared_ptr<Queue> discovery_queue;
Pending<std::string> Homeserver::discover(Runtime& /*runtime*/, std::string server_name, DiscoveryOptions how,
                                          CallOptions options) {
  return answers<std::string>(discovery_queue, std::move(options),
                              [name = std::move(server_name), how = std::move(how)]() -> Result<std::string> {
                                if (name != Host::text("example.org") || how.ca_file() != Host::text("ca"))
                                  return Error(Errc::internal, "other arguments arrived");
                                return Host::text("https://hs");
                              });
}
std::shared_ptr<ChatProvider> Homeserver::provider(std::string /*group*/, Access /*access*/) const {
  return std::make_shared<StubProvider>(backend_->queue);
}
// The directory's, likewise. What open() gives comes from the queue that the test has set.
namespace detail {
class AlertFeed {
 public:
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
};
}  // namespace detail
Pending<AlertBatch> AlertStream::next(CallOptions options) {
  return answers<AlertBatch>(feed_->queue, std::move(options), []() -> Result<AlertBatch> {
    const LogRecord line(LogLevel::warning, "net", "breaker.open", Host::text("away"));
    return AlertBatch{Alert(AlertKind::homeserver_failing, line, std::chrono::system_clock::now())};
  });
}

std::shared_ptr<detail::DirectoryHome> directory_home;
StoredDirectory::StoredDirectory(std::shared_ptr<detail::DirectoryHome> home) : home_(std::move(home)) {}
StoredDirectory::~StoredDirectory() = default;
Pending<std::shared_ptr<StoredDirectory>> StoredDirectory::open(Runtime& /*runtime*/, std::shared_ptr<Store> /*store*/,
                                                                TenantId tenant, CallOptions options) {
  return answers<std::shared_ptr<StoredDirectory>>(
      directory_home->queue, std::move(options),
      [tenant = std::move(tenant)]() -> Result<std::shared_ptr<StoredDirectory>> {
        if (tenant.str() != Host::text("acme")) return Error(Errc::internal, "another tenant arrived");
        return std::make_shared<StoredDirectory>(directory_home);
      });
}
Pending<DirectoryRevision> StoredDirectory::apply(DirectoryBatch batch, DirectoryRevision expected,
                                                  CallOptions options) {
  return answers<DirectoryRevision>(home_->queue, std::move(options),
                                    [batch = std::move(batch), expected]() -> Result<DirectoryRevision> {
                                      const auto* put = std::get_if<detail::PutUser>(&batch.steps().at(0));
                                      if (put == nullptr || put->user.name() != Host::text("Ana"))
                                        return Error(Errc::internal, "another batch");
                                      return expected + batch.size();
                                    });
}
Pending<DirectoryRevision> StoredDirectory::load(std::string json, CallOptions options) {
  return answers<DirectoryRevision>(home_->queue, std::move(options),
                                    [json = std::move(json)]() -> Result<DirectoryRevision> { return json.size(); });
}
Pending<DirectoryRevision> StoredDirectory::refresh(CallOptions options) {
  return answers<DirectoryRevision>(home_->queue, std::move(options),
                                    []() -> Result<DirectoryRevision> { return DirectoryRevision{7}; });
}
std::optional<DirectoryUser> StoredDirectory::user(const UserSlug& /*slug*/) const { return {}; }
std::optional<DirectoryUser> StoredDirectory::user_by_id(std::string_view /*id*/) const { return {}; }
std::optional<DirectoryRoom> StoredDirectory::room(const RoomRef& /*ref*/) const { return {}; }
Runtime::Runtime(RuntimeOptions /*options*/) {}
Runtime::~Runtime() = default;
}  // namespace confab

namespace {

// Runs a coroutine to its end and counts what it left behind.
void awaited(Fire (*coroutine)(Host*)) {
  {
    Host host;  // once, so that what is allocated for good is allocated
    coroutine(&host);
    host.queue->run();
  }
  const long before = live;
  {
    Host host;
    coroutine(&host);
    CHECK(host.completed == 0);  // not inside the call
    host.queue->run();
    CHECK(host.completed == 1);
  }
  CHECK(live == before);
  {
    Host host;  // and once more with an error
    host.stop.request_stop();
    coroutine(&host);
    host.queue->run();
    CHECK(host.completed == 0);
  }
  CHECK(live == before);
}

std::string text(const char* word) { return Host::text(word); }
RoomRef event(const char* word) { return RoomRef::event(RoomSlug(text(word))); }

Fire ensure_user(Host* host) {
  const Result<Account> account = co_await host->chat.ensure_user(
      UserSlug(text("ana")), text("Ana"), CallOptions().within(5s).stop(host->stop.get_token()));
  if (account && account->slug().str() == text("ana") && account->name() == text("Ana")) ++host->completed;
}

Fire account(Host* host) {
  const Result<Account> found =
      co_await host->chat.account(UserSlug(text("ana")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (found && found->slug().str() == text("ana") && found->state() == AccountState::locked) ++host->completed;
}

Fire set_password(Host* host) {
  const Result<void> done = co_await host->chat.set_password(UserSlug(text("pw")), Secret(text("pw")),
                                                             CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire remove_member(Host* host) {
  const Result<Room> room =
      co_await host->chat.remove_member(RoomRef::group(RoomSlug(text("chess"))), UserSlug(text("ben")),
                                        CallOptions().within(5s).stop(host->stop.get_token()));
  if (room && room->ref().slug().str() == text("chess") && room->room_id().str() == text("ben")) ++host->completed;
}

Fire members(Host* host) {
  const Result<std::vector<Member>> found =
      co_await host->chat.members(RoomRef::direct(UserSlug(text("ben")), UserSlug(text("ana"))),
                                  CallOptions().within(5s).stop(host->stop.get_token()));
  if (found && found->size() == 1 && found->front().user_id().str() == text("ana") &&
      found->front().slug().str() == text("ben"))
    ++host->completed;
}

Fire ensure_room(Host* host) {
  const Result<Room> room = co_await host->chat.ensure_room(
      RoomRequest(event("standup"), UserSlug(text("ana"))).name(text("Standup")).make_public(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (room && room->name() == text("Standup") && room->room_id().str() == text("ana")) ++host->completed;
}

Fire add_member(Host* host) {
  const Result<Room> room =
      co_await host->chat.add_member(RoomRef::group(RoomSlug(text("chess"))), UserSlug(text("ben")),
                                     CallOptions().within(5s).stop(host->stop.get_token()));
  if (room && room->ref().slug().str() == text("chess") && room->room_id().str() == text("ben")) ++host->completed;
}

Fire send(Host* host) {
  const Result<EventId> sent = co_await host->chat.send(Message(event("standup"), UserSlug(text("ana")), text("hi"))
                                                            .formatted(text("<b>"))
                                                            .kind(MessageKind::notice)
                                                            .reply_to(EventId(text("$e")))
                                                            .transaction_id(TransactionId(text("t1")))
                                                            .repeated(true),
                                                        CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("hi") + text("<b>") + text("$e") + text("t1") + "again") ++host->completed;
}

Fire history(Host* host) {
  const Result<MessagePage> page = co_await host->chat.history(
      HistoryRequest(event("standup"), UserSlug(text("ana"))).limit(7).from(PageToken(text("p"))),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (page && page->end().str() == text("p") + "7" && page->room_id().str() == text("standup")) ++host->completed;
}

Fire next(Host* host) {
  const Result<EventBatch> batch = co_await host->chat.events(UserSlug(text("ana")), EventsOptions())
                                       .next(CallOptions().within(5s).stop(host->stop.get_token()));
  if (batch && batch->size() == 1 && batch->front().room_id().str() == text("ana")) ++host->completed;
}

Fire ready(Host* host) {
  const Result<void> done = co_await host->chat.events(UserSlug(text("ana")), EventsOptions().remember_as(text("me")))
                                .ready(CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_ensure_account(Host* host) {
  const Result<void> done = co_await host->provider.ensure_account(
      MatrixUserId(text("@ana")), text("@ana"), CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_reactivate_account(Host* host) {
  const Result<void> done = co_await host->provider.reactivate_account(
      MatrixUserId(text("re")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_account(Host* host) {
  const Result<Account> found = co_await host->provider.account(MatrixUserId(text("@ana")),
                                                                CallOptions().within(5s).stop(host->stop.get_token()));
  if (found && found->user_id().str() == text("@ana")) ++host->completed;
}

Fire reset(Host* host) {
  const Result<ResetCounts> counts = co_await host->chat.reset(ResetRequest(UserSlug(text("ana"))).full(true),
                                                               CallOptions().within(5s).stop(host->stop.get_token()));
  if (counts && counts->users() == text("ana").size() && counts->positions() == 2) ++host->completed;
}

Fire send_durably(Host* host) {
  const Result<TransactionId> accepted = co_await host->chat.send_durably(
      Message(event("e"), UserSlug(text("ana")), text("hi")).transaction_id(TransactionId(text("t"))),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (accepted && accepted->str() == text("hi") + text("t")) ++host->completed;
}

Fire outbox(Host* host) {
  const Result<OutboxPage> page = co_await host->chat.outbox(OutboxRequest().dead(true).limit(3).from(text("f")),
                                                             CallOptions().within(5s).stop(host->stop.get_token()));
  if (page && page->end() == text("f") + "3dead") ++host->completed;
}

Fire outbox_message(Host* host) {
  const Result<OutboxMessage> message = co_await host->chat.outbox_message(
      TransactionId(text("t")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (message && message->transaction_id().str() == text("t")) ++host->completed;
}

Fire outbox_retry(Host* host) {
  const Result<void> done =
      co_await host->chat.outbox_retry(TransactionId(text("t")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire outbox_drop(Host* host) {
  const Result<void> done =
      co_await host->chat.outbox_drop(TransactionId(text("t")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_reset(Host* host) {
  const Result<ResetCounts> counts = co_await host->provider.reset(
      ProviderReset(MatrixUserId(text("@ana"))).full(true), CallOptions().within(5s).stop(host->stop.get_token()));
  if (counts && counts->users() == text("@ana").size() && counts->positions() == 2) ++host->completed;
}

Fire provider_set_password(Host* host) {
  const Result<void> done = co_await host->provider.set_password(MatrixUserId(text("pw")), Secret(text("pw")),
                                                                 CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_remove(Host* host) {
  const Result<void> done = co_await host->provider.remove(MatrixRoomId(text("x")), MatrixUserId(text("x")),
                                                           CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_members(Host* host) {
  const Result<std::vector<Member>> found =
      co_await host->provider.members(MatrixRoomId(text("!r")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (found && found->size() == 1 && found->front().user_id().str() == text("!r")) ++host->completed;
}

Fire provider_ensure_room(Host* host) {
  const Result<MatrixRoomId> room =
      co_await host->provider.ensure_room(ProviderRoomRequest(text("alias"), MatrixUserId(text("@ana")))
                                              .name(text("Name"))
                                              .topic(text("Topic"))
                                              .make_public(true),
                                          CallOptions().within(5s).stop(host->stop.get_token()));
  if (room && room->str() == text("alias") + text("@ana") + text("Name") + text("Topic")) ++host->completed;
}

Fire provider_find_room(Host* host) {
  const Result<MatrixRoomId> room =
      co_await host->provider.find_room(text("alias"), CallOptions().within(5s).stop(host->stop.get_token()));
  if (room && room->str() == text("alias")) ++host->completed;
}

Fire provider_room_alias(Host* host) {
  const Result<std::string> alias = co_await host->provider.room_alias(
      MatrixRoomId(text("!r")), CallOptions().within(5s).stop(host->stop.get_token()));
  if (alias && *alias == text("!r")) ++host->completed;
}

Fire provider_join(Host* host) {
  const Result<void> done = co_await host->provider.join(MatrixRoomId(text("x")), MatrixUserId(text("x")),
                                                         CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_send(Host* host) {
  const Result<EventId> sent = co_await host->provider.send(
      ProviderMessage(MatrixRoomId(text("!r")), MatrixUserId(text("@ana")), text("hi"), TransactionId(text("t")))
          .formatted(text("<b>"))
          .reply_to(EventId(text("$e")))
          .kind(MessageKind::emote)
          .even_if_encrypted(true)
          .repeated(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("hi") + text("<b>") + text("$e") + text("t")) ++host->completed;
}

Fire provider_history(Host* host) {
  const Result<MessagePage> page =
      co_await host->provider.history(ProviderHistoryRequest(MatrixRoomId(text("!r")), MatrixUserId(text("@ana")))
                                          .limit(9)
                                          .from(PageToken(text("p")))
                                          .reactions(false),
                                      CallOptions().within(5s).stop(host->stop.get_token()));
  if (page && page->end().str() == text("@ana") + text("p") + "9") ++host->completed;
}

Fire edit(Host* host) {
  const Result<EventId> sent =
      co_await host->chat.edit(Edit(event("standup"), UserSlug(text("ana")), EventId(text("$m")), text("new"))
                                   .formatted(text("<i>"))
                                   .kind(MessageKind::notice)
                                   .even_if_encrypted(true)
                                   .transaction_id(TransactionId(text("t")))
                                   .repeated(true),
                               CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("new") + text("<i>") + text("t") + text("ana")) ++host->completed;
}

Fire redact(Host* host) {
  const Result<EventId> sent =
      co_await host->chat.redact(Redaction(event("standup"), UserSlug(text("ana")), EventId(text("$m")))
                                     .reason(text("why"))
                                     .transaction_id(TransactionId(text("t")))
                                     .repeated(true),
                                 CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("why") + text("t")) ++host->completed;
}

Fire react(Host* host) {
  const Result<EventId> sent =
      co_await host->chat.react(Reaction(event("standup"), UserSlug(text("ana")), EventId(text("$m")), text("key"))
                                    .transaction_id(TransactionId(text("t")))
                                    .repeated(true),
                                CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("key") + text("t")) ++host->completed;
}

Fire typing(Host* host) {
  const Result<void> done = co_await host->chat.typing(TypingNotice(event("standup"), UserSlug(text("ana")), true),
                                                       CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire mark_read(Host* host) {
  const Result<void> done = co_await host->chat.mark_read(
      ReadMark(event("standup"), UserSlug(text("x")), EventId(text("x"))).in_private(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire unread(Host* host) {
  const Result<Unread> unread = co_await host->chat.unread(event("standup"), UserSlug(text("ana")),
                                                           CallOptions().within(5s).stop(host->stop.get_token()));
  if (unread && unread->last_read().str() == text("ana")) ++host->completed;
}

Fire provider_edit(Host* host) {
  const Result<EventId> sent = co_await host->provider.edit(
      ProviderEdit(MatrixRoomId(text("!r")), MatrixUserId(text("ana")), EventId(text("$m")), text("new"))
          .formatted(text("<i>"))
          .kind(MessageKind::notice)
          .even_if_encrypted(true)
          .transaction_id(TransactionId(text("t")))
          .repeated(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("new") + text("<i>") + text("t") + text("ana")) ++host->completed;
}

Fire provider_redact(Host* host) {
  const Result<EventId> sent = co_await host->provider.redact(
      ProviderRedaction(MatrixRoomId(text("!r")), MatrixUserId(text("ana")), EventId(text("$m")))
          .reason(text("why"))
          .transaction_id(TransactionId(text("t")))
          .repeated(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("why") + text("t")) ++host->completed;
}

Fire provider_react(Host* host) {
  const Result<EventId> sent = co_await host->provider.react(
      ProviderReaction(MatrixRoomId(text("!r")), MatrixUserId(text("ana")), EventId(text("$m")), text("key"))
          .transaction_id(TransactionId(text("t")))
          .repeated(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (sent && sent->str() == text("$m") + text("key") + text("t")) ++host->completed;
}

Fire provider_typing(Host* host) {
  const Result<void> done =
      co_await host->provider.typing(ProviderTypingNotice(MatrixRoomId(text("!r")), MatrixUserId(text("ana")), true),
                                     CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_mark_read(Host* host) {
  const Result<void> done = co_await host->provider.mark_read(
      ProviderReadMark(MatrixRoomId(text("!r")), MatrixUserId(text("x")), EventId(text("x"))).in_private(true),
      CallOptions().within(5s).stop(host->stop.get_token()));
  if (done) ++host->completed;
}

Fire provider_unread(Host* host) {
  const Result<Unread> unread = co_await host->provider.unread(MatrixRoomId(text("!r")), MatrixUserId(text("ana")),
                                                               CallOptions().within(5s).stop(host->stop.get_token()));
  if (unread && unread->last_read().str() == text("ana")) ++host->completed;
}

Fire examine(Homeserver* homeserver, std::stop_token stop, int* findings) {
  const Result<std::vector<Finding>> found = co_await homeserver->examine(CallOptions().within(5s).stop(stop));
  *findings = found ? static_cast<int>(found->size()) : -1;
}

// The other shapes that one expression takes.
Fire in_a_condition(Host* host) {
  if (const Result<EventId> sent = co_await host->chat.send(Message(event("e"), UserSlug(text("ana")), text("hi")),
                                                            CallOptions().stop(host->stop.get_token()));
      sent)
    ++host->completed;
}
Fire as_an_operand(Host* host) {
  const std::string joined = "sent " + (co_await host->chat.send(Message(event("e"), UserSlug(text("ana")), text("hi")),
                                                                 CallOptions().stop(host->stop.get_token())))
                                           .value_or(EventId(text("none")))
                                           .str();
  if (joined == "sent " + text("hi")) ++host->completed;
}
Fire by_the_default_options(Host* host) {
  const Result<Account> account = co_await static_cast<ChatService&>(host->chat).ensure_user(UserSlug(text("ana")));
  if (account && !host->stop.stop_requested()) ++host->completed;
}
Fire one_in_another(Host* host) {
  const Result<EventId> sent = co_await host->chat.send(
      Message(event("e"), UserSlug(text("ana")),
              (co_await host->chat.history(HistoryRequest(event("e"), UserSlug(text("ana"))).limit(3),
                                           CallOptions().stop(host->stop.get_token())))
                  .value_or(MessagePage(MatrixRoomId(text("none")), {}, PageToken(text("none"))))
                  .room_id()
                  .str()),
      CallOptions().stop(host->stop.get_token()));
  if (sent && sent->str() == text("e")) ++host->completed;
}

// An argument that counts its own lives.
class Counted {
 public:
  static inline int made = 0;
  static inline int gone = 0;
  Counted() { ++made; }
  Counted(const Counted&) { ++made; }
  Counted(Counted&&) noexcept { ++made; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { ++gone; }
  Counted&& chained() && { return std::move(*this); }
};
Pending<int> count(const std::shared_ptr<Queue>& queue, Counted first, Counted second, CallOptions options) {
  return answers<int>(queue, std::move(options),
                      [first = std::move(first), second = std::move(second)]() -> Result<int> {
                        return Counted::made - Counted::gone;
                      });
}
Fire counting(std::shared_ptr<Queue> queue, int* alive) {
  *alive = (co_await count(queue, Counted().chained(), Counted(), CallOptions().within(1s))).value_or(-1);
}

Fire discover(Runtime* runtime, std::stop_token stop, std::string* url) {
  const Result<std::string> found = co_await Homeserver::discover(
      *runtime, text("example.org"), DiscoveryOptions().ca_file(text("ca")).proxy(text("p")),
      CallOptions().within(5s).stop(stop));
  if (found) *url = *found;
}

Fire next_alert(AlertStream* alerts, std::stop_token stop, std::string* said) {
  if (const Result<AlertBatch> batch = co_await alerts->next(CallOptions().within(5s).stop(stop))) {
    *said = batch->front().message();
  }
}

template <class... Classes>
constexpr bool none_is_an_aggregate = (!std::is_aggregate_v<Classes> && ...);
static_assert(none_is_an_aggregate<CallOptions, RuntimeOptions, HomeserverOptions, DiscoveryOptions, TenantOptions,
                                   Message, HistoryRequest, RoomRequest, ProviderRoomRequest, ProviderMessage, Secret,
                                   UserSlug, RoomRef, Error, Result<int>, Account, Member, Room, ChatEvent, MessagePage,
                                   ReceivedMessage, DirectoryUser, Edit, Redaction, Reaction, TypingNotice, ReadMark,
                                   Unread, ProviderEdit, ProviderRedaction, ProviderReaction, ProviderTypingNotice,
                                   ProviderReadMark, ResetRequest, ProviderReset, OutboxMessage, OutboxRequest,
                                   OutboxPage, ResetCounts, ReadReceipt, Reactions, MessageRelation>,
              "g++ 12 destroys aggregate temporaries of a co_await expression twice");

Fire open_directory(Runtime* runtime, int* done) {
  if (auto opened = co_await StoredDirectory::open(*runtime, nullptr, TenantId(text("acme")),
                                                   CallOptions().within(1s).stop(std::stop_token()));
      opened)
    ++*done;
}
Fire apply_batch(StoredDirectory* directory, int* done) {
  if (auto revision = co_await directory->apply(
          DirectoryBatch()
              .put_user(DirectoryUser(text("1"), UserSlug(text("ana")), text("Ana")))
              .put_room(event("e"), text("Event"), true, UserSlug(text("ana")))
              .put_member(event("e"), DirectoryMember(UserSlug(text("ben")), text("guest")).allow(text("ManageEvent")))
              .erase_member(event("e"), UserSlug(text("cem")))
              .erase_user(UserSlug(text("dea"))),
          DirectoryRevision{2}, CallOptions().within(1s).stop(std::stop_token()));
      revision && *revision == 7)
    ++*done;
}
Fire load_directory(StoredDirectory* directory, int* done) {
  if (auto revision = co_await directory->load(text("{}"), CallOptions().within(1s).stop(std::stop_token())); revision)
    ++*done;
}
Fire refresh_directory(StoredDirectory* directory, int* done) {
  if (auto revision = co_await directory->refresh(CallOptions().within(1s).stop(std::stop_token())); revision) ++*done;
}

}  // namespace

TEST_CASE("ChatService::ensure_user") { awaited(ensure_user); }
TEST_CASE("ChatService::account") { awaited(account); }
TEST_CASE("ChatService::set_password") { awaited(set_password); }
TEST_CASE("ChatService::reset") { awaited(reset); }
TEST_CASE("ChatService::remove_member") { awaited(remove_member); }
TEST_CASE("ChatService::members") { awaited(members); }
TEST_CASE("ChatService::ensure_room") { awaited(ensure_room); }
TEST_CASE("ChatService::add_member") { awaited(add_member); }
TEST_CASE("ChatService::send") { awaited(send); }
TEST_CASE("ChatService::send_durably") { awaited(send_durably); }
TEST_CASE("ChatService::outbox") { awaited(outbox); }
TEST_CASE("ChatService::outbox_message") { awaited(outbox_message); }
TEST_CASE("ChatService::outbox_retry") { awaited(outbox_retry); }
TEST_CASE("ChatService::outbox_drop") { awaited(outbox_drop); }
TEST_CASE("ChatService::edit") { awaited(edit); }
TEST_CASE("ChatService::redact") { awaited(redact); }
TEST_CASE("ChatService::react") { awaited(react); }
TEST_CASE("ChatService::typing") { awaited(typing); }
TEST_CASE("ChatService::mark_read") { awaited(mark_read); }
TEST_CASE("ChatService::unread") { awaited(unread); }
TEST_CASE("ChatService::history") { awaited(history); }
TEST_CASE("EventStream::next") { awaited(next); }
TEST_CASE("EventStream::ready") { awaited(ready); }
TEST_CASE("ChatProvider::ensure_account") { awaited(provider_ensure_account); }
TEST_CASE("ChatProvider::reactivate_account") { awaited(provider_reactivate_account); }
TEST_CASE("ChatProvider::account") { awaited(provider_account); }
TEST_CASE("ChatProvider::set_password") { awaited(provider_set_password); }
TEST_CASE("ChatProvider::reset") { awaited(provider_reset); }
TEST_CASE("ChatProvider::remove") { awaited(provider_remove); }
TEST_CASE("ChatProvider::members") { awaited(provider_members); }
TEST_CASE("ChatProvider::ensure_room") { awaited(provider_ensure_room); }
TEST_CASE("ChatProvider::find_room") { awaited(provider_find_room); }
TEST_CASE("ChatProvider::room_alias") { awaited(provider_room_alias); }
TEST_CASE("ChatProvider::join") { awaited(provider_join); }
TEST_CASE("ChatProvider::send") { awaited(provider_send); }
TEST_CASE("ChatProvider::edit") { awaited(provider_edit); }
TEST_CASE("ChatProvider::redact") { awaited(provider_redact); }
TEST_CASE("ChatProvider::react") { awaited(provider_react); }
TEST_CASE("ChatProvider::typing") { awaited(provider_typing); }
TEST_CASE("ChatProvider::mark_read") { awaited(provider_mark_read); }
TEST_CASE("ChatProvider::unread") { awaited(provider_unread); }
TEST_CASE("ChatProvider::history") { awaited(provider_history); }

TEST_CASE("Homeserver::examine") {
  Runtime runtime;
  Result<Homeserver> homeserver = Homeserver::create(
      runtime, HomeserverOptions(text("https://x"), text("x"), text("admin"), Secret(text("p"))).ca_file(text("ca")));
  REQUIRE(homeserver.has_value());
  const long before = live;
  int findings = 0;
  examine(&*homeserver, std::stop_token(), &findings);
  static_cast<StubProvider&>(*homeserver->provider()).queue()->run();
  CHECK(findings == 1);
  CHECK(live <= before + 1);  // the queue may keep a block for next time
}

TEST_CASE("Homeserver::discover") {
  Runtime runtime;
  discovery_queue = std::make_shared<Queue>();
  std::string url;
  url.reserve(100);
  const long before = live;
  discover(&runtime, std::stop_token(), &url);
  discovery_queue->run();
  CHECK(url == text("https://hs"));
  CHECK(live <= before + 1);  // the queue may keep a block for next time
  discovery_queue.reset();
}

TEST_CASE("AlertStream::next") {
  const auto feed = std::make_shared<confab::detail::AlertFeed>();
  AlertStream alerts(feed);
  std::string said;
  said.reserve(100);
  const long before = live;
  next_alert(&alerts, std::stop_token(), &said);
  feed->queue->run();
  CHECK(said == text("away"));
  CHECK(live <= before + 1);  // the queue may keep a block for next time
}

namespace {
// Runs a coroutine of a directory to its end, and counts what it left behind.
template <class Coroutine>
void directory_awaited(Coroutine coroutine) {
  directory_home = std::make_shared<confab::detail::DirectoryHome>();
  {
    StoredDirectory directory(directory_home);
    const long before = live;
    int done = 0;
    coroutine(&directory, &done);
    CHECK(done == 0);
    directory_home->queue->run();
    CHECK(done == 1);
    CHECK(live <= before + 1);  // the queue may keep a block for next time
  }
  directory_home.reset();
}
}  // namespace

TEST_CASE("StoredDirectory::open") {
  Runtime runtime;
  directory_awaited([&runtime](StoredDirectory*, int* done) { open_directory(&runtime, done); });
}
TEST_CASE("StoredDirectory::apply") { directory_awaited(apply_batch); }
TEST_CASE("StoredDirectory::load") { directory_awaited(load_directory); }
TEST_CASE("StoredDirectory::refresh") { directory_awaited(refresh_directory); }

TEST_CASE("in a condition") { awaited(in_a_condition); }
TEST_CASE("as an operand") { awaited(as_an_operand); }
TEST_CASE("by the default options") { awaited(by_the_default_options); }
TEST_CASE("one in another") { awaited(one_in_another); }

TEST_CASE("each argument is destroyed as often as it is made") {
  auto queue = std::make_shared<Queue>();
  int alive = 0;
  counting(queue, &alive);
  queue->run();
  CHECK(alive >= 2);
  CHECK(Counted::made == Counted::gone);
}

TEST_CASE("a described operation that is dropped frees what it holds") {
  Host host;
  const long before = live;
  {
    const Pending<EventId> dropped =
        host.chat.send(Message(event("e"), UserSlug(text("ana")), text("hi")), CallOptions());
  }
  CHECK(live == before);
}
