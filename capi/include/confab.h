/// @file
/// confab.h: chat over Matrix for every language that can call C. docs/c-api.md is the guide, with a whole program;
/// capi/results.schema.json describes every result.
///
/// Calls.    A function that can fail returns a confab_status. Where its last parameter is `confab_error **error`, NULL
///           may be passed; otherwise *error becomes NULL on success, and on failure an error for the caller to
///           release, or NULL where there was no memory for one. All other places for handles are NULL after a failure.
/// Handles.  Opaque and reference counted: who gets one owns one reference and gives it back with ..._release(), which
///           takes NULL, too. Handles keep alive what they were made from, so the order of releases is free. Using a
///           handle after its last reference was released is undefined, as after free(). A handle that is NULL or of
///           another kind is CONFAB_INVALID_ARGUMENT; functions without a status then answer what they say of NULL.
/// Strings.  UTF-8, ended by NUL. What is passed in is copied, and NULL is an empty string. What comes back is
///           borrowed: it lives as long as the handle it was read from.
/// Structs.  Fill them with zeros (`= {.struct_size = sizeof request}` does); zero is the default of every member that
///           states none as required. A struct from a later version of this header is taken while what this version
///           does not know is zero; else CONFAB_UNSUPPORTED. One smaller than it ever was: CONFAB_INVALID_ARGUMENT.
/// Asking.   Operations do not block. Each names a queue and a tag of the caller's choice. CONFAB_OK: exactly one event
///           with this tag arrives in that queue, whatever happens, unless the queue is closed before. Anything else:
///           no event ever, and nothing was done. What the arguments say is judged by the operation, so a wrong user or
///           an empty text is told by its event. docs/errors.md says what each status asks for; beside those stated at
///           an operation each may end with CONFAB_UNREACHABLE, UNAVAILABLE, RATE_LIMITED, TIMED_OUT, CANCELLED,
///           CLOSED, ADMIN_UNAVAILABLE, ACCOUNT_..., PROTOCOL, STORE, NO_MEMORY or INTERNAL.
/// Threads.  Every function may be called from any thread, several at once, with the same handle. Those that block say
///           so. The library runs threads of its own, and of the host's code only a store's functions on them; block the
///           signals that they shall not take before confab_runtime_new().
/// fork().   In a child whose parent had used the library, every function that returns a status answers CONFAB_FORKED
///           and does nothing, retains and releases do nothing, and readers answer what they say of NULL. exec() is free.
/// dlclose() is safe: the library stays mapped.
#ifndef CONFAB_H
#define CONFAB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Marks what the library exports.
#define CONFAB_API __attribute__((visibility("default")))

/// Number of this ABI, as in the name of the library, libconfab.so.0. While it is 0, any version may change it.
#define CONFAB_ABI 0

/// Tell the CONFAB_ABI that the library was built with. Works in a forked child, like all functions without a handle
/// and an error.
CONFAB_API uint32_t confab_abi(void);

CONFAB_API const char *confab_version(void);  ///< Tell the version of the library, for example "0.1.0". Static.

/// Tell whether a part is in this build: "sqlite", "postgresql" (stores that outlive the process); "logs", "alerts" (as
/// events); "directory" (confab_directory_...); "questions"; "store" (confab_store_...).
/// The functions are there in every build; what needs a part that is left out answers CONFAB_UNSUPPORTED.
///
/// @returns        1 or 0; 0 for what this version does not know.
CONFAB_API int32_t confab_has(const char *feature);

/// How a call ended. Numbers and names are stable and those of confab::Errc, but for CONFAB_FORKED; later versions add
/// some: treat an unknown one as CONFAB_UNKNOWN.
typedef int32_t confab_status;
enum {
  CONFAB_OK = 0,                    ///< Done, or taken on.
  CONFAB_UNKNOWN = 1,               ///< The homeserver refused and said nothing that is known here.
  CONFAB_INVALID_ARGUMENT = 2,      ///< An argument can never be accepted: correct it. Nothing was sent.
  CONFAB_CONFIG = 3,                ///< The configuration cannot work; the error names the key.
  CONFAB_NOT_FOUND = 4,             ///< The user, room or event does not exist, as far as the caller may know.
  CONFAB_FORBIDDEN = 5,             ///< The host's directory or the homeserver does not allow it.
  CONFAB_CONFLICT = 6,              ///< Somebody else changed or made it first: read again, then decide.
  CONFAB_TOO_LARGE = 7,             ///< Over a limit of the protocol or of docs/limits.md: make it smaller.
  CONFAB_RATE_LIMITED = 8,          ///< The homeserver asks to slow down.
  CONFAB_UNREACHABLE = 9,           ///< No connection could be made; nothing was sent. Try again later.
  CONFAB_UNAVAILABLE = 10,          ///< The homeserver answers, but failing (5xx), or its circuit breaker is open.
  CONFAB_TIMED_OUT = 11,            ///< The time passed before anything was sent, or came.
  CONFAB_CANCELLED = 12,            ///< The caller cancelled before anything was sent.
  CONFAB_OUTCOME_UNKNOWN = 13,      ///< It ended after the request was written: it may have happened.
  CONFAB_PROTOCOL = 14,             ///< The answer is no Matrix: wrong URL, a captive portal, a broken proxy.
  CONFAB_SESSION_EXPIRED = 15,      ///< The user's token is dead and could not be replaced.
  CONFAB_ADMIN_UNAVAILABLE = 16,    ///< The admin account cannot log in: check its name and password.
  CONFAB_ACCOUNT_LOCKED = 17,       ///< The homeserver's operator locked the account.
  CONFAB_ACCOUNT_SUSPENDED = 18,    ///< The account may read but not write.
  CONFAB_ACCOUNT_DEACTIVATED = 19,  ///< The account was closed.
  CONFAB_ENCRYPTED_ROOM = 20,       ///< The room is encrypted; plain text is refused.
  CONFAB_BUSY = 21,                 ///< A bound of docs/limits.md is reached, or of the system: wait, then repeat.
  CONFAB_CLOSED = 22,               ///< The runtime, queue or stream was closed.
  CONFAB_CONSUMED = 23,             ///< Not seen through this header.
  CONFAB_WOULD_DEADLOCK = 24,       ///< Not seen through this header.
  CONFAB_UNSUPPORTED = 25,          ///< The homeserver, this version or this build lacks what the call needs.
  CONFAB_STORE = 26,                ///< What must be remembered could not be written or read.
  CONFAB_NO_MEMORY = 27,            ///< An allocation failed.
  CONFAB_INTERNAL = 28,             ///< A fault of this library; please report it.
  CONFAB_FORKED = 1000              ///< The process is a forked child: see above.
};

/// Tell the stable name of a status: "ok", "rate_limited"; "unknown" for a number that is none. Static.
CONFAB_API const char *confab_status_name(confab_status status);

typedef struct confab_error confab_error;          ///< Why a call or an operation failed. Immutable.
typedef struct confab_runtime confab_runtime;      ///< Threads, connections, timers. One is enough for a process.
typedef struct confab_queue confab_queue;          ///< Where events arrive.
typedef struct confab_event confab_event;          ///< What arrived: how an operation ended, or a batch of a stream.
typedef struct confab_operation confab_operation;  ///< An operation, to cancel it.
typedef struct confab_client confab_client;        ///< A homeserver, as a configuration describes it.
typedef struct confab_tenant confab_tenant;        ///< Chat for the users of one tenant.
typedef struct confab_stream confab_stream;        ///< A user's events.
typedef struct confab_store confab_store;          ///< Where the host keeps what the library remembers.

// Errors.

/// Take another reference.
///
/// @returns        The same handle, as for every ..._retain(). NULL for NULL.
CONFAB_API confab_error *confab_error_retain(confab_error *error);
CONFAB_API void confab_error_release(confab_error *error);  ///< Give a reference back; the last one frees the error.
/// The status: branch on this, never on a text. CONFAB_OK for NULL.
CONFAB_API confab_status confab_error_status(const confab_error *error);
/// What happened and what to do; safe to log. Its wording may change. Never NULL, but for NULL: so are all texts below.
CONFAB_API const char *confab_error_message(const confab_error *error);
/// The configuration key, path or argument at fault; or empty.
CONFAB_API const char *confab_error_subject(const confab_error *error);
/// The Matrix error code as the homeserver wrote it ("M_FORBIDDEN"); or empty.
CONFAB_API const char *confab_error_errcode(const confab_error *error);
/// The homeserver's own words, at most 512 bytes; or empty. They may hold what users typed: never log them.
CONFAB_API const char *confab_error_server_message(const confab_error *error);
/// The transaction id of the send whose outcome is unknown: repeat with it and `repeated`; or empty.
CONFAB_API const char *confab_error_transaction_id(const confab_error *error);
CONFAB_API int32_t confab_error_http_status(const confab_error *error);  ///< Of the deciding answer; else 0.
/// 1 if the same call may succeed later, unchanged; else 0. For CONFAB_OUTCOME_UNKNOWN see the transaction id.
CONFAB_API int32_t confab_error_retriable(const confab_error *error);
/// Milliseconds to wait before that, counted from the failure; -1 where nobody said, and for NULL.
CONFAB_API int64_t confab_error_retry_after_ms(const confab_error *error);

// The runtime.

/// Which log lines are told, each with those that matter more. Alerts are told with all of them.
enum {
  CONFAB_LOG_ALERTS = 0,   ///< None.
  CONFAB_LOG_ERROR = 1,    ///< What the library could not do, and will not try again by itself.
  CONFAB_LOG_WARNING = 2,  ///< It works, but somebody should look.
  CONFAB_LOG_INFO = 3,     ///< What changed.
  CONFAB_LOG_DEBUG = 4     ///< Every request; for developers.
};

/// How a runtime is set up.
typedef struct confab_runtime_options {
  uint32_t struct_size;     ///< Required: sizeof of this struct, as in each struct below.
  uint32_t loop_threads;    ///< Threads that do the network work, 1 to 64. Default 1, which serves thousands of users.
  confab_queue *log_queue;  ///< Where CONFAB_EVENT_LOG and CONFAB_EVENT_ALERT go. Default: nowhere.
  uint64_t log_tag;         ///< Their tag.
  int32_t log_level;        ///< CONFAB_LOG_...
  uint32_t most_logs;       ///< Log lines that may wait in the queue, 1 to 100,000. Default 1,024.
} confab_runtime_options;

/// Start the threads. Nothing is connected to.
///
/// @param options  May be NULL: the defaults.
/// @returns        CONFAB_BUSY: the system refuses a thread or a descriptor.
CONFAB_API confab_status confab_runtime_new(const confab_runtime_options *options, confab_runtime **runtime,
                                            confab_error **error);
/// End all operations and streams, and what other threads just open (CONFAB_CLOSED where nothing better is known), and join
/// the threads. It blocks: mostly milliseconds, at most some seconds. Afterwards all is CONFAB_CLOSED. Twice is once.
CONFAB_API confab_status confab_runtime_close(confab_runtime *runtime);
CONFAB_API confab_runtime *confab_runtime_retain(confab_runtime *runtime);  ///< Take another reference.
/// Give a reference back. When it and all clients, tenants and streams made with it are gone, it is closed as above, by
/// whichever release was the last. Operations in flight do not keep it: their events then tell CONFAB_CLOSED.
CONFAB_API void confab_runtime_release(confab_runtime *runtime);

// Queues and their events.

/// How a queue is set up.
typedef struct confab_queue_options {
  uint32_t struct_size;      ///< Required.
  uint32_t most_operations;  ///< At most so many events owed and not taken yet, 1 to 1,000,000. Default 4,096.
} confab_queue_options;

/// Make a queue. Operations of any runtime may arrive in it.
///
/// @param options  May be NULL: the defaults.
/// @returns        CONFAB_BUSY: the system refuses a descriptor.
CONFAB_API confab_status confab_queue_new(const confab_queue_options *options, confab_queue **queue,
                                          confab_error **error);
/// A descriptor that can be read from while there is something to take or the queue is closed: for poll(), epoll,
/// add_reader(). Level-triggered, close-on-exec. Never read from it or close it; it ends with the queue.
///
/// @returns        -1 for NULL.
CONFAB_API int32_t confab_queue_fd(const confab_queue *queue);
/// Take the event that came first, or wait for it. Several threads may take from one queue: each event goes to one.
///
/// @param timeout_ms 0: look only. Negative: no bound.
/// @param event    Required, else CONFAB_INVALID_ARGUMENT. Where OK: an event for the caller to release; else NULL.
/// @returns        CONFAB_TIMED_OUT: nothing came. CONFAB_CLOSED: closed, and nothing is left.
CONFAB_API confab_status confab_queue_next(confab_queue *queue, int32_t timeout_ms, confab_event **event);
/// Refuse operations from now on, and wake who waits. What has arrived can still be taken; what would arrive later is
/// dropped, while the operations themselves go on. Streams into this queue are closed. Twice is once.
CONFAB_API confab_status confab_queue_close(confab_queue *queue);
CONFAB_API confab_queue *confab_queue_retain(confab_queue *queue);  ///< Take another reference.
/// Give a reference back. The last one closes the queue and drops what is in it.
CONFAB_API void confab_queue_release(confab_queue *queue);

/// What an event is. Later versions may add kinds: release what you do not know.
enum {
  CONFAB_EVENT_COMPLETION = 1,  ///< An operation ended: confab_event_status() tells how, the JSON holds its result.
  CONFAB_EVENT_BATCH = 2,       ///< A stream tells what happened, or why it cannot: see confab_stream_grant().
  CONFAB_EVENT_STREAM_END = 3,  ///< A stream is closed: the last event of its tag, exactly one.
  CONFAB_EVENT_LOG = 4,         ///< A log line: `log`. Over most_logs that wait it is dropped; the next one counts it.
  CONFAB_EVENT_ALERT = 5,       ///< What an operator must know: `alert`. As log lines; of these 64 may wait.
  CONFAB_EVENT_QUESTION = 6     ///< What the library has to ask: `question`. See confab_answer().
};

CONFAB_API confab_event *confab_event_retain(confab_event *event);  ///< Take another reference.
CONFAB_API void confab_event_release(confab_event *event);  ///< The last one frees all texts that were read from it.
CONFAB_API int32_t confab_event_kind(const confab_event *event);  ///< Which of the above. 0 for NULL.
/// The tag that the operation or stream was started with. 0 for NULL.
CONFAB_API uint64_t confab_event_tag(const confab_event *event);
/// How it ended. CONFAB_INVALID_ARGUMENT for NULL.
CONFAB_API confab_status confab_event_status(const confab_event *event);
/// Why it failed; NULL where the status is CONFAB_OK, and where there was no memory to say more. Borrowed from the
/// event: retain it to keep it longer.
CONFAB_API confab_error *confab_event_error(const confab_event *event);
/// The result as JSON, an object in one line. NULL where there is none: after an error, and of a stream's end.
///
/// @param length   May be NULL. Bytes, without the NUL.
CONFAB_API const char *confab_event_json(const confab_event *event, size_t *length);
/// Read one text of the result: confab_event_string(event, "/messages/0/body", NULL).
///
/// @param pointer  RFC 6901.
/// @param length   May be NULL. Bytes; a text may hold NULs.
/// @returns        NULL where there is no text at this place. The same text again for the same pointer.
CONFAB_API const char *confab_event_string(const confab_event *event, const char *pointer, size_t *length);
/// Read one whole number of the result, or a truth as 1 or 0.
///
/// @returns        CONFAB_NOT_FOUND: there is none at this place; *value is as it was.
CONFAB_API confab_status confab_event_int(const confab_event *event, const char *pointer, int64_t *value);
/// Tell how many elements the array, or members the object, at this place has. 0 for everything else.
CONFAB_API size_t confab_event_count(const confab_event *event, const char *pointer);

// Operations in flight.

/// Ask an operation to end early. Its event comes as ever: with CONFAB_CANCELLED, with CONFAB_OUTCOME_UNKNOWN where a
/// request had been written, or with the result that won the race. One that has ended: nothing happens, CONFAB_OK.
CONFAB_API confab_status confab_operation_cancel(confab_operation *operation);
CONFAB_API confab_operation *confab_operation_retain(confab_operation *operation);  ///< Take another reference.
CONFAB_API void confab_operation_release(confab_operation *operation);  ///< The operation goes on.

// A store of the host's own: its functions are the only code of the host that the library calls. docs/c-api.md tells what
// they have to do; examples/c/list_store.c is one.

/// What one call found. It lives as long as that call, on its thread.
typedef struct confab_store_answer confab_store_answer;

/// What becomes of a record whose version is the expected one.
enum {
  CONFAB_STORE_PUT = 0,    ///< It is written.
  CONFAB_STORE_ERASE = 1,  ///< It is removed.
  CONFAB_STORE_CHECK = 2   ///< Nothing.
};

/// One step of a transaction.
typedef struct confab_store_write {
  uint32_t struct_size;  ///< As the library has it.
  int32_t kind;          ///< CONFAB_STORE_...
  const char *key;       ///< A text path.
  uint64_t expected;     ///< The version that must be found; 0: there must be no record.
  const char *value;     ///< CONFAB_STORE_PUT: JSON text.
  int64_t lifetime_ms;   ///< CONFAB_STORE_PUT: how long until it reads as absent; -1: it stays.
} confab_store_write;

/// Read one record: answer it, or nothing where there is none or it has expired.
typedef confab_status (*confab_store_get)(void *context, const char *key, confab_store_answer *answer);
/// Read at most `limit` records whose keys begin with `prefix`, in the order of their bytes, behind `cursor` ("": from
/// the first); where more follow, answer a cursor, too. At most 1 MiB of keys and values, but at least one record.
typedef confab_status (*confab_store_list)(void *context, const char *prefix, const char *cursor, uint32_t limit,
                                           confab_store_answer *answer);
/// Apply all steps or none, each key being there once; answer each one's new version, in order: of a put one that this key
/// never had, of an erase 0, of a check the expected one. CONFAB_CONFLICT, with the key as the fault's subject: a version
/// was another one. `promised`: it has to outlive a loss of power.
typedef confab_status (*confab_store_transact)(void *context, const confab_store_write *const *writes, uint32_t count,
                                               int32_t promised, confab_store_answer *answer);
/// Read the store's clock, which never goes back.
typedef confab_status (*confab_store_now)(void *context, confab_store_answer *answer);
/// Nothing will be called any more.
typedef void (*confab_store_end)(void *context);

/// The functions of a store. They may block. Beside what is said above they answer CONFAB_OK, CONFAB_STORE (it failed, and
/// a write may have happened whole or not at all), BUSY or NO_MEMORY (nothing was done).
typedef struct confab_store_vtable {
  uint32_t struct_size;            ///< Required.
  uint32_t threads;                ///< The library's threads that call, 1 to 16. Default 1: no two calls at a time.
  void *context;                   ///< Handed to each.
  confab_store_get get;            ///< Required.
  confab_store_list list;          ///< Required.
  confab_store_transact transact;  ///< Required.
  confab_store_now now;            ///< Default: this machine's clock.
  confab_store_end end;            ///< May be NULL. Called once, where confab_store_new() had succeeded.
} confab_store_vtable;

/// Make a store of these functions, for confab_client_options. They are called on threads of its own, and may call of this
/// header only confab_store_answer_...().
CONFAB_API confab_status confab_store_new(const confab_store_vtable *vtable, confab_store **store, confab_error **error);
CONFAB_API confab_store *confab_store_retain(confab_store *store);  ///< Take another reference.
/// Give a reference back. Once clients do not use it either, whoever was last waits for calls that run; then `end` is called.
CONFAB_API void confab_store_release(confab_store *store);
/// Add a record. `expires_ms`: on the store's clock, in milliseconds since 1970; -1: never.
CONFAB_API confab_status confab_store_answer_record(confab_store_answer *answer, const char *key, uint64_t version,
                                                    const char *value, int64_t expires_ms);
/// Say where the next page begins.
CONFAB_API confab_status confab_store_answer_cursor(confab_store_answer *answer, const char *cursor);
/// Add the version of the next step.
CONFAB_API confab_status confab_store_answer_version(confab_store_answer *answer, uint64_t version);
/// Tell the time, in milliseconds since 1970.
CONFAB_API confab_status confab_store_answer_time(confab_store_answer *answer, int64_t time_ms);
/// Say what is at fault, beside a status that is not CONFAB_OK: a key, or a word for it; what happened, safe to log.
CONFAB_API confab_status confab_store_answer_fault(confab_store_answer *answer, const char *subject,
                                                   const char *message);

// The homeserver and its tenants.

/// A configuration, from a file or as text, in the format of docs/configuration.md.
typedef struct confab_client_options {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< Bounds the asking for a URL that the configuration leaves out. Default 30 s.
  const char *path;      ///< The file. This or `json` is required.
  const char *json;      ///< The text.
  const char *folder;    ///< What paths in `json` are relative to. Default: the current folder.
  confab_queue *question_queue;  ///< Where CONFAB_EVENT_QUESTION go. Default: nothing is asked.
  uint64_t question_tag;         ///< Their tag.
  uint32_t question_ms;          ///< How long one waits for its answer. Default 30 s.
  uint32_t ask_directory;        ///< 1: users, events and groups that a directory lacks are asked for.
  confab_store *store;           ///< The host's own, for `store.kind` "host".
} confab_client_options;

/// Read a configuration with its directories, and open its store. It blocks, because it reads files and, where the
/// configuration has no homeserver.url, asks the server name for it; otherwise nothing is connected to. Secrets that the
/// configuration says to ask for are asked meanwhile: answer from another thread.
///
/// @returns        CONFAB_CONFIG: the key is its subject. CONFAB_STORE, CONFAB_UNSUPPORTED: the store. CONFAB_BUSY: no thread.
CONFAB_API confab_status confab_client_open(confab_runtime *runtime, const confab_client_options *options,
                                            confab_client **client, confab_error **error);
CONFAB_API confab_client *confab_client_retain(confab_client *client);  ///< Take another reference.
/// Give a reference back. The last one lets go of the homeserver's connections.
CONFAB_API void confab_client_release(confab_client *client);
/// Answer a question: with a JSON text where it is for a secret; where it is for a user or a room of the directory with a
/// batch that brings it, as for confab_directory_apply(), and perhaps more. `null` says that there is none. So does a
/// question whose time passes, whose last reference is given back, or whose client, queue or runtime ends; and every one
/// beyond 1,024 that are open.
///
/// @returns        CONFAB_INVALID_ARGUMENT: no question, or no such answer; it stays open. CONFAB_CLOSED: answered before,
///                 too late, or asked by an operation that was cancelled.
CONFAB_API confab_status confab_answer(const confab_event *question, const char *json);
/// Get a tenant of the configuration. It blocks the first time, until the tenant's directory is in the store: CONFAB_STORE
/// where it cannot be, CONFAB_CLOSED where the runtime is. Handles of one tenant share what they learn.
///
/// @param id       NULL or empty: the only one.
/// @returns        CONFAB_NOT_FOUND: no such tenant. CONFAB_INVALID_ARGUMENT: it must be named. CONFAB_BUSY: no thread.
CONFAB_API confab_status confab_client_tenant(confab_client *client, const char *id, confab_tenant **tenant,
                                              confab_error **error);
CONFAB_API confab_tenant *confab_tenant_retain(confab_tenant *tenant);  ///< Take another reference.
CONFAB_API void confab_tenant_release(confab_tenant *tenant);  ///< Give a reference back. Operations in flight go on.

// Operations. Each takes a request and, after it:
//
//   queue      where its event goes. CONFAB_BUSY at once: the queue is full. CONFAB_CLOSED at once: it is closed.
//   tag        comes back with the event.
//   operation  may be NULL; else it becomes a handle to cancel with.
//   error      as everywhere.
//
// timeout_ms covers all of an operation, waits and repeats included; default 30 s. `user` is the slug of a user of the
// tenant's directory. All may be repeated: accounts and rooms are made once, sends by `repeated`. Cancelled or timed
// out before a request was written, nothing was done; after, CONFAB_OUTCOME_UNKNOWN. The result's name is that of its
// definition in results.schema.json.

/// What kind of conversation `room` names, in every request that has one.
enum {
  CONFAB_ROOM_EVENT = 0,  ///< `room` is the slug of an event of the directory.
  CONFAB_ROOM_GROUP = 1,  ///< `room` is the slug of a group of the directory.
  CONFAB_ROOM_DIRECT = 2  ///< `room` is the slug of a user: the conversation of the two, `user` and `room`.
};

/// What kind of thing is said.
enum {
  CONFAB_MESSAGE_TEXT = 0,    ///< A text.
  CONFAB_MESSAGE_NOTICE = 1,  ///< Said by a program, and answered by none.
  CONFAB_MESSAGE_EMOTE = 2    ///< "/me waves".
};

/// A request without arguments.
typedef struct confab_plain_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
} confab_plain_request;

/// About a user.
typedef struct confab_user_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
  const char *user;      ///< Required.
  const char *name;      ///< confab_provision: the display name. Default: the directory's.
  const char *password;  ///< confab_set_password: required, 8 characters to 512 bytes.
} confab_user_request;

/// What to forget.
typedef struct confab_reset_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
  const char *user;      ///< Whose tokens; this or `all_users` is required.
  uint32_t all_users;    ///< 1: those of all users of the tenant.
  uint32_t full;         ///< 1: also where named streams are and which rooms were found.
  uint32_t restored;     ///< 1: a backup was put back, and what waits in the outbox is looked for. With `all_users`.
} confab_reset_request;

/// About a room.
typedef struct confab_room_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
  int32_t room_kind;     ///< CONFAB_ROOM_...
  uint32_t make_public;  ///< confab_ensure_room: 1 lists it publicly, whatever the directory says.
  const char *room;      ///< Required.
  const char *user;      ///< Required, but for confab_members of an event or group: who makes it, joins, leaves, reads.
  const char *name;      ///< confab_ensure_room: the room's name. Default: "event-" or "group-" and the slug.
  const char *topic;     ///< confab_ensure_room: its topic. Default: "Discussion for " and the directory's name of it.
  const char *const *members;  ///< confab_ensure_room: slugs of who joins, too, whether the room was there or is made.
  uint32_t member_count;       ///< How many these are, at most 100. Default: none.
  uint32_t reserved;           ///< Zero.
} confab_room_request;

/// What to say, or to say anew, or with what to react.
typedef struct confab_message_request {
  uint32_t struct_size;        ///< Required.
  uint32_t timeout_ms;         ///< See above.
  int32_t room_kind;           ///< CONFAB_ROOM_...
  int32_t message_kind;        ///< CONFAB_MESSAGE_...; for sending, also durably, and confab_edit.
  const char *room;            ///< Required.
  const char *user;            ///< Required: who says it.
  const char *event;           ///< Required, but for sending: the message that is edited, redacted, reacted to.
  const char *body;            ///< The text, or the reaction's key: required; for confab_redact the reason.
  const char *formatted;       ///< The text as HTML, too; sanitized. For sending, also durably, and confab_edit.
  const char *reply_to;        ///< For sending, also durably: the event that it answers.
  const char *transaction_id;  ///< To be able to repeat after a crash: never used before. Default: a fresh one.
  uint32_t repeated;           ///< 1: an earlier attempt under this transaction id may have arrived.
  uint32_t reserved;           ///< Zero.
} confab_message_request;

/// That somebody is typing, or has read.
typedef struct confab_notice_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
  int32_t room_kind;     ///< CONFAB_ROOM_...
  uint32_t stopped;      ///< confab_typing: 1, no longer.
  const char *room;      ///< Required.
  const char *user;      ///< Required.
  const char *event;     ///< confab_mark_read: required, up to and with which event.
  uint32_t in_private;   ///< confab_mark_read: 1, tell nobody else.
  uint32_t reserved;     ///< Zero.
} confab_notice_request;

/// Which page of a room's history.
typedef struct confab_history_request {
  uint32_t struct_size;        ///< Required.
  uint32_t timeout_ms;         ///< See above.
  int32_t room_kind;           ///< CONFAB_ROOM_...
  uint32_t limit;              ///< 1 to 1,000 messages. Default 50. A page may hold fewer: only "/end" tells.
  const char *room;            ///< Required.
  const char *user;            ///< Required: who reads.
  const char *from;            ///< "/end" of the page before. Default: the newest page.
  uint32_t without_reactions;  ///< 1: leave them out, which saves requests.
  uint32_t reserved;           ///< Zero.
} confab_history_request;

/// What of the outbox.
typedef struct confab_outbox_request {
  uint32_t struct_size;        ///< Required.
  uint32_t timeout_ms;         ///< See above.
  uint32_t dead;               ///< confab_outbox_list: 1, what was given up; else what waits.
  uint32_t limit;              ///< confab_outbox_list: 1 to 1,000 messages. Default 100.
  const char *from;            ///< confab_outbox_list: "/end" of the page before. Default: the first page.
  const char *transaction_id;  ///< The others: required, as confab_send_durably() told it.
} confab_outbox_request;

/// What the directory shall say.
typedef struct confab_directory_request {
  uint32_t struct_size;  ///< Required.
  uint32_t timeout_ms;   ///< See above.
  uint64_t expected;     ///< confab_directory_apply: the revision that the change was decided on.
  const char *json;      ///< Required: a batch, or for confab_directory_load a whole directory.
} confab_directory_request;

/// What every operation takes behind its request.
#define CONFAB_ASK confab_queue *queue, uint64_t tag, confab_operation **operation, confab_error **error

/// Look at everything that has to be right with the homeserver and the store. Result: `findings`; one that is not fit
/// is no error. Nothing is changed, but that the admin logs in.
CONFAB_API confab_status confab_doctor(confab_client *client, const confab_plain_request *request, CONFAB_ASK);
/// Tell how often tokens were made, why, by which step, and how long it took: numbers of this client, at once. `metrics`
/// is an event like one from a queue, of kind COMPLETION and tag 0, to be released; its JSON is `metrics`.
CONFAB_API confab_status confab_metrics(confab_client *client, confab_event **metrics, confab_error **error);
/// Make sure that a user has an account. Result: `account`. NOT_FOUND: the directory lists no such user.
CONFAB_API confab_status confab_provision(confab_tenant *tenant, const confab_user_request *request, CONFAB_ASK);
/// Read what the homeserver knows of a user. Result: `account`. NOT_FOUND: no such user, or no account yet.
CONFAB_API confab_status confab_account(confab_tenant *tenant, const confab_user_request *request, CONFAB_ASK);
/// Give a user a password for other Matrix clients. Result: `done`. NOT_FOUND, INVALID_ARGUMENT: user, password. RATE_LIMITED.
CONFAB_API confab_status confab_set_password(confab_tenant *tenant, const confab_user_request *request, CONFAB_ASK);
/// Forget tokens, which the next use makes anew. Result: `reset`. STORE, BUSY: repeat it for the rest.
CONFAB_API confab_status confab_reset(confab_tenant *tenant, const confab_reset_request *request, CONFAB_ASK);
/// Make sure that an event, group or pair of users has its room. Result: `room`. NOT_FOUND: not in the directory.
/// FORBIDDEN: `user` is not its creator. INVALID_ARGUMENT: a direct room of one user, of more, or public.
CONFAB_API confab_status confab_ensure_room(confab_tenant *tenant, const confab_room_request *request, CONFAB_ASK);
/// Make a user a member. Result: `room`. NOT_FOUND: user, or the room was not made. FORBIDDEN: not listed, or banned.
CONFAB_API confab_status confab_add_member(confab_tenant *tenant, const confab_room_request *request, CONFAB_ASK);
/// Take a user out. Result: `room`. NOT_FOUND as above. INVALID_ARGUMENT: a direct room.
CONFAB_API confab_status confab_remove_member(confab_tenant *tenant, const confab_room_request *request, CONFAB_ASK);
/// Read who is in a room. Result: `members`. NOT_FOUND: the room was not made.
CONFAB_API confab_status confab_members(confab_tenant *tenant, const confab_room_request *request, CONFAB_ASK);
/// Count what a user has not read. Result: `unread`. NOT_FOUND, FORBIDDEN as confab_add_member.
CONFAB_API confab_status confab_unread(confab_tenant *tenant, const confab_room_request *request, CONFAB_ASK);
/// Say something; who is listed joins first, a direct room is made. Result: `sent`. INVALID_ARGUMENT: empty, no UTF-8.
/// TOO_LARGE: over 65,536 bytes as an event. NOT_FOUND, FORBIDDEN as confab_add_member. ENCRYPTED_ROOM.
/// OUTCOME_UNKNOWN: repeat with confab_error_transaction_id() and `repeated`, or it may be said twice.
CONFAB_API confab_status confab_send(confab_tenant *tenant, const confab_message_request *request, CONFAB_ASK);
/// Say something for certain (docs/outbox.md). Result: `accepted`. As confab_send, without `repeated`. BUSY: too many wait.
CONFAB_API confab_status confab_send_durably(confab_tenant *tenant, const confab_message_request *request, CONFAB_ASK);
/// Read what waits in the tenant's outbox, or what was given up. Result: `outbox`; one without "/end" is the last.
CONFAB_API confab_status confab_outbox_list(confab_tenant *tenant, const confab_outbox_request *request, CONFAB_ASK);
/// Read what became of a message. Result: `outbox_message`. NOT_FOUND: also a day after it was sent.
CONFAB_API confab_status confab_outbox_show(confab_tenant *tenant, const confab_outbox_request *request, CONFAB_ASK);
/// Send what was given up once more. Result: `done`. NOT_FOUND. CONFLICT: it was sent.
CONFAB_API confab_status confab_outbox_retry(confab_tenant *tenant, const confab_outbox_request *request, CONFAB_ASK);
/// Forget a message. Result: `done`. As confab_outbox_retry; one that is undecided may be in the room all the same.
CONFAB_API confab_status confab_outbox_drop(confab_tenant *tenant, const confab_outbox_request *request, CONFAB_ASK);
/// Say a message anew. Result: `sent`. As confab_send; FORBIDDEN: somebody else's. NOT_FOUND: no such message.
CONFAB_API confab_status confab_edit(confab_tenant *tenant, const confab_message_request *request, CONFAB_ASK);
/// Remove the content of a message, edit or reaction. Result: `sent`. FORBIDDEN: neither one's own nor enough power.
CONFAB_API confab_status confab_redact(confab_tenant *tenant, const confab_message_request *request, CONFAB_ASK);
/// React to a message. Result: `sent`, also for a reaction that was there. INVALID_ARGUMENT: the key.
CONFAB_API confab_status confab_react(confab_tenant *tenant, const confab_message_request *request, CONFAB_ASK);
/// Let a user be seen typing for 30 s, or no longer; may be called with every key stroke. Result: `done`.
CONFAB_API confab_status confab_typing(confab_tenant *tenant, const confab_notice_request *request, CONFAB_ASK);
/// Say how far a user has read. Result: `done`. INVALID_ARGUMENT: the event is none of that room.
CONFAB_API confab_status confab_mark_read(confab_tenant *tenant, const confab_notice_request *request, CONFAB_ASK);
/// Read a page of history, newest first. Result: `history`; one without "/end" is the last. INVALID_ARGUMENT: `limit`,
/// `from`. NOT_FOUND, FORBIDDEN as confab_add_member.
CONFAB_API confab_status confab_history(confab_tenant *tenant, const confab_history_request *request, CONFAB_ASK);

// The directory of a tenant: who there is, and who takes part in what. It begins as the tenant's file says.

/// Write and remove single entries, all of them or none: docs/directory.md shows batches. Result: `revision`, at which
/// it is in effect. CONFLICT: the directory is at another revision than `expected`; read again, decide anew.
/// INVALID_ARGUMENT: what can never be; where `json` is no batch it is told at once. TOO_LARGE. May be repeated.
CONFAB_API confab_status confab_directory_apply(confab_tenant *tenant, const confab_directory_request *request, CONFAB_ASK);
/// Make the directory what a text in the format of a directory file says: what differs is applied, in one change.
/// Result: `revision`. CONFIG: no such text. CONFLICT: others keep changing it at the same time.
CONFAB_API confab_status confab_directory_load(confab_tenant *tenant, const confab_directory_request *request, CONFAB_ASK);
/// See what other processes have applied, now; else it is seen within a second. Result: `revision`.
CONFAB_API confab_status confab_directory_refresh(confab_tenant *tenant, const confab_plain_request *request, CONFAB_ASK);

// Streams of events.

/// Whose events, and from where.
typedef struct confab_stream_request {
  uint32_t struct_size;  ///< Required.
  uint32_t reserved;     ///< Zero.
  const char *user;      ///< Required.
  const char *consumer;  ///< Go on where this name acknowledged last, also in a later process. Default: from now on.
} confab_stream_request;

/// Open a user's stream: what happens in every room the user is in. It connects to nothing, and tells nothing before it
/// is granted. At least once: what was not acknowledged comes again, under the same event ids, to the same `consumer`.
///
/// @param queue    Two events are kept free in it for the stream: CONFAB_BUSY, CONFAB_CLOSED as for operations.
CONFAB_API confab_status confab_stream_open(confab_tenant *tenant, const confab_stream_request *request,
                                            confab_queue *queue, uint64_t tag, confab_stream **stream,
                                            confab_error **error);
/// Open a stream of what becomes of accepted messages that this process sends, from now on. As confab_stream_open.
CONFAB_API confab_status confab_outbox_open(confab_tenant *tenant, confab_queue *queue, uint64_t tag,
                                            confab_stream **stream, confab_error **error);
/// Wait until the stream is at its place: all that happens after this has ended will be told. An operation like those
/// above. Result: `done`. NOT_FOUND: the directory lists no such user.
CONFAB_API confab_status confab_stream_ready(confab_stream *stream, const confab_plain_request *request, CONFAB_ASK);
/// Let so many more batches come; more adds up, and UINT32_MAX is without end. Each is one CONFAB_EVENT_BATCH of at
/// most 256 events or 256 KB (result: `events`), and comes once the one before was acknowledged, so a slow reader
/// pauses its own stream and nothing else. One with an error instead voids what was granted: SESSION_EXPIRED,
/// ACCOUNT_..., NOT_FOUND, STORE; CONFLICT: another reader took the name over. Acknowledge it and grant again to go on.
/// Outages end nothing.
///
/// @returns        CONFAB_CLOSED: it is closed.
CONFAB_API confab_status confab_stream_grant(confab_stream *stream, uint32_t batches);
/// Say that a batch was dealt with: the place behind it is kept, and the next one may come. One with an error keeps no
/// place, but is acknowledged, too.
///
/// @param batch    A CONFAB_EVENT_BATCH of this stream, else CONFAB_INVALID_ARGUMENT. One before: nothing happens.
CONFAB_API confab_status confab_stream_ack(confab_stream *stream, const confab_event *batch);
/// End the stream. Its CONFAB_EVENT_STREAM_END arrives, the last of its tag; its status is CONFAB_OK, or CONFAB_CLOSED
/// where it was the runtime that ended it: at once if a batch was awaited, else with the next grant. Twice is once.
CONFAB_API confab_status confab_stream_close(confab_stream *stream);
CONFAB_API confab_stream *confab_stream_retain(confab_stream *stream);  ///< Take another reference.
CONFAB_API void confab_stream_release(confab_stream *stream);  ///< Give a reference back; the last one closes it.

#ifdef __cplusplus
}
#endif

#endif
