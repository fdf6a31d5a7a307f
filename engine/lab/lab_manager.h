/* Live runs: which have a worker, who waits for which, threads that talk to workers so that no HTTP thread does.
 *
 * An ask belongs to whoever makes it; between labs_ask and `done` it belongs to the manager, arena included. Asks
 * of one run are answered one after another, in order. An action is told only after its COMMIT, unless it only
 * reads. */
#ifndef GR_LAB_MANAGER_H
#define GR_LAB_MANAGER_H

#include <pthread.h>

#include "lab/lab.h"
#include "lab/lab_client.h"
#include "lab/lab_store.h"

#define LAB_QUESTIONS 6
#define LAB_CALLS_KEPT 10
#define LAB_CALL_BYTES 6000 /* of a call's body and answer that are kept for the screen */
#define LAB_IMAGE_EVERY 50  /* actions */
#define LAB_IDLE_MS (15 * MS_MINUTE)
#define LAB_THREADS 4
#define LAB_LIVE_DEFAULT 64

/* A scenario version that stays in memory while the program runs. */
struct lab_held {
    struct lab_scenario scenario;
    const char *brief; /* scenario.md's body as HTML */
    struct arena arena;
    struct lab_held *next;
};

struct lab_called {
    char *method, *path, *body, *answer; /* malloc'd */
    int status;
    int64_t now_ms; /* simulated */
};

struct lab_ask {
    /* What is asked: any of these, in this order. */
    struct lab_run_row run;
    const char *actor_id;
    int64_t now_ms;
    int64_t rewind_to;                /* -1 = no */
    const char *action;               /* canonical JSON or NULL */
    bool reads_only;                  /* the action need not be on disk before it is told */
    const char *method, *path, *body; /* of an API action, for the list of calls */
    const char *question[LAB_QUESTIONS];
    int questions;
    bool check;
    int64_t replay_to; /* -1 = the live state; else views are of the state after so many actions */
    bool verify;       /* replay everything and compare */
    /* What is answered. */
    enum err result;
    const char *error; /* key of an interface text that says what happened; NULL: none */
    struct lab_answer answer;
    const char *view[LAB_QUESTIONS];
    size_t view_len[LAB_QUESTIONS];
    const struct lab_held *held;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct lab_verdict *verdicts;
    int passed;
    int64_t seq, effective;
    const char *head;                        /* hash of the record */
    struct lab_called calls[LAB_CALLS_KEPT]; /* newest first, arena copies */
    int call_count;
    const char *live_hash, *replay_hash; /* after verify */
    int64_t first_difference;            /* effective action whose answer differs, 0 = none */
    /* Plumbing. */
    struct arena *arena;
    void (*done)(struct lab_ask *ask);
    void *context;
    struct lab_ask *next;
};

struct lab_live {
    char run_id[64];
    struct worker w;
    const struct lab_held *held;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    int64_t seq, effective,
        image_at; /* actions in the record, counting ones, counting ones in the kept image */
    char head[65];
    int64_t used_ms; /* monotonic */
    bool busy;
    _Atomic bool poisoned; /* the state is ahead of the record; set by the writer */
    int unwritten;         /* actions that are on their way to the disk */
    struct lab_called calls[LAB_CALLS_KEPT];
    int call_next, call_count;
    struct lab_ask *first, *last;
    struct lab_live *next;
};

struct labs {
    struct app *app;
    struct zygote *zygote;
    unsigned char key[32];
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[LAB_THREADS];
    int thread_count;
    bool closing;
    struct lab_live *live;
    int workers, live_limit;
    int64_t started, resumed, replayed, died, incidents; /* counters */
    int64_t writes;                                      /* queued and not yet told */
    pthread_mutex_t shelf_lock;
    struct lab_held *shelf;
    struct lab_entry *entries;
    int64_t looked_ms;
};

/* A scenario of the tree: its last good version. */
struct lab_entry {
    const char *id;
    uint64_t signature;          /* of the files' sizes and times */
    const struct lab_held *held; /* NULL when it never parsed */
    char *problem;               /* malloc'd; NULL when all is well */
    struct lab_entry *next;
};

/* Queues it. */
void labs_ask(struct labs *l, struct lab_ask *ask);
/* Queues and waits; never on an HTTP thread. */
enum err labs_ask_now(struct labs *l, struct lab_ask *ask);
void lab_ask_init(struct lab_ask *ask, struct arena *a, int64_t now_ms);

/* lab_live.c: on a lab thread, the run being busy. */
void live_answer(struct labs *l, struct lab_live *live, struct lab_ask *ask);
void live_rest(struct labs *l, struct lab_live *live); /* image kept, worker ended */
void live_end(struct labs *l, struct lab_live *live);  /* worker ended */
/* An action of the run has left for the disk (+1), or has arrived or failed there (-1, with `poison`). */
void live_count(struct labs *l, const char *run_id, int change, bool poison);
/* Until the record on the disk is complete. */
void live_settle(struct labs *l, struct lab_live *live);
/* Makes room for one more worker. */
void labs_make_room(struct labs *l);

/* lab_shelf.c */
const struct lab_held *shelf_version(struct labs *l, struct db *db, const char *version,
                                     struct arena *a);
const struct lab_held *shelf_current(struct labs *l, const char *id, const char **problem);
size_t shelf_all(struct labs *l, const struct lab_held ***out, struct arena *a);
void shelf_free(struct labs *l);

/* The bearer token of a run's API. Arena. */
char *lab_run_token(struct labs *l, struct arena *a, const char *run_id);
/* Engine and SQLite version, as runs record it. */
const char *lab_engine(void);

#endif
