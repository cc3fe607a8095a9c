/* The first message, in C99, from one thread that waits with poll(): an account, a room, a message, what the stream of
 * its sender tells of it, and a page of history.
 *
 * Needs   a configuration file whose directory has an event, and a running homeserver (scripts/demo leaves both at hand).
 * Build   cc -std=c99 first_message.c $(pkg-config --cflags --libs confab)
 * Run     ./a.out confab.json EVENT CREATOR           for example: confab.json picnic ana
 */
#define _POSIX_C_SOURCE 200809L
#include <confab.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* What the host waits for. A host with an event loop of its own adds the descriptor there instead. */
enum { ACCOUNT = 1, ROOM, PLACE, MESSAGE, HISTORY, EVENTS };

static confab_runtime *runtime;
static confab_queue *queue;
static confab_client *client;
static confab_tenant *tenant;
static confab_stream *stream;

static int fail(const char *what, confab_status status, confab_error *error) {
  /* The message is the library's own and safe to log. */
  fprintf(stderr, "%s: %s: %s\n", what, confab_status_name(status), error != NULL ? confab_error_message(error) : "");
  confab_error_release(error);
  return 1;
}

/* The event with this tag. Everything that arrives before it is of no interest to this program. */
static confab_event *wait_for(uint64_t tag) {
  for (;;) {
    struct pollfd watched = {confab_queue_fd(queue), POLLIN, 0};
    confab_event *event = NULL;
    if (poll(&watched, 1, -1) < 0) continue; /* a signal */
    while (confab_queue_next(queue, 0, &event) == CONFAB_OK) {
      if (confab_event_tag(event) == tag) return event;
      confab_event_release(event);
    }
  }
}

/* The same, where it has to be a success; NULL with a line on standard error where it is none. */
static confab_event *result_of(const char *what, uint64_t tag) {
  confab_event *event = wait_for(tag);
  if (confab_event_status(event) == CONFAB_OK) return event;
  fail(what, confab_event_status(event), confab_error_retain(confab_event_error(event)));
  confab_event_release(event);
  return NULL;
}

/* Batches until the message with this id has come. */
static int show_arrival(const char *event_id) {
  for (;;) {
    size_t i;
    int arrived = 0;
    confab_event *batch = result_of("events", EVENTS);
    if (batch == NULL) return 1;
    for (i = 0; i < confab_event_count(batch, "/events"); ++i) {
      char pointer[64];
      const char *id;
      snprintf(pointer, sizeof pointer, "/events/%lu/message/event_id", (unsigned long)i);
      id = confab_event_string(batch, pointer, NULL);
      if (id == NULL) continue; /* no message */
      snprintf(pointer, sizeof pointer, "/events/%lu/message/body", (unsigned long)i);
      printf("arrived: %s\n", confab_event_string(batch, pointer, NULL));
      arrived = arrived || strcmp(id, event_id) == 0;
    }
    /* Dealt with: now the next batch may come. */
    confab_stream_ack(stream, batch);
    confab_event_release(batch);
    if (arrived) return 0;
  }
}

static int converse(const char *event_slug, const char *creator) {
  const confab_user_request user = {.struct_size = sizeof user, .user = creator};
  const confab_room_request room = {.struct_size = sizeof room, .room = event_slug, .user = creator};
  const confab_stream_request watch = {.struct_size = sizeof watch, .user = creator};
  const confab_plain_request plain = {.struct_size = sizeof plain};
  const confab_message_request message = {
      .struct_size = sizeof message, .room = event_slug, .user = creator, .body = "The first message"};
  const confab_history_request history = {
      .struct_size = sizeof history, .room = event_slug, .user = creator, .limit = 5};
  confab_error *error = NULL;
  confab_event *event;
  confab_status status;
  int problem;
  size_t i;

  /* Each call starts an operation, and says at once whether it was taken on; how it ended is an event. */
  status = confab_provision(tenant, &user, queue, ACCOUNT, NULL, &error);
  if (status != CONFAB_OK) return fail("account", status, error);
  if ((event = result_of("account", ACCOUNT)) == NULL) return 1;
  printf("%s is %s\n", creator, confab_event_string(event, "/user_id", NULL));
  confab_event_release(event);

  status = confab_ensure_room(tenant, &room, queue, ROOM, NULL, &error);
  if (status != CONFAB_OK) return fail("room", status, error);
  if ((event = result_of("room", ROOM)) == NULL) return 1;
  printf("the room is %s\n", confab_event_string(event, "/room_id", NULL));
  confab_event_release(event);

  /* What happens once the stream has its place is told by it, as far as it is granted. */
  status = confab_stream_open(tenant, &watch, queue, EVENTS, &stream, &error);
  if (status != CONFAB_OK) return fail("stream", status, error);
  status = confab_stream_ready(stream, &plain, queue, PLACE, NULL, &error);
  if (status != CONFAB_OK) return fail("stream", status, error);
  if ((event = result_of("stream", PLACE)) == NULL) return 1;
  confab_event_release(event);

  status = confab_send(tenant, &message, queue, MESSAGE, NULL, &error);
  if (status != CONFAB_OK) return fail("message", status, error);
  if ((event = result_of("message", MESSAGE)) == NULL) return 1;
  printf("the message is %s\n", confab_event_string(event, "/event_id", NULL));
  confab_stream_grant(stream, UINT32_MAX);
  problem = show_arrival(confab_event_string(event, "/event_id", NULL));
  confab_event_release(event);
  if (problem != 0) return problem;

  status = confab_history(tenant, &history, queue, HISTORY, NULL, &error);
  if (status != CONFAB_OK) return fail("history", status, error);
  if ((event = result_of("history", HISTORY)) == NULL) return 1;
  for (i = 0; i < confab_event_count(event, "/messages"); ++i) { /* newest first */
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/messages/%lu/sender", (unsigned long)i);
    printf("  %s: ", confab_event_string(event, pointer, NULL));
    snprintf(pointer, sizeof pointer, "/messages/%lu/body", (unsigned long)i);
    printf("%s\n", confab_event_string(event, pointer, NULL));
  }
  confab_event_release(event);
  return 0;
}

int main(int argc, char **argv) {
  confab_client_options options = {.struct_size = sizeof options};
  confab_error *error = NULL;
  confab_status status;
  int problem = 1;
  if (argc != 4) {
    fprintf(stderr, "usage: %s CONFIG EVENT CREATOR\n", argv[0]);
    return 2;
  }
  options.path = argv[1];

  if ((status = confab_runtime_new(NULL, &runtime, &error)) != CONFAB_OK) {
    fail("runtime", status, error);
  } else if ((status = confab_queue_new(NULL, &queue, &error)) != CONFAB_OK) {
    fail("queue", status, error);
  } else if ((status = confab_client_open(runtime, &options, &client, &error)) != CONFAB_OK) {
    fail("configuration", status, error);
  } else if ((status = confab_client_tenant(client, NULL, &tenant, &error)) != CONFAB_OK) {
    fail("tenant", status, error);
  } else {
    problem = converse(argv[2], argv[3]);
  }
  /* In any order; NULL is fine, too. */
  confab_stream_release(stream);
  confab_tenant_release(tenant);
  confab_client_release(client);
  confab_queue_release(queue);
  confab_runtime_release(runtime);
  return problem;
}
