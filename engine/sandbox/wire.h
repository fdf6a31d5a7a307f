/* Messages between the server and a worker, over a stream socket: four bytes of operation, four of
 * length (little endian), payload. The worker's side blocks; every wait of the server's side, for
 * room to write as well as for something to read, has a deadline. */
#ifndef GR_SANDBOX_WIRE_H
#define GR_SANDBOX_WIRE_H

#include "base/buf.h"
#include "base/err.h"

#define WIRE_MAX ((size_t)48 * 1024 * 1024)
#define WIRE_LINK_BYTES 4000 /* of a header Link; a longer one is left out */

enum wire_operation {
    WIRE_BOOT = 1, /* of a template: "dialects\n" and the pack → "" or a sentence */
    WIRE_RUN,      /* of a worker, first and once: the run's seed, decimal → "" */
    WIRE_SEED,     /* → "" : fills the state from the seeds */
    WIRE_LOAD,     /* image → "" */
    WIRE_STEP,     /* action as JSON → {"status":…,…} NUL body */
    WIRE_VIEW,     /* question as JSON → JSON */
    WIRE_HASH,     /* → hex */
    WIRE_SAVE,     /* → image */
    WIRE_EFFECT,   /* → hex */
    WIRE_GO_ON,    /* after WIRE_MORE, and nothing but that → as WIRE_STEP */
    WIRE_FINE = 100,
    WIRE_FAILED, /* payload: a sentence */
    WIRE_MORE,   /* a slice of a step is done, others are to come */
};

/* Deadlines are times of the monotonic clock in milliseconds; WIRE_NO_DEADLINE: plain blocking
 * calls, all that a worker may make. False at the end, on an error, and past the deadline: then
 * part of a message may have gone or come, and the connection is of no more use. */
#define WIRE_NO_DEADLINE ((int64_t)-1)
bool wire_send(int fd, unsigned operation, const void *payload, size_t len,
               int64_t end_ms) MUST_USE;
/* Reads a message of at most `max` bytes into `a` (NUL-terminated). */
bool wire_receive(int fd, unsigned *operation, char **payload, size_t *len, size_t max,
                  struct arena *a, int64_t end_ms) MUST_USE;
/* True when nothing is waiting to be read, not even the end: so it is with a worker that nobody has
 * asked. */
bool wire_quiet(int fd) MUST_USE;
/* Waits until `events` of poll(2). False past the deadline and on an error. */
bool wire_wait(int fd, short events, int64_t end_ms) MUST_USE;

#endif
