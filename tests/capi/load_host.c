/* Loads the library, has it do one operation over the network and lets it go, a hundred times: what it holds must not grow,
 * and its unloading must not pull code from under a thread. Arguments: the library, a configuration. */
#define _POSIX_C_SOURCE 200809L
#include <confab.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A function of the library, by name. POSIX lets an object pointer be one to a function; C99 needs the detour. */
#define FIND(type, name)                            \
  type name##_found;                                \
  do {                                              \
    void *object = dlsym(library, #name);           \
    if (object == NULL) return "no " #name;         \
    memcpy(&name##_found, &object, sizeof(object)); \
  } while (0)

typedef confab_status (*runtime_new)(const confab_runtime_options *, confab_runtime **, confab_error **);
typedef confab_status (*client_open)(confab_runtime *, const confab_client_options *, confab_client **,
                                     confab_error **);
typedef confab_status (*client_tenant)(confab_client *, const char *, confab_tenant **, confab_error **);
typedef confab_status (*provision)(confab_tenant *, const confab_user_request *, CONFAB_ASK);
typedef confab_status (*event_status)(const confab_event *);
typedef const char *(*event_string)(const confab_event *, const char *, size_t *);
typedef void (*event_release)(confab_event *);
typedef void (*client_release)(confab_client *);
typedef void (*tenant_release)(confab_tenant *);
typedef confab_status (*queue_new)(const confab_queue_options *, confab_queue **, confab_error **);
typedef confab_status (*queue_next)(confab_queue *, int32_t, confab_event **);
typedef void (*runtime_release)(confab_runtime *);
typedef void (*queue_release)(confab_queue *);

static const char *use_once(const char *path, const char *configuration) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return dlerror();
  FIND(runtime_new, confab_runtime_new);
  FIND(queue_new, confab_queue_new);
  FIND(queue_next, confab_queue_next);
  FIND(client_open, confab_client_open);
  FIND(client_tenant, confab_client_tenant);
  FIND(provision, confab_provision);
  FIND(event_status, confab_event_status);
  FIND(event_string, confab_event_string);
  FIND(event_release, confab_event_release);
  FIND(tenant_release, confab_tenant_release);
  FIND(client_release, confab_client_release);
  FIND(runtime_release, confab_runtime_release);
  FIND(queue_release, confab_queue_release);

  confab_runtime *runtime = NULL;
  confab_queue *queue = NULL;
  confab_client *client = NULL;
  confab_tenant *tenant = NULL;
  confab_event *event = NULL;
  confab_client_options options = {.struct_size = sizeof options, .path = configuration};
  confab_user_request ana = {.struct_size = sizeof ana, .user = "ana"};
  if (confab_runtime_new_found(NULL, &runtime, NULL) != CONFAB_OK) return "no runtime";
  if (confab_queue_new_found(NULL, &queue, NULL) != CONFAB_OK) return "no queue";
  if (confab_client_open_found(runtime, &options, &client, NULL) != CONFAB_OK) return "no client";
  if (confab_client_tenant_found(client, NULL, &tenant, NULL) != CONFAB_OK) return "no tenant";
  if (confab_provision_found(tenant, &ana, queue, 7, NULL, NULL) != CONFAB_OK) return "no operation";
  if (confab_queue_next_found(queue, 60000, &event) != CONFAB_OK) return "no completion";
  if (confab_event_status_found(event) != CONFAB_OK) return "it failed";
  if (strcmp(confab_event_string_found(event, "/slug", NULL), "ana") != 0) return "another result";
  confab_event_release_found(event);
  confab_tenant_release_found(tenant);
  confab_client_release_found(client);
  confab_queue_release_found(queue);
  confab_runtime_release_found(runtime);
  return dlclose(library) == 0 ? NULL : dlerror();
}

static int entries_of(const char *folder) {
  int count = 0;
  DIR *open = opendir(folder);
  if (open == NULL) return -1;
  while (readdir(open) != NULL) ++count;
  closedir(open);
  return count;
}

/* A thread that was joined may be listed for a moment more. */
static int falls_to(const char *folder, int most) {
  int tries;
  for (tries = 0; tries < 1000; ++tries) {
    const struct timespec moment = {0, 10000000};
    if (entries_of(folder) <= most) return 1;
    nanosleep(&moment, NULL);
  }
  fprintf(stderr, "%s has %d entries, more than %d\n", folder, entries_of(folder), most);
  return 0;
}

int main(int argc, char **argv) {
  int descriptors = 0;
  int threads = 0;
  int round;
  if (argc != 3) return 2;
  for (round = 0; round < 100; ++round) {
    const char *problem = use_once(argv[1], argv[2]);
    if (problem != NULL) {
      fprintf(stderr, "round %d: %s\n", round, problem);
      return 1;
    }
    /* The first round opens what is opened once for the process; a sanitizer starts a thread of its own. */
    if (round == 0) descriptors = entries_of("/proc/self/fd");
    if (round == 0) threads = entries_of("/proc/self/task");
  }
  return falls_to("/proc/self/fd", descriptors) && falls_to("/proc/self/task", threads) ? 0 : 1;
}
