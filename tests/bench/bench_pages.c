/* page.module: a module's page for people who are signed in, as their browsers ask for it:
 * compressed. page.plain: not compressed. page.home, page.programme, page.exams, page.glossary:
 * other pages that everybody opens, compressed. page.cold: the first time that the module's page is
 * asked for after a start. rss.serve: what the server takes by then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bench/academy.h"

#define MODULE "/modules/data-basics"
#define COLD_STARTS 5
#define WARM_UP_MOST 40

struct requests {
    const char *path;
    struct client *people;
    int people_count;
    bool compressed;
};

static size_t next_page(void *context, int connection, uint64_t number, char *out) {
    (void)number;
    const struct requests *r = context;
    char cookies[2048];
    client_cookie_line(&r->people[connection % r->people_count], cookies, sizeof cookies);
    return (size_t)snprintf(out, LOAD_REQUEST_LIMIT,
                            "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html,*/*;q=0.8\r\n"
                            "Accept-Language: en\r\n%s%s\r\n",
                            r->path, r->compressed ? "Accept-Encoding: gzip, deflate, br\r\n" : "",
                            cookies);
}

static void cold(struct academy *a) {
    double times[COLD_STARTS];
    struct client *c = &a->people[0];
    for (int i = 0; i < COLD_STARTS; i++) {
        if (!academy_stop(a)) {
            academy_failed(a, "stopping", NULL);
            return;
        }
        if (!academy_serve(a)) return;
        /* The connection is there already; the page is what is timed. */
        if (!client_get(c, "/healthz", 200) || !client_get(c, MODULE, 200)) {
            academy_failed(a, "the first page", c);
            return;
        }
        times[i] = (double)c->took_us / 1000;
        bench_note(a->bench, "page.cold %.2f ms, %zu bytes; the server was ready after %.0f ms",
                   times[i], c->body_len, a->ready_ms);
    }
    bench_line("page.cold", bench_median(times, COLD_STARTS), "ms", -1);
}

struct page_measure {
    const char *name, *path;
    bool compressed;
};
static const struct page_measure page_measures[] = {
    {"page.module", MODULE, true},  {"page.plain", MODULE, false},
    {"page.home", "/", true},       {"page.programme", "/programmes/mops", true},
    {"page.exams", "/exams", true}, {"page.glossary", "/glossary", true},
};

static bool one_page(struct academy *a, const struct page_measure *m) {
    const char *name = m->name;
    const struct bench *b = a->bench;
    struct client *c = &a->people[0];
    struct requests requests = {.path = m->path,
                                .people = a->people,
                                .people_count = a->people_count,
                                .compressed = m->compressed};
    /* What is made at the first answers is there when one is as long as the one before: each piece
     * is kept at its second coming, and the next one behind it after that. */
    const char *accept = m->compressed ? "Accept-Encoding: gzip\r\n" : NULL;
    size_t before = 0;
    for (int i = 0, same = 0; i < WARM_UP_MOST && same < 3; i++) {
        if (!client_send(c, "GET", m->path, accept, NULL, NULL) || c->reply.status != 200) {
            academy_failed(a, m->path, c);
            return false;
        }
        same = c->body_len == before ? same + 1 : 0;
        before = c->body_len;
    }
    struct process ceiling;
    char bytes[32];
    const size_t len = c->body_len;
    snprintf(bytes, sizeof bytes, "%zu", len);
    int port = bench_ceiling(b, &ceiling, name, (const char *const[]){"page", bytes, "200", NULL});
    if (!port) return false;
    struct versus v = {.name = name, .our_pid = a->server.pid, .ceiling_pid = ceiling.pid};
    v.ours = (struct load_plan){.port = a->port,
                                .connections = b->connections,
                                .threads = b->threads,
                                .next = next_page,
                                .context = &requests,
                                .status = 200};
    v.ceiling = v.ours;
    v.ceiling.port = port;
    v.ceiling.body_min = v.ceiling.body_max = len;
    v.ours.body_min = len - len / 50; /* names differ in length, tokens in how they compress */
    v.ours.body_max = len + len / 50;
    bool ok = bench_versus(b, &v);
    process_stop(&ceiling);
    if (ok) bench_line(name, v.per_second, "req/s", v.ratio);
    return ok;
}

void bench_pages(const struct bench *b) {
    struct academy a;
    if (!academy_open(&a, b, "page.module", "pages", b->connections)) {
        academy_close(&a);
        return;
    }
    if (academy_sign_in(&a, b->connections)) {
        if (bench_wanted(b, "page.cold")) cold(&a);
        bool ok = a.server.pid > 0;
        for (size_t i = 0; ok && i < COUNT_OF(page_measures); i++)
            if (bench_wanted(b, page_measures[i].name)) ok = one_page(&a, &page_measures[i]);
        if (ok && bench_wanted(b, "rss.serve"))
            bench_line("rss.serve", process_memory_mb(a.server.pid), "MB", -1);
    }
    academy_close(&a);
}
