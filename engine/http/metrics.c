/* Counting answers. */
#include "http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "http/http.h"

static const int64_t bounds_us[METRICS_BUCKETS] = {500,   1000,   2500,   5000,    10000,
                                                   25000, 100000, 500000, 2500000, 10000000};

void metrics_answer(struct metrics *m, int status, int64_t duration_us, size_t bytes) {
    int bucket = 0, class = status / 100;
    while (bucket < METRICS_BUCKETS && duration_us > bounds_us[bucket]) bucket++;
    m->by_class[class >= 1 && class <= 5 ? class : 0]++;
    m->bucket[bucket]++;
    m->duration_us += duration_us;
    m->bytes_out += (int64_t)bytes;
}

void metrics_sample(struct buf *out, const char *name, const char *kind, const char *help,
                    int64_t value) {
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRId64 "\n", name, help, name, kind, name,
               value);
}

static int64_t resident_bytes(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    long total = 0, resident = 0;
    if (f) {
        if (fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
        fclose(f);
    }
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

void metrics_write(struct metrics *m, struct buf *out) {
    buf_puts(out, "# HELP gradus_http_responses_total Answers by class of status.\n"
                  "# TYPE gradus_http_responses_total counter\n");
    for (int i = 1; i <= 5; i++)
        buf_printf(out, "gradus_http_responses_total{class=\"%dxx\"} %" PRId64 "\n", i,
                   m->by_class[i]);
    buf_puts(out, "# HELP gradus_http_duration_seconds Time from the first header to the answer.\n"
                  "# TYPE gradus_http_duration_seconds histogram\n");
    int64_t count = 0;
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        count += m->bucket[i];
        buf_printf(out, "gradus_http_duration_seconds_bucket{le=\"%g\"} %" PRId64 "\n",
                   (double)bounds_us[i] / 1e6, count);
    }
    count += m->bucket[METRICS_BUCKETS];
    buf_printf(out,
               "gradus_http_duration_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n"
               "gradus_http_duration_seconds_sum %.6f\ngradus_http_duration_seconds_count %" PRId64
               "\n",
               count, (double)m->duration_us / 1e6, count);
    metrics_sample(out, "gradus_http_bytes_total", "counter", "Bytes of answers.", m->bytes_out);
    metrics_sample(out, "gradus_http_connections", "gauge", "Open connections.", m->connections);
    metrics_sample(out, "gradus_http_connections_total", "counter", "Connections taken.",
                   m->connections_total);
    metrics_sample(out, "gradus_http_busy_total", "counter",
                   "Requests refused because a queue was full.", m->refused_busy);
    metrics_sample(
        out, "gradus_http_share_total", "counter",
        "Requests refused because somebody had used more than their share of the processor.",
        m->refused_share);
    metrics_sample(out, "process_resident_memory_bytes", "gauge", "Memory that is resident.",
                   resident_bytes());
}
