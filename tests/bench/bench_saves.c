/* save.response: durable saves a second, each client in an exam attempt of its own, against a bare
 * suspend-commit-resume loop in a database on the same disk. rss.attempts: memory with many open
 * attempts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/academy.h"

#define SLOTS 16 /* of an attempt: they are answered in turn */

struct candidate {
    char attempt[64], cookies[2048], csrf[128];
    bool multiple[SLOTS]; /* the slot's response is a list */
};

struct candidates {
    struct candidate *all;
    int count;
};

static size_t next_save(void *context, int connection, uint64_t number, char *out) {
    const struct candidates *all = context;
    const struct candidate *c = &all->all[connection % all->count];
    char body[128];
    int slot = (int)(number % SLOTS);
    int len = snprintf(body, sizeof body,
                       c->multiple[slot] ? "{\"seq\":%llu,\"response\":[1,2],\"client\":\"bench\"}"
                                         : "{\"seq\":%llu,\"response\":2,\"client\":\"bench\"}",
                       (unsigned long long)(number / SLOTS + 1));
    return (size_t)snprintf(
        out, LOAD_REQUEST_LIMIT,
        "PUT /attempts/%s/responses/%d HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        "Content-Type: application/json\r\nX-CSRF-Token: %s\r\n%sContent-Length: %d\r\n\r\n%s",
        c->attempt, slot + 1, c->csrf, c->cookies, len, body);
}

/* Tries a slot with a single response, then with a list: seq 1 of each is used up. */
static bool try_slot(struct client *browser, struct candidate *c, int slot) {
    static const char *const bodies[] = {"{\"seq\":1,\"response\":2}",
                                         "{\"seq\":1,\"response\":[1,2]}"};
    char path[160];
    snprintf(path, sizeof path, "/attempts/%s/responses/%d", c->attempt, slot + 1);
    for (int i = 0; i < 2; i++) {
        if (!client_send(browser, "PUT", path, "Accept: application/json\r\n", "application/json",
                         bodies[i]))
            return false;
        if (browser->reply.status != 200) continue;
        c->multiple[slot] = i == 1;
        return true;
    }
    snprintf(browser->problem, sizeof browser->problem, "PUT %s: status %d\n%.200s", path,
             browser->reply.status, browser->body);
    return false;
}

static bool prepare(struct client *browser, struct candidate *c) {
    char path[128];
    if (!client_get(browser, "/exams/mops-associate", 200)) return false;
    if (!text_between(browser->body, "/attempts/", "\"", c->attempt, sizeof c->attempt)) {
        snprintf(browser->problem, sizeof browser->problem,
                 "the exam's page leads to no open attempt");
        return false;
    }
    c->attempt[strcspn(c->attempt, "/?#")] = '\0';
    snprintf(path, sizeof path, "/attempts/%s/q/1", c->attempt);
    if (!client_get(browser, path, 200)) return false;
    snprintf(c->csrf, sizeof c->csrf, "%s", browser->csrf);
    client_cookie_line(browser, c->cookies, sizeof c->cookies);
    for (int slot = 0; slot < SLOTS; slot++)
        if (!try_slot(browser, c, slot)) return false;
    return true;
}

static bool prepare_all(struct academy *a, struct candidates *all) {
    all->count = a->people_count;
    all->all = calloc((size_t)all->count, sizeof *all->all);
    if (!all->all) abort();
    for (int i = 0; i < all->count; i++) {
        if (prepare(&a->people[i], &all->all[i])) continue;
        academy_failed(a, "preparing an attempt", &a->people[i]);
        return false;
    }
    return true;
}

static void saves(struct academy *a, struct candidates *all) {
    const struct bench *b = a->bench;
    struct process ceiling;
    char file[600];
    snprintf(file, sizeof file, "%s/ceiling.db", a->data);
    int port = bench_ceiling(b, &ceiling, "save.response",
                             (const char *const[]){"save", file, NULL});
    if (!port) return;
    uint64_t ours[256], theirs[256];
    if (b->connections > 256) abort();
    for (int i = 0; i < b->connections; i++) ours[i] = theirs[i] = SLOTS; /* seq 1 is used */
    struct versus v = {
        .name = "save.response", .our_pid = a->server.pid, .ceiling_pid = ceiling.pid};
    v.ours = (struct load_plan){.port = a->port,
                                .connections = b->connections,
                                .threads = b->threads,
                                .next = next_save,
                                .context = all,
                                .status = 200,
                                .first_number = ours,
                                .numbers = ours};
    v.ceiling = v.ours;
    v.ceiling.port = port;
    v.ceiling.first_number = v.ceiling.numbers = theirs;
    bool ok = bench_versus(b, &v);
    process_stop(&ceiling);
    if (ok) bench_line("save.response", v.per_second, "req/s", v.ratio);
}

/* Everybody reads and saves once more, then the server is weighed. */
static void weigh(struct academy *a) {
    struct candidates all = {0};
    if (prepare_all(a, &all))
        bench_line("rss.attempts", process_memory_mb(a->server.pid), "MB", -1);
    free(all.all);
}

void bench_saves(const struct bench *b) {
    struct academy a;
    struct candidates all = {0};
    if (bench_wanted(b, "save.response")) {
        if (academy_open(&a, b, "save.response", "saves", b->connections) &&
            academy_sign_in(&a, b->connections) && prepare_all(&a, &all))
            saves(&a, &all);
        free(all.all);
        academy_close(&a);
    }
    if (bench_wanted(b, "rss.attempts")) {
        if (academy_open(&a, b, "rss.attempts", "attempts", b->attempts) &&
            academy_sign_in(&a, b->connections))
            weigh(&a);
        academy_close(&a);
    }
}
