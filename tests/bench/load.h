/* The load generator: many keep-alive connections, each with one request under way, and how long
 * the answers took.
 *
 * Both sides of every ratio are measured by it, in the same run and on the same machine, so that
 * what it costs itself is in both. */
#ifndef GR_BENCH_LOAD_H
#define GR_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_REQUEST_LIMIT 4096
#define LOAD_PROBLEM_BYTES 768

/* Writes the next request of a connection into `out` (LOAD_REQUEST_LIMIT bytes) and returns its
 * length. `number` counts the connection's requests from 0. Called on the generator's threads. */
typedef size_t (*load_next_fn)(void *context, int connection, uint64_t number, char *out);

struct load_plan {
    int port; /* on 127.0.0.1 */
    int connections;
    int threads;        /* 0 = 1; connections are divided among them */
    int64_t warm_up_ms; /* answered, but not counted */
    int64_t measure_ms;
    load_next_fn next;
    void *context;
    int status;                /* what every answer must carry */
    size_t body_min, body_max; /* bytes that every answer's body must have, as sent; max 0 = any */
    const uint64_t *first_number; /* per connection: its first `number`; NULL = 0 */
    uint64_t *numbers; /* out, per connection: the number after the last one used; may be NULL */
};

struct load_result {
    double per_second; /* answers in the measured time */
    double p50_us, p99_us, max_us;
    double body_bytes; /* on average */
    uint64_t answers;
    uint64_t failures;                /* wrong status or length, broken answers, lost connections */
    char problem[LOAD_PROBLEM_BYTES]; /* the first failure: what it was, and the answer's head */
};

/* False when no connection could be made or anything failed; then `problem` says what. */
bool load_run(const struct load_plan *plan, struct load_result *out);

#endif
