/* lab.fair: the page of one learner's lab while another learner asks four runs at once for queries
 * without an end. The time is the slowest of the pages; beside it what such a page takes on a quiet
 * server. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench_fair.h"

#define GREEDY 4
#define PAGES 60

/* As forms send it: in turn without an end, one great call of a function, a cross join. */
static const char *const queries[] = {
    "sql=WITH+RECURSIVE+n(i)+AS+(VALUES+(1)+UNION+ALL+SELECT+i%2B1+FROM+n)+SELECT+max(i)+FROM+n",
    "sql=SELECT+length(printf('%25.2000000000c','x'))",
    "sql=SELECT+count(*)+FROM+crm_contact+a,crm_contact+b,crm_contact+c,crm_contact+d",
};

struct greedy {
    struct client client;
    char path[128];
    atomic_bool *stop;
    int sent;
    pthread_t thread;
};

static void *ask_without_end(void *arg) {
    struct greedy *g = arg;
    for (int i = 0; !*g->stop; i++)
        if (client_post(&g->client, g->path,
                        queries[(size_t)i % (sizeof queries / sizeof *queries)], 200))
            g->sent++;
    return NULL;
}

/* Milliseconds of each page. */
static bool look(struct client *c, const char *path, double *ms) {
    for (int i = 0; i < PAGES; i++) {
        if (!client_get(c, path, 200)) return false;
        ms[i] = (double)c->took_us / 1000;
    }
    return true;
}

/* A connection of its own for the same person. */
static void same_person(struct client *out, const struct client *who) {
    client_init(out, who->port);
    out->cookie_count = who->cookie_count;
    memcpy(out->cookie_name, who->cookie_name, sizeof out->cookie_name);
    memcpy(out->cookie_value, who->cookie_value, sizeof out->cookie_value);
    memcpy(out->csrf, who->csrf, sizeof out->csrf);
}

void bench_fair(struct academy *a, const struct client *greedy, const char *const *runs,
                struct client *other, const char *page) {
    struct greedy all[GREEDY];
    double quiet[PAGES], busy[PAGES];
    atomic_bool stop = false;
    bool fine = look(other, page, quiet);
    for (int i = 0; i < GREEDY; i++) {
        struct greedy *g = &all[i];
        memset(g, 0, sizeof *g);
        same_person(&g->client, greedy);
        snprintf(g->path, sizeof g->path, "%s/sql", runs[i]);
        g->stop = &stop;
        pthread_create(&g->thread, NULL, ask_without_end, g);
    }
    struct timespec begun = {.tv_nsec = 300000000};
    nanosleep(&begun, NULL);
    fine = fine && look(other, page, busy);
    stop = true;
    int sent = 0;
    for (int i = 0; i < GREEDY; i++) {
        pthread_join(all[i].thread, NULL);
        sent += all[i].sent;
        client_release(&all[i].client);
    }
    if (!fine) {
        academy_failed(a, "looking at a lab", other);
        return;
    }
    double usual = bench_median(quiet, PAGES), middle = bench_median(busy, PAGES);
    bench_note(a->bench,
               "lab.fair p50 %.1f ms, slowest %.1f ms, quiet %.1f ms; %d queries answered", middle,
               busy[PAGES - 1], usual, sent);
    bench_line("lab.fair", busy[PAGES - 1], "ms", usual / busy[PAGES - 1]);
}
