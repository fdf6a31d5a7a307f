/* The academy that is measured. */
#include "bench/academy.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_TIMEOUT_MS                                                                           \
    300000 /* growth: a first start of a large academy makes the words of its search */

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where) {
    (void)s, (void)type, (void)where;
    return remove(path);
}

bool academy_folder(const char *path) {
    char part[512];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        mkdir(part, 0755);
        *p = '/';
    }
    struct stat s;
    mkdir(part, 0755);
    return stat(part, &s) == 0 && S_ISDIR(s.st_mode);
}

static void last_log_line(const struct academy *a, char *out, size_t cap) {
    char line[2048];
    FILE *f = fopen(a->log, "re");
    out[0] = '\0';
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, "\"level\":\"error\"") || line[0] != '{') snprintf(out, cap, "%s", line);
    if (f) fclose(f);
}

void academy_failed(struct academy *a, const char *doing, const struct client *c) {
    char line[2048];
    last_log_line(a, line, sizeof line);
    bench_failed(a->measure, "%s: %s\n%s", doing, c ? c->problem : "it does not work", line);
}

bool academy_serve(struct academy *a) {
    const char *argv[] = {a->bench->gradus, "serve",  "--port", "0", "--data",
                          a->data,          "--root", a->root,  NULL};
    char line[256], *colon;
    int64_t began_us = bench_now_us();
    if (!process_start(&a->server, argv, a->log) ||
        !process_wait_line(&a->server, "Serving on", START_TIMEOUT_MS, line, sizeof line) ||
        !(colon = strrchr(line, ':'))) {
        process_stop(&a->server);
        academy_failed(a, "gradus serve", NULL);
        return false;
    }
    a->ready_ms = (double)(bench_now_us() - began_us) / 1000;
    a->port = atoi(colon + 1);
    for (int i = 0; i < a->people_count; i++) {
        struct client *c = &a->people[i];
        if (c->fd >= 0) close(c->fd);
        c->fd = -1;
        c->port = a->port;
    }
    return true;
}

bool academy_stop(struct academy *a) { return process_stop(&a->server) == 0; }

static bool begin(struct academy *a, const struct bench *b, const char *measure, const char *name,
                  const char *root) {
    *a = (struct academy){.bench = b, .measure = measure, .root = root};
    snprintf(a->data, sizeof a->data, "%s/%s", b->dir, name);
    snprintf(a->log, sizeof a->log, "%s/%s.log", b->dir, name);
    nftw(a->data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    remove(a->log);
    return academy_folder(b->dir);
}

bool academy_open(struct academy *a, const struct bench *b, const char *measure, const char *name,
                  int attempts) {
    char number[32];
    bool begun = begin(a, b, measure, name, b->root);
    snprintf(number, sizeof number, "%d", attempts);
    const char *argv[] = {b->gradus, "demo",       "--data", a->data, "--root",
                          a->root,   "--attempts", number,   NULL};
    int64_t began_us = bench_now_us();
    if (!begun || process_run(argv, a->log, NULL, NULL, 0) != 0) {
        academy_failed(a, "gradus demo", NULL);
        return false;
    }
    bench_note(b, "%s: a demo with %d more open attempts took %.1f s to fill", measure, attempts,
               (double)(bench_now_us() - began_us) / 1e6);
    return academy_serve(a);
}

bool academy_open_empty(struct academy *a, const struct bench *b, const char *measure,
                        const char *name, const char *root, const char *login) {
    bool begun = begin(a, b, measure, name, root);
    const char *argv[] = {b->gradus,
                          "user",
                          "add",
                          login,
                          "--name",
                          "A Reader",
                          "--email",
                          "reader@bench.example",
                          "--roles",
                          "learner",
                          "--data",
                          a->data,
                          "--own-password-stdin",
                          NULL};
    if (!begun || process_run(argv, a->log, ACADEMY_PASSWORD "\n", NULL, 0) != 0) {
        academy_failed(a, "gradus user add", NULL);
        return false;
    }
    return academy_serve(a);
}

void academy_close(struct academy *a) {
    academy_stop(a);
    for (int i = 0; i < a->people_count; i++) client_release(&a->people[i]);
    free(a->people);
    a->people = NULL;
    a->people_count = 0;
}

bool academy_sign_in(struct academy *a, int count) {
    a->people = calloc((size_t)count, sizeof *a->people);
    if (!a->people) abort();
    for (; a->people_count < count; a->people_count++) {
        struct client *c = &a->people[a->people_count];
        char login[64];
        client_init(c, a->port);
        snprintf(login, sizeof login, "candidate-%d", a->people_count + 1);
        if (!client_sign_in(c, login, ACADEMY_PASSWORD)) {
            academy_failed(a, "signing in", c);
            client_release(c);
            return false;
        }
    }
    return true;
}
