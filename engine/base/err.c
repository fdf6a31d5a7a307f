/* Names of errors, and the end of the process on a bug. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/last_words.h"

const char *err_name(enum err e) {
    switch (e) {
    case OK: return "ok";
    case ERR_NOT_FOUND: return "not_found";
    case ERR_DENIED: return "denied";
    case ERR_INVALID: return "invalid";
    case ERR_CONFLICT: return "conflict";
    case ERR_LIMIT: return "limit";
    case ERR_BUSY: return "busy";
    case ERR_IO: return "io";
    }
    return "unknown";
}

bool errno_is_shortage(int why) { return why == ENOMEM || why == EMFILE || why == ENFILE; }

void (*err_end_silently)(bool memory);

_Noreturn void bug_at(const char *file, int line, const char *what) {
    if (err_end_silently) err_end_silently(false);
    fprintf(stderr, "gradus: bug at %s:%d: %s\n", file, line, what);
    fflush(stderr);
    abort();
}
