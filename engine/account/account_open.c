/* What the room keeps while an academy runs. */
#include <stdlib.h>

#include "account/account_private.h"

enum err accounts_open(struct accounts **out) {
    struct accounts *a = calloc(1, sizeof *a);
    *out = a;
    if (!a) return ERR_IO;
    a->hashers = hashers_new();
    a->sessions = sessions_new();
    if (a->hashers && a->sessions) return OK;
    accounts_close(a);
    *out = NULL;
    return ERR_IO;
}

void accounts_close(struct accounts *a) {
    if (!a) return;
    hashers_free(a->hashers);
    sessions_free(a->sessions);
    free(a);
}
