/* Private to content/: which versions of programmes the log names. */
#ifndef GR_CONTENT_PUBLISHED_H
#define GR_CONTENT_PUBLISHED_H

#include "store/store.h"

/* In a job: the log names this version of a programme, once (RULE programme-published). */
enum err content_publish(struct db *db, struct arena *a, const char *programme_id,
                         const char *version, const char *source, int64_t now_ms) MUST_USE;

#endif
