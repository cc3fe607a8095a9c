/* A store of the host's own, in C: records in a sorted list in memory, which is all that a store has to be. A host puts its
 * database behind the same four functions.
 *
 * tests/contract reads the whole contract of include/confab/store.hpp to it, as to the library's own backends. */
#ifndef LIST_STORE_H
#define LIST_STORE_H

#include <confab.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct list_store list_store;

/* A database tells the time itself; here a test may. `clock`: milliseconds since 1970; NULL: the system's.
 * NULL where memory is exhausted. */
list_store *list_store_new(int64_t (*clock)(void *context), void *context);

/* For confab_store_new(), which takes the store over: it is freed by the table's `end`. */
confab_store_vtable list_store_vtable(list_store *store);

#ifdef __cplusplus
}
#endif

#endif
