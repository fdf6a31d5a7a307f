/* Opening and closing the state of accounts. */
#include <liboath/oath.h>
#include <stdlib.h>

#include "account/account_private.h"

/* The migration has made the keys of ASCII addresses; this makes the others, once. */
static enum err make_keys(struct store *store) {
    struct arena arena;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    struct email_keys keys = {.last_id = ""};
    enum err e;
    do {
        keys.after_id = keys.last_id;
        e = store_write(store, account_make_email_keys, &keys, &arena);
    } while (e == OK && keys.read == EMAIL_KEYS_AT_ONCE);
    arena_release(&arena);
    return e;
}

enum err accounts_open(struct accounts **out, struct store *store) {
    struct accounts *a = calloc(1, sizeof *a);
    *out = a;
    if (!a) return ERR_IO;
    if (oath_init() != OATH_OK) {
        free(a);
        *out = NULL;
        return ERR_IO;
    }
    a->hashers = hashers_new();
    a->sessions = session_cache_new();
    a->delays = delay_queue_new();
    if (a->hashers && a->delays && a->sessions && make_keys(store) == OK &&
        find_fill(store, &account_word_index) == OK)
        return OK;
    accounts_close(a);
    *out = NULL;
    return ERR_IO;
}

void accounts_close(struct accounts *a) {
    if (!a) return;
    delay_queue_free(a->delays);
    hashers_free(a->hashers);
    session_cache_free(a->sessions);
    free(a);
}
