/* Live runs: which have a worker, who waits for which, threads that talk to workers so that no HTTP
 * thread does.
 *
 * Nobody holds up the others: asks wait in a queue a person (lab_queue.c).
 *
 * An ask belongs to whoever makes it; between labs_ask and `done` it belongs to the manager, arena
 * included. Asks of one run are answered one after another, in order. An action is told only after
 * its COMMIT, unless it only reads. */
#ifndef GR_LAB_MANAGER_H
#define GR_LAB_MANAGER_H

#include <pthread.h>
#include <stdatomic.h>

#include "lab/lab.h"
#include "lab/lab_client.h"
#include "lab/lab_store.h"
#include "labmodel/lab_registry.h"

#define LAB_QUESTIONS 6
#define LAB_CALLS_KEPT 10
#define LAB_CALL_BYTES 6000 /* of a call's body and answer that are kept for the screen */
#define LAB_IMAGE_EVERY 50  /* actions */
/* An image is due as well after so much work, so that taking a run up again never takes much
 * longer. */
#define LAB_IMAGE_WORK_MS 2000
#define LAB_SLOW_MS 50 /* of an action: then the run's next one may take long, too */
#define LAB_IDLE_MS (15 * MS_MINUTE)
#define LAB_THREADS 4
/* Of a learner's query, worker and all; within it the query's own bounds (console.h). */
#define LAB_QUERY_MS 5000
#define LAB_SETTLE_MS 20000 /* until the record on the disk is complete */

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
    /* -1 = the live state; else views are of the state after so many actions. More than there are:
     * after all, and it is set to how many that is. */
    int64_t replay_to;
    bool verify; /* replay everything and compare */
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
    const size_t *indices;               /* after a replay: which of the record's actions count */
    /* Plumbing. */
    struct arena *arena;
    void (*done)(struct lab_ask *ask);
    void *context;
    struct lab_ask *next;
    struct lab_share *share;
    bool heavy;
    _Atomic bool begun; /* slices of the action are done, others are to come */
    int64_t turn, number;
};

struct lab_live {
    char run_id[64];
    struct worker w;
    const struct lab_held *held;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct lab_person *person; /* the run's, while it has a worker */
    int64_t seq, effective,
        image_at;  /* actions in the record, counting ones, counting ones in the kept image */
    int64_t bytes; /* of the actions in the record */
    char head[65];
    int64_t used_ms; /* monotonic */
    bool busy;
    _Atomic bool poisoned; /* the state is ahead of the record; set by the writer */
    _Atomic bool slow;     /* so was the last action */
    int64_t worked_ms;     /* since the kept image, at what a replay does again */
    int unwritten;         /* actions that are on their way to the disk */
    struct lab_called calls[LAB_CALLS_KEPT];
    int call_next, call_count;
    struct lab_ask *first, *last;
    struct lab_live *next;
};

/* Of a person whose runs were live: bytes of actions on record. Stays while the labs are open. */
struct lab_person {
    char id[64];
    _Atomic int64_t bytes;
    struct lab_person *next;
};

/* What one person has in the queue; there while it is anything. */
struct lab_share {
    char person[64];
    int waiting, at_work, heavy;
    int64_t turn; /* of the newest ask */
    struct lab_share *next;
};

/* The language of a scenario that states `lang` (NULL: none) in this programme. Arena; never NULL.
 */
const char *lab_lang(struct labs *l, struct arena *a, const char *lang, const char *programme);

struct labs {
    struct app *app;
    struct zygote *zygote;
    lab_may_see_fn may_see;
    unsigned char key[32];
    pthread_mutex_t lock;
    pthread_cond_t work;    /* for the threads, whichever wakes: there is an ask, or the end */
    pthread_cond_t written; /* for all who wait for the disk */
    pthread_t threads[LAB_THREADS];
    int thread_count;
    bool closing;
    struct lab_live *live;
    struct lab_share *shares;
    struct lab_person *people;
    int64_t asked;
    int64_t turn; /* the highest that was taken up */
    int heavy;    /* asks at work that may take long */
    int workers, live_limit;
    int64_t started, resumed, replayed, died, incidents; /* counters */
    int64_t writes;                                      /* queued and not yet told */
    struct lab_registry *registry;
};

/* Queues it; ERR_BUSY is told at once when the person has LAB_WAITING waiting. */
void labs_ask(struct labs *l, struct lab_ask *ask);
/* Queues and waits; never on an HTTP thread. */
enum err labs_ask_now(struct labs *l, struct lab_ask *ask);
void lab_ask_init(struct lab_ask *ask, struct arena *a, int64_t now_ms);

/* lab_live.c: on a lab thread, the run being busy. */
/* True: a slice of the action is done, it is to be called again; else the ask is told, or will be,
 * and may be gone. */
bool live_answer(struct labs *l, struct lab_live *live, struct lab_ask *ask);

/* lab_rest.c, which lab_live.c and the threads build on. */
void live_rest(struct labs *l, struct lab_live *live); /* image kept, worker ended; busy */
/* The same of a run that is not busy, with the lock held, which is given up meanwhile. The run may
 * be forgotten. */
void live_put_to_rest(struct labs *l, struct lab_live *live);
/* Makes room for one more worker. */
void labs_make_room(struct labs *l);

/* lab_live_list.c, which all others build on. With the lock held: */
struct lab_live *live_find(struct labs *l, const char *run_id); /* NULL: not live */
/* The one with a worker that has been unused for longest, at least `idle_ms`; NULL: none. */
struct lab_live *live_longest_unused(struct labs *l, int64_t idle_ms);
void live_forget(struct labs *l, struct lab_live *gone);
/* What nobody asks, runs or writes for is forgotten. */
void live_forget_if_done(struct labs *l, struct lab_live *live);
/* Without it: */
/* An action of the run has left for the disk (+1), or has arrived or failed there (-1, with
 * `poison`). */
void live_count(struct labs *l, const char *run_id, int change, bool poison);
/* Waits until the record on the disk is complete; false after LAB_SETTLE_MS. */
bool live_settle(struct labs *l, struct lab_live *live) MUST_USE;
void live_end(struct labs *l, struct lab_live *live);                 /* worker ended; busy */
enum err live_fail(struct lab_ask *ask, enum err e, const char *key); /* the first key stays */

/* lab_history.c: on a lab thread, the run being busy. */

/* Puts an action into the record. When it is to be on disk first, `done` is called after COMMIT and
 * *waiting set. */
enum err history_add(struct labs *l, struct lab_live *live, struct lab_ask *ask, const char *action,
                     int status, const char *sha, bool *waiting) MUST_USE;
/* RULE lab-record-bound: ERR_LIMIT with a sentence when the action has no place there; asked before
 * it is done. */
enum err history_room(const struct lab_live *live, struct lab_ask *ask,
                      const char *action) MUST_USE;
void history_image(struct labs *l, struct lab_live *live);
void history_incident(struct labs *l, const char *run_id, const char *kind, const char *detail);
/* The whole record, once all of it is on the disk. ERR_IO with a sentence when it is damaged. */
enum err history_read(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                      struct lab_log *out) MUST_USE;
/* What a run is taken up from: its version, its record, and an image that may be continued with the
 * actions from `from` (of those that count) on. */
struct lab_past {
    struct arena *arena, *image_arena; /* the latter may be released early */
    const struct lab_held *held;
    struct lab_person *person;
    struct lab_log log;
    struct lab_image image;
    bool has_image;
    size_t from;
};
enum err history_past(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                      struct lab_past *out) MUST_USE;
enum err history_action(struct labs *l, const char *run_id, int64_t seq, struct arena *a,
                        struct lab_action *out) MUST_USE;
void history_people_free(struct labs *l);

/* lab_queue.c, with the lock held. Who is next: fair by person, whatever number of runs and
 * requests somebody has.
 *
 * RULE lab-share: at most LAB_AT_WORK asks of a person are at work at once, and one of them that
 * may take long (a query, a checking, a replay, an action in slices). LAB_HEAVY of the threads at
 * most do such work; the others are for pages and calls, which take microseconds. RULE lab-turns:
 * people take turns. Each ask stands behind as many rounds as its person has asks before it,
 * counted from the round that is being served (start-time fair queueing, as account_queue.h has
 * it): nobody who comes later is before it for ever. */
#define LAB_AT_WORK 2
#define LAB_HEAVY (LAB_THREADS / 2)
#define LAB_WAITING 256
/* False: too many, or no memory. */
bool lab_queue_enter(struct labs *l, struct lab_live *live, struct lab_ask *ask) MUST_USE;
struct lab_live *lab_queue_next(struct labs *l);                /* a run whose first ask may go */
void lab_queue_take(struct labs *l, const struct lab_ask *ask); /* it goes to work */
/* It goes on, in its turn, and is known to take long; before lab_queue_leave. */
void lab_queue_again(struct labs *l, struct lab_live *live, struct lab_ask *ask);
void lab_queue_leave(struct labs *l, struct lab_share *share, bool heavy); /* it is done */

/* A version that runs have, from memory or read from the store. Any thread. ERR_NOT_FOUND: it was
 * never kept; ERR_IO: it cannot be read any more; ERR_BUSY: memory or the store is short, it can be
 * asked for again. */
enum err labs_version(struct labs *l, struct db *db, const char *version, struct arena *a,
                      const struct lab_held **out) MUST_USE;

/* The bearer token of a run's API. Arena. */
char *lab_run_token(struct labs *l, struct arena *a, const char *run_id);

#endif
