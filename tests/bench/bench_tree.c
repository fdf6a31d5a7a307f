/* check.tree: `gradus check` over a generated course. search.query: searching it, the slowest in a
 * hundred of many different questions, asked one after the other. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/academy.h"

#define CHECKS 3
#define INDEX_TIMEOUT_S 300
#define SEARCH_MS 4000

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where) {
    (void)s, (void)type, (void)where;
    return remove(path);
}

/* The generated course in `tree`, with the project's pages. */
static bool make_tree(const struct bench *b, char *tree, size_t cap) {
    char link[1100], target[600];
    snprintf(tree, cap, "%s/tree", b->dir);
    nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!academy_folder(b->dir) || !generate_tree(tree, b->modules)) return false;
    snprintf(link, sizeof link, "%s/site", tree);
    snprintf(target, sizeof target, "%s/site", b->root);
    char *whole = realpath(target, NULL);
    bool ok = whole && symlink(whole, link) == 0;
    free(whole);
    return ok;
}

static void check(const struct bench *b, const char *tree) {
    const char *argv[] = {b->gradus, "check", "--root", tree, NULL};
    double seconds[CHECKS];
    for (int i = 0; i < CHECKS; i++) {
        char out[4096];
        int64_t began = bench_now_us();
        int status = process_run(argv, NULL, NULL, out, sizeof out);
        seconds[i] = (double)(bench_now_us() - began) / 1e6;
        if (status != 0) {
            bench_failed("check.tree", "status %d: %.500s", status, out);
            return;
        }
        bench_note(b, "check.tree %.2f s for %d modules and as many items", seconds[i], b->modules);
    }
    bench_line("check.tree", bench_median(seconds, CHECKS), "s", -1);
}

/* ---- Searching ----------------------------------------------------------------------------- */

/* One word that nearly every module has, rarer ones, several, a beginning, a phrase, other scripts,
 * nothing. */
static const char *const questions[] = {"record",
                                        "consent",
                                        "rollback",
                                        "erasure%20basis",
                                        "campaign%20owner%20value",
                                        "dupl",
                                        "surviv",
                                        "webinar%20landing",
                                        "%22a%20shared%22",
                                        "priority%20incident%20queue%20retry",
                                        "%E0%B8%82%E0%B9%89%E0%B8%AD%E0%B8%A1%E0%B8%B9%E0%B8%A5",
                                        "%D8%A8%D9%8A%D8%A7%D9%86%D8%A7%D8%AA",
                                        "module%204711",
                                        "bench%20term",
                                        "zzz",
                                        "the",
                                        "metric%20zzz"};

static size_t next_search(void *context, int connection, uint64_t number, char *out) {
    (void)connection;
    return (size_t)snprintf(
        out, LOAD_REQUEST_LIMIT,
        "GET /search?q=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n%s\r\n",
        questions[number % (sizeof questions / sizeof *questions)], (const char *)context);
}

/* The index is made in the background: the last module tells when it is done. */
static bool wait_for_index(struct academy *a, struct client *c) {
    char path[64], wanted[64];
    snprintf(path, sizeof path, "/search?q=%d", a->bench->modules);
    snprintf(wanted, sizeof wanted, "/modules/m-%05d", a->bench->modules);
    int64_t began = bench_now_us();
    while (bench_now_us() - began < (int64_t)INDEX_TIMEOUT_S * 1000000) {
        if (!client_get(c, path, 200)) return false;
        if (strstr(c->body, wanted)) {
            bench_note(a->bench, "search.query: the index was ready %.1f s after the start",
                       (double)(bench_now_us() - began) / 1e6);
            return true;
        }
        usleep(200000);
    }
    snprintf(c->problem, sizeof c->problem, "%s is not found after %d s", wanted, INDEX_TIMEOUT_S);
    return false;
}

static void search(struct academy *a) {
    char cookies[2048];
    struct client c;
    struct load_result r;
    client_init(&c, a->port);
    if (!client_sign_in(&c, "reader", ACADEMY_PASSWORD) || !wait_for_index(a, &c)) {
        academy_failed(a, "searching", &c);
    } else {
        client_cookie_line(&c, cookies, sizeof cookies);
        struct load_plan plan = {.port = a->port,
                                 .connections = 1,
                                 .threads = 1,
                                 .warm_up_ms = SEARCH_MS / 4,
                                 .measure_ms = SEARCH_MS,
                                 .next = next_search,
                                 .context = cookies,
                                 .status = 200};
        if (load_run(&plan, &r)) {
            bench_note(a->bench, "search.query %.0f/s  p50 %.0f us  p99 %.0f us  max %.0f us",
                       r.per_second, r.p50_us, r.p99_us, r.max_us);
            bench_line("search.query", r.p99_us / 1000, "ms", -1);
        } else bench_failed("search.query", "%s", r.problem);
    }
    client_release(&c);
}

void bench_tree(const struct bench *b) {
    char tree[1024];
    if (!make_tree(b, tree, sizeof tree)) {
        bench_failed("check.tree", "the course cannot be written to %s", b->dir);
        return;
    }
    if (bench_wanted(b, "check.tree")) check(b, tree);
    if (!bench_wanted(b, "search.query")) return;
    struct academy a;
    if (academy_open_empty(&a, b, "search.query", "search", tree, "reader")) search(&a);
    academy_close(&a);
}
