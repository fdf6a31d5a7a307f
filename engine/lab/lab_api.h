/* Between lab_api.c, which answers calls of the systems, and lab_own_api.c. */
#ifndef GR_LAB_API_H
#define GR_LAB_API_H

#include "lab/lab_pages.h"

/* {"error":"…"} */
enum err api_plain(struct request *r, int status, const char *sentence) MUST_USE;
/* The credentials behind the scheme ("Bearer"), NULL when the header has another. */
const char *api_after_scheme(const char *header, const char *scheme);
/* The query as it enters the record, without the parameter `key` (NULL: with all); NULL: none. */
const char *api_query(struct request *r, const char *key);
/* Runs an action and answers as it does; `dialect` NULL: it is of the lab itself. */
enum err api_send(struct request *r, const struct lab_run_row *run,
                  const struct lab_dialect *dialect, json_t *action, bool reads_only) MUST_USE;
/* Answers with a view of the state (sandbox/view.h). */
enum err api_view(struct request *r, const struct lab_run_row *run, const char *question) MUST_USE;

/* /runs/RUN/api/lab/…: POST clock, GET and POST messages, receivers. */
enum err lab_own_call(struct request *r, const struct lab_run_row *run) MUST_USE;

#endif
