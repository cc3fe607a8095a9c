/* See list_store.h. One thread calls, so there is no lock. */
#include "list_store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE_BYTES = 1 << 20 };

typedef struct record {
  struct record *next;
  char *key;
  char *value;
  uint64_t version;
  int64_t expires; /* -1: never */
} record;

struct list_store {
  record *first;   /* in the order of the keys' bytes */
  uint64_t newest; /* one counter for all keys, so that no version is ever used again */
  int64_t time;
  int64_t (*clock)(void *context);
  void *clock_context;
};

static void free_record(record *gone) {
  if (gone == NULL) return;
  free(gone->key);
  free(gone->value);
  free(gone);
}

/* It never goes back. */
static int64_t time_of(list_store *store) {
  const int64_t now = store->clock != NULL ? store->clock(store->clock_context) : (int64_t)time(NULL) * 1000;
  if (now > store->time) store->time = now;
  return store->time;
}

/* Where the record of this key stands, or would stand. */
static record **place_of(list_store *store, const char *key) {
  record **at = &store->first;
  while (*at != NULL && strcmp((*at)->key, key) < 0) at = &(*at)->next;
  return at;
}

static int lives(list_store *store, const record *at) { return at->expires < 0 || at->expires > time_of(store); }

/* NULL where there is none, or none any more. */
static record *find(list_store *store, const char *key) {
  record *at = *place_of(store, key);
  return at != NULL && strcmp(at->key, key) == 0 && lives(store, at) ? at : NULL;
}

static void take_out(list_store *store, const char *key) {
  record **at = place_of(store, key);
  record *gone = *at;
  if (gone == NULL || strcmp(gone->key, key) != 0) return;
  *at = gone->next;
  free_record(gone);
}

static confab_status get(void *context, const char *key, confab_store_answer *answer) {
  const record *found = find((list_store *)context, key);
  if (found == NULL) return CONFAB_OK; /* an answer without a record: there is none */
  return confab_store_answer_record(answer, found->key, found->version, found->value, found->expires);
}

static confab_status list(void *context, const char *prefix, const char *cursor, uint32_t limit,
                          confab_store_answer *answer) {
  list_store *store = (list_store *)context;
  const record *at = *place_of(store, *cursor != '\0' ? cursor : prefix);
  const record *last = NULL;
  size_t bytes = 0;
  uint32_t count = 0;
  /* A cursor of ours is the last key of the page before. */
  if (at != NULL && *cursor != '\0' && strcmp(at->key, cursor) == 0) at = at->next;
  for (; at != NULL && strncmp(at->key, prefix, strlen(prefix)) == 0; at = at->next) {
    confab_status status;
    if (!lives(store, at)) continue;
    bytes += strlen(at->key) + strlen(at->value);
    if (count == limit || (count > 0 && bytes > PAGE_BYTES)) return confab_store_answer_cursor(answer, last->key);
    status = confab_store_answer_record(answer, at->key, at->version, at->value, at->expires);
    if (status != CONFAB_OK) return status;
    last = at;
    ++count;
  }
  return CONFAB_OK;
}

static char *copy_of(const char *text) {
  char *copy = (char *)malloc(strlen(text) + 1);
  return copy != NULL ? strcpy(copy, text) : NULL;
}

/* A record as it shall be written, in no list yet; NULL where memory is exhausted. */
static record *made_of(list_store *store, const confab_store_write *write) {
  record *made = (record *)calloc(1, sizeof *made);
  if (made == NULL) return NULL;
  made->key = copy_of(write->key);
  made->value = copy_of(write->value);
  made->version = ++store->newest;
  made->expires = write->lifetime_ms < 0 ? -1 : time_of(store) + write->lifetime_ms;
  if (made->key != NULL && made->value != NULL) return made;
  free_record(made);
  return NULL;
}

/* All steps or none: first everything that can fail, then what cannot. */
static confab_status transact(void *context, const confab_store_write *const *writes, uint32_t count, int32_t promised,
                              confab_store_answer *answer) {
  list_store *store = (list_store *)context;
  record *made = NULL; /* the new ones, the last first */
  confab_status status = CONFAB_OK;
  uint32_t i;
  (void)promised; /* a list outlives no process: a database would commit here, as durably as is asked for */
  for (i = 0; i < count; ++i) {
    const record *found = find(store, writes[i]->key);
    if ((found != NULL ? found->version : 0) == writes[i]->expected) continue;
    confab_store_answer_fault(answer, writes[i]->key, NULL);
    return CONFAB_CONFLICT;
  }
  for (i = 0; i < count && status == CONFAB_OK; ++i) {
    uint64_t version = writes[i]->kind == CONFAB_STORE_CHECK ? writes[i]->expected : 0;
    if (writes[i]->kind == CONFAB_STORE_PUT) {
      record *next = made_of(store, writes[i]);
      if (next == NULL) {
        status = CONFAB_NO_MEMORY;
        break;
      }
      next->next = made;
      made = next;
      version = next->version;
    }
    status = confab_store_answer_version(answer, version);
  }
  for (i = 0; i < count && status == CONFAB_OK; ++i) {
    if (writes[i]->kind != CONFAB_STORE_CHECK) take_out(store, writes[i]->key);
  }
  while (made != NULL) {
    record *next = made->next;
    if (status == CONFAB_OK) {
      record **at = place_of(store, made->key);
      made->next = *at;
      *at = made;
    } else {
      free_record(made);
    }
    made = next;
  }
  return status;
}

static confab_status now(void *context, confab_store_answer *answer) {
  return confab_store_answer_time(answer, time_of((list_store *)context));
}

static void end(void *context) {
  list_store *store = (list_store *)context;
  while (store->first != NULL) {
    record *next = store->first->next;
    free_record(store->first);
    store->first = next;
  }
  free(store);
}

list_store *list_store_new(int64_t (*clock)(void *context), void *context) {
  list_store *store = (list_store *)calloc(1, sizeof *store);
  if (store == NULL) return NULL;
  store->clock = clock;
  store->clock_context = context;
  return store;
}

confab_store_vtable list_store_vtable(list_store *store) {
  confab_store_vtable table = {0};
  table.struct_size = sizeof table;
  table.context = store;
  table.get = get;
  table.list = list;
  table.transact = transact;
  table.now = now;
  table.end = end;
  return table;
}
