/* The academy that is measured: a demo filled by `gradus demo`, served by `gradus serve`, and
 * people who are signed in to it through the real form. */
#ifndef GR_BENCH_ACADEMY_H
#define GR_BENCH_ACADEMY_H

#include "bench/bench.h"
#include "bench/client.h"

#define ACADEMY_PASSWORD "steps-and-levels" /* the demo's, public */

struct academy {
    const struct bench *bench;
    const char *measure; /* whose failures are reported */
    const char *root;    /* whose content is served */
    char data[512], log[512];
    struct process server; /* pid 0: not running */
    int port;
    double ready_ms;       /* from the start of the process until it serves */
    struct client *people; /* signed in; `people_count` of them */
    int people_count;
};

/* A fresh demo with `attempts` more learners, each in an open attempt; served. False after
 * bench_failed. */
bool academy_open(struct academy *a, const struct bench *b, const char *measure, const char *name,
                  int attempts);
/* One learner and nothing else, over the content of `root`; served. */
bool academy_open_empty(struct academy *a, const struct bench *b, const char *measure,
                        const char *name, const char *root, const char *login);
bool academy_serve(struct academy *a); /* starts the server again after academy_stop */
bool academy_stop(struct academy *a);  /* sessions and data stay; false when it did not end well */
void academy_close(struct academy *a);
/* Signs in `count` of the learners with an open attempt. */
bool academy_sign_in(struct academy *a, int count);
/* The folder and those above it. */
bool academy_folder(const char *path);
/* Reports with the client's problem and the last line of the server's log. */
void academy_failed(struct academy *a, const char *doing, const struct client *c);

#endif
