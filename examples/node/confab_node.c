/* The addon: a session with one tenant, whose queue libuv watches. Everything here runs on Node's thread. */
#include <confab.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct {
  napi_env env;
  napi_ref told;          /* the function that is told of events */
  napi_async_context context;
  uv_poll_t watched;      /* the queue's descriptor */
  confab_runtime *runtime;
  confab_queue *queue;
  confab_client *client;
  confab_tenant *tenant;
} session;

typedef struct {
  confab_stream *stream;
  confab_event *batch; /* what was told last and not acknowledged */
  uint64_t tag;
  session *of;
} watch;

/* One program has few streams: found by their tags. */
enum { MOST_WATCHES = 16 };
static watch *watches[MOST_WATCHES];

/* ---- errors */

static napi_value error_of(napi_env env, confab_status status, const confab_error *why) {
  const char *message = why == NULL ? "" : confab_error_message(why);
  napi_value code, text, error;
  napi_create_string_utf8(env, confab_status_name(status), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, code, text, &error);
  return error;
}

/* Throws where a call failed. */
static napi_value checked(napi_env env, confab_status status, confab_error *why) {
  if (status != CONFAB_OK) napi_throw(env, error_of(env, status, why));
  confab_error_release(why);
  return NULL;
}

/* ---- arguments: SESSION, TAG, texts */

enum { MOST_ARGUMENTS = 5 };

typedef struct {
  napi_value values[MOST_ARGUMENTS];
  char *texts[MOST_ARGUMENTS];
  session *on;
  uint64_t tag;
} arguments;

static char *text_of(napi_env env, napi_value value) {
  size_t length = 0;
  char *text;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  text = malloc(length + 1);
  if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
  return text;
}

static arguments read_arguments(napi_env env, napi_callback_info info) {
  arguments read;
  size_t count = MOST_ARGUMENTS;
  int64_t tag = 0;
  size_t i;
  memset(&read, 0, sizeof read);
  napi_get_cb_info(env, info, &count, read.values, NULL, NULL);
  napi_get_value_external(env, read.values[0], (void **)&read.on);
  napi_get_value_int64(env, read.values[1], &tag);
  read.tag = (uint64_t)tag;
  for (i = 2; i < count && i < MOST_ARGUMENTS; ++i) read.texts[i] = text_of(env, read.values[i]);
  return read;
}

static void free_texts(arguments *read) {
  size_t i;
  for (i = 0; i < MOST_ARGUMENTS; ++i) free(read->texts[i]); /* the library has copied them */
}

/* ---- events */

static void tell(session *on, confab_event *event) {
  napi_env env = on->env;
  napi_value function, receiver, told[3];
  const confab_status status = confab_event_status(event);
  size_t length = 0;
  const char *json = confab_event_json(event, &length);
  napi_create_int64(env, (int64_t)confab_event_tag(event), &told[0]);
  napi_get_null(env, &told[1]);
  napi_get_null(env, &told[2]);
  if (status != CONFAB_OK) told[1] = error_of(env, status, confab_event_error(event));
  if (json != NULL) napi_create_string_utf8(env, json, length, &told[2]);
  napi_get_reference_value(env, on->told, &function);
  napi_get_global(env, &receiver);
  /* Runs what awaits the promise that is resolved, too. */
  napi_make_callback(env, on->context, receiver, function, 3, told, NULL);
}

/* A batch is kept until it is acknowledged; everything else is done with when it was told. */
static void keep_or_release(confab_event *event) {
  int i;
  if (confab_event_kind(event) == CONFAB_EVENT_BATCH) {
    for (i = 0; i < MOST_WATCHES; ++i) {
      if (watches[i] == NULL || watches[i]->tag != confab_event_tag(event)) continue;
      confab_event_release(watches[i]->batch);
      watches[i]->batch = event;
      return;
    }
  }
  confab_event_release(event);
}

static void on_readable(uv_poll_t *watched, int status, int events) {
  session *on = watched->data;
  confab_event *event;
  int left = 256; /* the rest in the next round, so that others have their turn */
  (void)status;
  (void)events;
  while (left-- > 0 && on->queue != NULL && confab_queue_next(on->queue, 0, &event) == CONFAB_OK) {
    napi_handle_scope scope;
    confab_event_retain(event);
    keep_or_release(event);
    napi_open_handle_scope(on->env, &scope);
    tell(on, event);
    napi_close_handle_scope(on->env, scope);
    confab_event_release(event);
  }
}

/* ---- the session */

static void free_session(uv_handle_t *watched) { free(watched->data); }

static void end_session(session *on) {
  int i;
  if (on->queue == NULL) return;
  for (i = 0; i < MOST_WATCHES; ++i) {
    if (watches[i] == NULL || watches[i]->of != on) continue;
    confab_event_release(watches[i]->batch);
    confab_stream_release(watches[i]->stream);
    free(watches[i]);
    watches[i] = NULL;
  }
  confab_tenant_release(on->tenant);
  confab_client_release(on->client);
  confab_runtime_release(on->runtime);
  /* The descriptor is the queue's: it is let go of first. */
  uv_poll_stop(&on->watched);
  confab_queue_release(on->queue);
  on->queue = NULL;
  napi_async_destroy(on->env, on->context);
  napi_delete_reference(on->env, on->told);
  uv_close((uv_handle_t *)&on->watched, free_session);
}

/* open(config, told): told(tag, error, json) hears of every event. */
static napi_value open_session(napi_env env, napi_callback_info info) {
  napi_value given[2], name, opened;
  size_t count = 2;
  uv_loop_t *loop;
  confab_error *why = NULL;
  confab_status status;
  confab_client_options options = {.struct_size = sizeof options};
  session *on = calloc(1, sizeof *on);
  char *path;
  napi_get_cb_info(env, info, &count, given, NULL, NULL);
  path = text_of(env, given[0]);
  options.path = path;
  on->env = env;
  if ((status = confab_queue_new(NULL, &on->queue, &why)) == CONFAB_OK &&
      (status = confab_runtime_new(NULL, &on->runtime, &why)) == CONFAB_OK &&
      (status = confab_client_open(on->runtime, &options, &on->client, &why)) == CONFAB_OK) {
    status = confab_client_tenant(on->client, NULL, &on->tenant, &why);
  }
  free(path);
  if (status != CONFAB_OK) {
    confab_client_release(on->client);
    confab_runtime_release(on->runtime);
    confab_queue_release(on->queue);
    free(on);
    return checked(env, status, why);
  }
  napi_create_reference(env, given[1], 1, &on->told);
  napi_create_string_utf8(env, "confab", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &on->context);
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &on->watched, confab_queue_fd(on->queue));
  on->watched.data = on;
  uv_poll_start(&on->watched, UV_READABLE, on_readable);
  napi_create_external(env, on, NULL, NULL, &opened);
  return opened;
}

static napi_value close_session(napi_env env, napi_callback_info info) {
  arguments read = read_arguments(env, info);
  end_session(read.on);
  return NULL;
}

/* ---- operations */

typedef confab_status (*room_operation)(confab_tenant *, const confab_room_request *, confab_queue *, uint64_t,
                                        confab_operation **, confab_error **);

static napi_value ask_about_room(napi_env env, napi_callback_info info, room_operation operation) {
  arguments read = read_arguments(env, info);
  const confab_room_request request = {.struct_size = sizeof request, .room = read.texts[2], .user = read.texts[3]};
  confab_error *why = NULL;
  const confab_status status = operation(read.on->tenant, &request, read.on->queue, read.tag, NULL, &why);
  free_texts(&read);
  return checked(env, status, why);
}

/* ensureRoom(session, tag, event, creator) */
static napi_value ensure_room(napi_env env, napi_callback_info info) {
  return ask_about_room(env, info, confab_ensure_room);
}

/* addMember(session, tag, event, user) */
static napi_value add_member(napi_env env, napi_callback_info info) {
  return ask_about_room(env, info, confab_add_member);
}

/* send(session, tag, event, sender, body) */
static napi_value send_message(napi_env env, napi_callback_info info) {
  arguments read = read_arguments(env, info);
  const confab_message_request request = {
      .struct_size = sizeof request, .room = read.texts[2], .user = read.texts[3], .body = read.texts[4]};
  confab_error *why = NULL;
  const confab_status status = confab_send(read.on->tenant, &request, read.on->queue, read.tag, NULL, &why);
  free_texts(&read);
  return checked(env, status, why);
}

/* ---- streams */

/* openStream(session, tag, user) */
static napi_value open_stream(napi_env env, napi_callback_info info) {
  arguments read = read_arguments(env, info);
  const confab_stream_request request = {.struct_size = sizeof request, .user = read.texts[2]};
  confab_error *why = NULL;
  confab_status status = CONFAB_BUSY;
  napi_value opened = NULL;
  int i = 0;
  while (i < MOST_WATCHES && watches[i] != NULL) ++i;
  if (i < MOST_WATCHES) {
    watch *made = calloc(1, sizeof *made);
    made->of = read.on;
    made->tag = read.tag;
    status = confab_stream_open(read.on->tenant, &request, read.on->queue, read.tag, &made->stream, &why);
    if (status == CONFAB_OK) {
      watches[i] = made;
      napi_create_external(env, made, NULL, NULL, &opened);
    } else {
      free(made);
    }
  }
  free_texts(&read);
  checked(env, status, why);
  return opened;
}

static watch *watch_of(napi_env env, napi_value value) {
  watch *found = NULL;
  napi_get_value_external(env, value, (void **)&found);
  return found;
}

/* streamReady(session, tag, stream) */
static napi_value stream_ready(napi_env env, napi_callback_info info) {
  arguments read = read_arguments(env, info);
  const confab_plain_request request = {.struct_size = sizeof request};
  confab_error *why = NULL;
  const confab_status status = confab_stream_ready(watch_of(env, read.values[2])->stream, &request, read.on->queue,
                                                   read.tag, NULL, &why);
  free_texts(&read);
  return checked(env, status, why);
}

/* grant(stream): as many batches as come, one at a time. */
static napi_value grant(napi_env env, napi_callback_info info) {
  napi_value given;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &given, NULL, NULL);
  return checked(env, confab_stream_grant(watch_of(env, given)->stream, UINT32_MAX), NULL);
}

/* acknowledge(stream): what was told last was dealt with. */
static napi_value acknowledge(napi_env env, napi_callback_info info) {
  napi_value given;
  size_t count = 1;
  watch *on;
  confab_status status;
  napi_get_cb_info(env, info, &count, &given, NULL, NULL);
  on = watch_of(env, given);
  status = confab_stream_ack(on->stream, on->batch);
  confab_event_release(on->batch);
  on->batch = NULL;
  return checked(env, status, NULL);
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } offered[] = {{"open", open_session},        {"close", close_session},      {"ensureRoom", ensure_room},
                 {"addMember", add_member},     {"send", send_message},        {"openStream", open_stream},
                 {"streamReady", stream_ready}, {"grant", grant},              {"acknowledge", acknowledge}};
  size_t i;
  for (i = 0; i < sizeof offered / sizeof offered[0]; ++i) {
    napi_value function;
    napi_create_function(env, offered[i].name, NAPI_AUTO_LENGTH, offered[i].function, NULL, &function);
    napi_set_named_property(env, exports, offered[i].name, function);
  }
  return exports;
}
