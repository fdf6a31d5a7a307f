/* Counters of the server, in the Prometheus text format (version 0.0.4). */
#ifndef GR_HTTP_METRICS_H
#define GR_HTTP_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

#define METRICS_BUCKETS 10

struct metrics {
    _Atomic int64_t by_class[6];                 /* answers by status / 100 */
    _Atomic int64_t bucket[METRICS_BUCKETS + 1]; /* answers by duration, not cumulative */
    _Atomic int64_t duration_us, bytes_out, connections, connections_total, refused_busy,
        refused_share;
};

void metrics_answer(struct metrics *m, int status, int64_t duration_us, size_t bytes);
void metrics_write(struct metrics *m, struct buf *out);

#endif
