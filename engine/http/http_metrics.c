/* /metrics: who may read them, and what the server itself has to tell. From counters in memory and
 * what `options.metrics` adds: no answer costs more because more is stored. */
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/connection.h"

static bool is_loopback(const char *address) {
    return str_has_prefix(address, "127.") || str_eq(address, "::1");
}

/* Whether a proxy has forwarded the request, be it declared or not. */
static bool was_forwarded(struct request *r) {
    static const char *const signs[] = {"Forwarded",         "X-Forwarded-For", "X-Forwarded-Host",
                                        "X-Forwarded-Proto", "X-Real-IP",       "Via"};
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (http_header_in(r, signs[i])) return true;
    return false;
}

/* Compares in constant time. */
static bool has_token(struct request *r, const char *token) {
    static const char scheme[] = "Bearer ";
    const char *given = http_header_in(r, "Authorization");
    if (!token || !given || !str_has_prefix(given, scheme)) return false;
    given += sizeof scheme - 1;
    size_t len = strlen(token);
    return strlen(given) == len && sodium_memcmp(given, token, len) == 0;
}

/* RULE metrics-readers: a program on this machine that asks directly; the address that the operator
 * named, asking directly or through the declared proxy; whoever holds the operator's token. A proxy
 * that nobody declared lends its address to nobody. */
static bool may_read(struct request *r) {
    const struct http_options *o = &r->connection->http->options;
    if (has_token(r, o->metrics_token)) return true;
    bool through = was_forwarded(r);
    if (!through && is_loopback(r->client)) return true;
    return o->metrics_address && str_eq(r->client, o->metrics_address) &&
           (!through || r->connection->client_forwarded);
}

enum err http_metrics_page(struct request *r) {
    struct http *h = r->connection->http;
    if (!may_read(r)) return http_refuse(r, ERR_DENIED, "http_metrics_local", NULL);
    struct buf b;
    buf_init(&b, r->arena);
    metrics_write(&h->metrics, &b);
    struct store_stats s;
    store_stats(r->app->store, &s);
    metrics_sample(&b, "gradus_requests_active", "gauge", "Requests being answered.",
                   h->requests_active);
    struct peers_stats peers;
    peers_stats(h->peers, &peers);
    metrics_sample(&b, "gradus_http_connections_evicted_total", "counter",
                   "Waiting connections that were closed to make room for another.", peers.evicted);
    metrics_sample(
        &b, "gradus_http_connections_late_total", "counter",
        "Connections that were closed because a request or the reading of an answer took too long.",
        peers.late);
    metrics_sample(&b, "gradus_store_jobs_total", "counter", "Write jobs done.", s.jobs);
    metrics_sample(&b, "gradus_store_commits_total", "counter", "Commits.", s.commits);
    metrics_sample(&b, "gradus_store_failed_total", "counter", "Write jobs that failed.", s.failed);
    metrics_sample(&b, "gradus_store_queue_length", "gauge", "Write jobs that wait.",
                   s.queue_length);
    metrics_sample(&b, "gradus_store_queue_capacity", "gauge", "Write jobs that may wait.",
                   s.queue_capacity);
    metrics_sample(&b, "gradus_store_commit_microseconds_total", "counter",
                   "Time spent in commits.", s.commit_us_total);
    metrics_sample(&b, "gradus_store_file_bytes", "gauge", "Size of the database.", s.file_bytes);
    metrics_sample(&b, "gradus_store_wal_bytes", "gauge", "Size of its write-ahead log.",
                   s.wal_bytes);
    metrics_sample(&b, "gradus_store_healthy", "gauge", "1 when the last write reached the disk.",
                   store_healthy(r->app->store));
    struct lru_cache_stats pieces;
    pieces_stats(h->pieces, &pieces);
    metrics_sample(&b, "gradus_http_pieces_found_total", "counter",
                   "Parts of pages that were compressed already.", pieces.hits);
    metrics_sample(&b, "gradus_http_pieces_missed_total", "counter",
                   "Parts of pages that had to be compressed.", pieces.misses);
    metrics_sample(&b, "gradus_http_pieces_bytes", "gauge", "Memory for compressed parts of pages.",
                   pieces.bytes);
    metrics_sample(&b, "process_start_time_seconds", "gauge", "Start of the process.",
                   h->started_ms / MS_SECOND);
    if (h->options.metrics) h->options.metrics(r->app, &b);
    return http_bytes(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&b), b.len,
                      true);
}
