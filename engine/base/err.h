/* Error codes of the whole engine, and what happens on a bug.
 *
 * A bug (a broken invariant of ours) aborts, in release builds too, with file and line.
 * What can be expected from the world is an `enum err`; the sentence for the person travels
 * beside it (in the request's error slot, or in a `struct diag_list` for authors). */
#ifndef GR_BASE_ERR_H
#define GR_BASE_ERR_H

#include <stdbool.h>

enum err {
    OK = 0,
    ERR_NOT_FOUND, /* no such thing, or none that this person may know of */
    ERR_DENIED,    /* known person, not allowed */
    ERR_INVALID,   /* the input breaks a rule; the sentence says which */
    ERR_CONFLICT,  /* somebody else was first, or the state does not allow it any more */
    ERR_LIMIT,     /* a size, count or rate limit */
    ERR_BUSY,      /* try again later (queue full, database locked) */
    ERR_IO,        /* disk, socket, library failure: ours to mend */
};

#define MUST_USE __attribute__((warn_unused_result))

/* A short English name for logs ("not_found"). Never NULL. */
const char *err_name(enum err e);

/* Whether this errno says that memory or descriptors are used up, so that the same may work later.
 */
bool errno_is_shortage(int why);

_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, what)
#define BUG_IF(cond) ((cond) ? bug_at(__FILE__, __LINE__, #cond) : (void)0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
