/* What the room keeps while an academy runs. */
#include <liboath/oath.h>
#include <stdlib.h>

#include "account/account_private.h"

/* Only an academy of before the keys has any to make, and of those the ones in other scripts. */
static enum err make_keys(struct store *store) {
    struct arena arena;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    struct email_keys keys = {.last_id = ""};
    enum err e;
    do {
        keys.after_id = keys.last_id;
        e = store_write(store, account_make_keys, &keys, &arena);
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
    a->sessions = sessions_new();
    a->holder = holder_new();
    if (a->hashers && a->holder && a->sessions && make_keys(store) == OK &&
        find_fill(store, &account_words) == OK)
        return OK;
    accounts_close(a);
    *out = NULL;
    return ERR_IO;
}

void accounts_close(struct accounts *a) {
    if (!a) return;
    holder_free(a->holder);
    hashers_free(a->hashers);
    sessions_free(a->sessions);
    free(a);
}
