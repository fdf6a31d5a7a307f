/* Maintenance of a running academy, on a thread of its own: the check of the whole file and of the
 * records of certification, signing the head of the audit log at its interval, deleting what is
 * past its time. */
#ifndef GR_SERVER_UPKEEP_H
#define GR_SERVER_UPKEEP_H

#include "http/http.h"

struct upkeep;

/* Reads the audit log first (RULE audit-read): call it before anybody is served. `app` must live
 * until upkeep_close. */
enum err upkeep_open(struct upkeep **out, struct app *app, const char **why) MUST_USE;
void upkeep_close(struct upkeep *u); /* before the store; NULL is fine */

enum upkeep_check {
    UPKEEP_FILE,    /* the whole file, page for page */
    UPKEEP_RECORDS, /* the audit log, and certificates and decisions against it and what was signed
                     */
    UPKEEP_CHECKS
};
/* What the last check found. */
enum upkeep_state {
    UPKEEP_CHECKING, /* none has ended yet */
    UPKEEP_GOOD,
    UPKEEP_DAMAGED, /* or changed outside of Gradus; stays so until a check finds nothing */
    UPKEEP_UNKNOWN, /* it could not be made */
};
struct upkeep_report {
    enum upkeep_state state;
    int64_t at_ms; /* when it ended; 0: not yet */
    int64_t took_ms;
    const char *problem; /* arena; NULL when there is none */
};
/* Any thread; `u` NULL gives UPKEEP_CHECKING; `a` NULL: without the sentence. */
void upkeep_report(struct upkeep *u, enum upkeep_check check, struct arena *a,
                   struct upkeep_report *out);

#endif
