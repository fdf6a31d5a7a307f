/* Labs, over HTTP and as the browser does it. lab.start: from the button to the run's first page.
 * lab.action: an update of one record over the run's API, asked one after the other. lab.api.list
 * and lab.api.create: twenty records, one new record, by many clients in many runs.
 *
 * lab.fair: bench_fair.c.
 *
 * lab.memory: how many live runs of one lab fit into a GB.
 *
 * lab.start and lab.action stand beside what the sandboxed worker takes by itself, lab.api.… beside
 * bare libmicrohttpd with as many bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "bench/academy.h"
#include "bench/bench_fair.h"
#include "lab/lab.h"
#include "sandbox/sandbox.h"

/* at once: the server keeps 64 workers alive; a day of the lab allows 8,000 calls in each */
#define RUNS 56
#define SCENARIO "field-mapping-dedupe"
#define LAB "/labs/" SCENARIO
#define CHOICE "dialect_crm=boreal&dialect_map=heron"
#define WORKER_ROUNDS 2000
#define CROWD 200 /* live runs whose memory is measured */
/* one of so many lets the lab's clock run; two clients may share a run, which allows 20 in 5 s */
#define CALLS 8

struct run {
    char path[64], secret[128], record[32];
};

struct runs {
    struct run *all;
    int count;
    enum { RUN_LIST, RUN_CREATE, RUN_UPDATE } what;
};

static size_t change(char *out, const struct run *r, const char *method, const char *path,
                     const char *body) {
    return (size_t)snprintf(
        out, LOAD_REQUEST_LIMIT,
        "%s %s/api/crm/v1/people%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Boreal-Key: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        method, r->path, path, r->secret, strlen(body), body);
}

/* Limits are real, and count by the lab's clock: now and then a client lets it run. */
static size_t let_time_pass(char *out, const struct run *r) {
    static const char body[] = "{\"advance_seconds\":6}";
    return (size_t)snprintf(
        out, LOAD_REQUEST_LIMIT,
        "POST %s/api/lab/clock HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        r->path, r->secret, strlen(body), body);
}

static size_t next_call(void *context, int connection, uint64_t number, char *out) {
    const struct runs *runs = context;
    /* One client alone goes from run to run, so that it does not use up a day. */
    const struct run *r =
        &runs->all[runs->what == RUN_UPDATE ? number / CALLS % (uint64_t)runs->count
                                            : (uint64_t)(connection % runs->count)];
    char body[256], path[64] = "";
    if (number % CALLS == 0) return let_time_pass(out, r);
    if (runs->what == RUN_LIST)
        return (size_t)snprintf(
            out, LOAD_REQUEST_LIMIT,
            "GET %s/api/crm/v1/people?page_size=20 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Boreal-Key: %s\r\n\r\n",
            r->path, r->secret);
    if (runs->what == RUN_UPDATE) {
        snprintf(body, sizeof body, "{\"family_name\":\"Bench %llu\"}", (unsigned long long)number);
        snprintf(path, sizeof path, "/%s", r->record);
        return change(out, r, "PUT", path, body);
    }
    snprintf(
        body, sizeof body,
        "{\"email\":\"bench-%d-%llu@example.com\",\"given_name\":\"Bench\",\"family_name\":\"Mark\"}",
        connection, (unsigned long long)number);
    return change(out, r, "POST", "", body);
}

/* ---- Starting ------------------------------------------------------------------------------ */

static bool start_run(struct client *c, struct run *r, double *ms) {
    char key[200], path[160];
    if (!client_get(c, LAB, 200) || !client_post(c, LAB "/runs", CHOICE, 303)) return false;
    int64_t took_us = c->took_us;
    client_location(c, r->path, sizeof r->path);
    if (!client_get(c, r->path, 200)) return false;
    *ms = (double)(took_us + c->took_us) / 1000;
    snprintf(path, sizeof path, "%s?tab=access", r->path);
    if (!client_get(c, path, 200)) return false;
    if (!text_between(c->body, "RUN_TOKEN='", "'", r->secret, sizeof r->secret)) {
        snprintf(c->problem, sizeof c->problem, "%s does not show the secret", path);
        return false;
    }
    snprintf(path, sizeof path, "%s/api/crm/v1/people?page_size=1", r->path);
    snprintf(key, sizeof key, "X-Boreal-Key: %s\r\n", r->secret);
    if (!client_send(c, "GET", path, key, NULL, NULL)) return false;
    if (text_between(c->body, "\"id\":\"", "\"", r->record, sizeof r->record)) return true;
    snprintf(c->problem, sizeof c->problem, "%s: status %d\n%.200s", path, c->reply.status,
             c->body);
    return false;
}

/* A set of new runs, one a person: each has a day's calls before it. */
static bool start_all(struct academy *a, struct runs *runs, double *median_ms) {
    double ms[RUNS];
    for (runs->count = 0; runs->count < RUNS; runs->count++) {
        struct client *c = &a->people[runs->count];
        if (start_run(c, &runs->all[runs->count], &ms[runs->count])) continue;
        academy_failed(a, "starting a run", c);
        return false;
    }
    *median_ms = bench_median(ms, RUNS);
    return true;
}

/* ---- Measuring ------------------------------------------------------------------------------ */

static void action(struct academy *a, struct runs *runs, const struct lab_bench *alone) {
    struct load_result r;
    struct load_plan plan = {.port = a->port,
                             .connections = 1,
                             .threads = 1,
                             .warm_up_ms = 300,
                             .measure_ms = 2 * a->bench->round_ms,
                             .next = next_call,
                             .context = runs,
                             .status = 200};
    runs->what = RUN_UPDATE;
    if (!load_run(&plan, &r)) {
        bench_failed("lab.action", "%s", r.problem);
        return;
    }
    bench_note(a->bench, "lab.action %.0f/s  p50 %.0f us  p99 %.0f us; the worker alone %lld us",
               r.per_second, r.p50_us, r.p99_us, (long long)alone->action_us);
    bench_line("lab.action", r.p50_us, "us",
               alone->action_us ? (double)alone->action_us / r.p50_us : -1);
}

/* The answers to some calls tell how many bytes the ceiling serves. 0 after bench_failed(name). */
static size_t answer_bytes(struct academy *a, struct runs *runs, const char *name) {
    struct load_result r;
    struct load_plan plan = {.port = a->port,
                             .connections = RUNS,
                             .threads = 1,
                             .measure_ms = 1000,
                             .next = next_call,
                             .context = runs,
                             .status = 200};
    if (load_run(&plan, &r)) return (size_t)(r.body_bytes + 0.5);
    bench_failed(name, "%s", r.problem);
    return 0;
}

static void api(struct academy *a, struct runs *runs, const char *name, uint64_t first) {
    const struct bench *b = a->bench;
    struct process ceiling;
    char bytes[32];
    size_t len = answer_bytes(a, runs, name);
    snprintf(bytes, sizeof bytes, "%zu", len);
    int port = len ? bench_ceiling(b, &ceiling, name,
                                   (const char *const[]){"page", bytes, "200", NULL})
                   : 0;
    if (!port) return;
    uint64_t *numbers = calloc((size_t)b->connections, sizeof *numbers);
    if (!numbers) abort();
    for (int i = 0; i < b->connections; i++) numbers[i] = first; /* no address twice */
    struct versus v = {.name = name, .our_pid = a->server.pid, .ceiling_pid = ceiling.pid};
    v.ours = (struct load_plan){.port = a->port,
                                .connections = b->connections,
                                .threads = b->threads,
                                .next = next_call,
                                .context = runs,
                                .status = 200,
                                .first_number = numbers,
                                .numbers = numbers};
    v.ceiling = v.ours;
    v.ceiling.port = port;
    v.ceiling.numbers = NULL;
    v.ceiling.body_min = v.ceiling.body_max = len;
    if (bench_versus(b, &v)) bench_line(name, v.per_second, "req/s", v.ratio);
    process_stop(&ceiling);
    free(numbers);
}

/* Four runs of the first learner, one of the second. */
static void fair(struct academy *a) {
    struct run mine[4], theirs;
    const char *paths[4];
    char page[80];
    double ms;
    for (int i = 0; i < 4; i++) {
        if (!start_run(&a->people[0], &mine[i], &ms)) {
            academy_failed(a, "starting a run", &a->people[0]);
            return;
        }
        paths[i] = mine[i].path;
    }
    if (!start_run(&a->people[1], &theirs, &ms)) {
        academy_failed(a, "starting a run", &a->people[1]);
        return;
    }
    snprintf(page, sizeof page, "%s?tab=crm", theirs.path);
    bench_fair(a, &a->people[0], paths, &a->people[1], page);
}

static void measure(struct academy *a, const struct lab_bench *alone) {
    const struct bench *b = a->bench;
    struct run all[RUNS];
    struct runs runs = {.all = all};
    double start_ms, again_ms;
    memset(all, 0, sizeof all);
    if (!start_all(a, &runs, &start_ms)) return;
    bench_note(b, "lab.start %.1f ms; the worker alone %.1f ms", start_ms,
               (double)alone->start_us / 1000);
    if (bench_wanted(b, "lab.start"))
        bench_line("lab.start", start_ms, "ms", (double)alone->start_us / 1000 / start_ms);
    if (bench_wanted(b, "lab.fair")) fair(a);
    if (bench_wanted(b, "lab.action")) action(a, &runs, alone);
    runs.what = RUN_CREATE;
    if (bench_wanted(b, "lab.api.create")) api(a, &runs, "lab.api.create", 1000000);
    if (!bench_wanted(b, "lab.api.list") || !start_all(a, &runs, &again_ms)) return;
    runs.what = RUN_LIST;
    api(a, &runs, "lab.api.list", 0);
}

/* ---- Memory -------------------------------------------------------------------------------- */
struct crowd {
    const struct bench *bench;
    struct zygote *zygote;
};

/* Shared pages are divided among those who share them; the zygote and the template count, too. */
static void weigh(void *context) {
    const struct crowd *c = context;
    double mb = process_memory_mb(zygote_pid(c->zygote));
    bench_note(c->bench, "lab.memory %d live runs take %.1f MB, %.0f KB each", CROWD, mb,
               mb * 1000 / CROWD);
    bench_line("lab.memory", mb > 0 ? CROWD * 1000 / mb : 0, "per GB", -1);
}

static void memory(const struct bench *b, struct zygote *z) {
    struct crowd c = {b, z};
    if (lab_bench_crowd(z, b->root, SCENARIO, CROWD, weigh, &c) != OK)
        bench_failed("lab.memory", "not so many workers can be started");
}

void bench_labs(const struct bench *b) {
    struct academy a;
    struct lab_bench alone = {0};
    const char *why = "";
    codec_start();
    struct arena words;
    struct zygote *z = NULL;
    arena_init(&words, 64 * 1024);
    if (labs_prepare(&z, GRADUS_LABS, &words, &why) != OK ||
        lab_bench_workers(z, b->root, SCENARIO, WORKER_ROUNDS, &alone) != OK) {
        bench_failed("lab.start", "workers cannot be measured: %s", why);
        arena_release(&words);
        return;
    }
    if (bench_wanted(b, "lab.memory")) memory(b, z);
    labs_unprepare(z);
    arena_release(&words);
    if (academy_open(&a, b, "lab.start", "labs", RUNS) && academy_sign_in(&a, RUNS))
        measure(&a, &alone);
    academy_close(&a);
}
