/* Bulk jobs: rows that came in parts are written by the system itself, so many at a time, when its
 * queue says so. A row does what a call of the API would do, rules and webhooks with it; the event
 * of the job's close is the cause of all of it.
 *
 * RULE lab-bulk-room: a run has 16 MB for jobs. Finished jobs that are the oldest go first; while
 * they all are at work, there is no room for more. */
#ifndef GR_SANDBOX_BULK_H
#define GR_SANDBOX_BULK_H

#include "sandbox/state.h"

#define BULK_ROOM_BYTES ((int64_t)16 * 1024 * 1024)
#define BULK_ROW_BYTES 64 /* what a row takes beside its text */
#define BULK_JOB_BYTES 500

struct bulk_job {
    int64_t n; /* 0: there is none */
    const char *id;
    const struct lab_object *object;
    enum lab_bulk_operation operation;
    enum lab_bulk_state state;
    int64_t parts, rows, done, failed, bytes, event;
};

/* The job of this id, of this system. False: there is none. Scratch. */
bool bulk_find(struct lab_state *s, int member, const char *id, struct bulk_job *out);
/* Makes one and returns its id (scratch). */
const char *bulk_open(struct lab_state *s, int member, const struct lab_object *o,
                      enum lab_bulk_operation operation);
/* Lets the oldest finished jobs go until so many bytes have room; false: there is none. */
bool bulk_make_room(struct lab_state *s, int64_t bytes);
/* Adds a part: its rows are JSON, as calls of the API bring records. */
void bulk_add(struct lab_state *s, const struct bulk_job *job, const char *const *lines,
              size_t count);
/* The rows are complete: the job waits for its turn. */
void bulk_close(struct lab_state *s, int member, const struct bulk_job *job);
void bulk_drop(struct lab_state *s, int64_t n);
/* Its turn (due.h): a slice of its rows. */
void bulk_due(struct lab_state *s, int64_t n);

#endif
