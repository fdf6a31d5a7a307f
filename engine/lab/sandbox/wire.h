/* Messages between the server and a worker, over a stream socket: four bytes of operation, four of length
 * (little endian), payload. Both sides block; the server's side has a deadline. */
#ifndef GR_LAB_WIRE_H
#define GR_LAB_WIRE_H

#include "base/buf.h"

#define WIRE_MAX ((size_t)48 * 1024 * 1024)

enum wire_operation {
    WIRE_BOOT = 1, /* "dialects\nseed\n" and the pack → "" or a sentence */
    WIRE_SEED,     /* → "" : fills the state from the seeds */
    WIRE_LOAD,     /* image → "" */
    WIRE_STEP,     /* action as JSON → {"status":…,…} NUL body */
    WIRE_VIEW,     /* question as JSON → JSON */
    WIRE_HASH,     /* → hex */
    WIRE_SAVE,     /* → image */
    WIRE_FINE = 100,
    WIRE_FAILED, /* payload: a sentence */
};

bool wire_send(int fd, unsigned operation, const void *payload, size_t len);
/* Reads a message into `a` (NUL-terminated). False at the end, on an error, and past the deadline
 * (milliseconds from now; -1 = none). */
bool wire_receive(int fd, unsigned *operation, char **payload, size_t *len, struct arena *a,
                  int64_t deadline_ms);

#endif
