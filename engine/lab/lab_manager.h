/* Live runs: which have a worker, which asks wait, and the threads that talk to workers so that no
 * HTTP thread does.
 *
 * No person holds up the others: the asks of each person wait in a queue of their own
 * (lab_queue.c).
 *
 * An ask is a question or an action for a run. It belongs to whoever makes it; between labs_ask and
 * `done` it belongs to the manager, arena included. Asks of one run are answered one after another,
 * in order. An action is answered only after its COMMIT, unless it only reads. */
#ifndef GR_LAB_MANAGER_H
#define GR_LAB_MANAGER_H

#include <pthread.h>
#include <stdatomic.h>

#include "lab/lab.h"
#include "lab/lab_play.h"
#include "lab/lab_store.h"
#include "labmodel/lab_registry.h"

#define LAB_QUESTIONS 8
#define LAB_CALLS_KEPT 10
#define LAB_CALL_BYTES 6000 /* of a call's body and answer that are kept for the screen */
#define LAB_IMAGE_EVERY 50  /* actions */
/* An image is also made after so much work, so that resuming a run never takes much longer. */
#define LAB_IMAGE_WORK_MS 2000
#define LAB_SLOW_MS 50 /* an action that takes longer lets the run's next one count as heavy */
#define LAB_IDLE_MS (15 * MS_MINUTE)
#define LAB_KEEP_MS (10 * MS_SECOND) /* a run that was used since then keeps its worker */
#define LAB_THREADS 4
/* Of a learner's query, worker and all; within it the query's own bounds (console.h). */
#define LAB_QUERY_MS 5000
#define LAB_WRITTEN_WAIT_MS 20000 /* how long live_wait_written waits */

struct lab_past_call {
    char *method, *path, *body, *answer; /* malloc'd */
    int status;
    int64_t now_ms; /* simulated */
};

struct lab_ask {
    /* What is asked: any of these, in this order. */
    struct lab_run_row run;
    const char *actor_id;
    int64_t now_ms;
    int64_t rewind_to;  /* -1 = no */
    int64_t rewind_seq; /* instead: behind the checkpoint of this number; 0 = no */
    const char *action; /* canonical JSON or NULL */
    bool reads_only;    /* the action is answered without waiting for its COMMIT */
    /* A question that is asked before the action, with nothing between the two. When `allowed` then
     * says no of the answer, the action is not done and `held` is set; views are answered. On a lab
     * thread. */
    const char *before;
    bool (*allowed)(struct lab_ask *ask, const char *answer, size_t len);
    const char *method, *path, *body; /* of an API action, for the list of calls */
    const char *question[LAB_QUESTIONS];
    int questions;
    bool check;
    /* -1 = the live state; else views are of the state after so many actions. More than there are:
     * after all, and it is set to how many that is. */
    int64_t replay_to;
    bool verify;   /* replay everything and compare */
    int show_task; /* shows a task of the reference on a copy; 0 = no */
    /* What is answered. */
    enum err result;
    const char *error; /* key of an interface text that says what happened; NULL: none */
    struct lab_answer answer;
    bool held;
    const char *view[LAB_QUESTIONS];
    size_t view_len[LAB_QUESTIONS];
    const struct lab_version *version;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct lab_verdict *verdicts;
    int passed;
    int64_t seq, effective;
    const char *head;                           /* hash of the record */
    struct lab_past_call calls[LAB_CALLS_KEPT]; /* newest first, arena copies */
    int call_count;
    const char *live_hash, *replay_hash; /* after verify */
    int64_t first_difference;            /* effective action whose answer differs, 0 = none */
    const struct lab_played *shown;      /* after show_task; `verdicts` are the copy's then */
    const size_t *indices;               /* after a replay: which of the record's actions count */
    /* Plumbing. */
    struct arena *arena;
    void (*done)(struct lab_ask *ask);
    void *context;
    struct lab_ask *next;
    struct lab_person_queue *person_queue;
    bool heavy;
    _Atomic bool begun; /* slices of the action are done, others are to come */
    int64_t turn, number;
};

struct lab_live {
    char run_id[64];
    struct worker w;
    const struct lab_version *version;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct lab_person *person;        /* the run's, while it has a worker */
    int64_t seq, effective, image_at; /* of the record: all actions; those that count; those that
                                         count in the kept image */
    int64_t bytes;                    /* of the actions in the record */
    char head[65];
    int64_t used_ms; /* monotonic */
    bool busy;
    _Atomic bool poisoned; /* the state is ahead of the record; set by the writer */
    _Atomic bool slow;     /* the last action was slow */
    int64_t worked_ms;     /* time spent since the kept image on actions that a replay repeats */
    int unwritten;         /* actions that are queued to be written */
    struct lab_past_call calls[LAB_CALLS_KEPT];
    int call_next, call_count;
    struct lab_ask *first, *last;
    struct lab_live *next;
};

/* The bytes of actions that a person has on record. Kept from the first live run until the labs are
 * closed. */
struct lab_person {
    char id[64];
    _Atomic int64_t bytes;
    struct lab_person *next;
};

/* What one person has in the queue; removed when that is nothing. */
struct lab_person_queue {
    char person[64];
    int waiting, at_work, heavy;
    int64_t turn; /* of the newest ask */
    struct lab_person_queue *next;
};

/* The language of a scenario: `lang` or, when that is NULL, the programme's. Arena; never NULL. */
const char *lab_lang(struct labs *l, struct arena *a, const char *lang, const char *programme);

struct labs {
    struct app *app;
    struct zygote *zygote;
    lab_may_see_fn may_see;
    unsigned char key[32];
    pthread_mutex_t lock;
    pthread_cond_t work;    /* wakes one lab thread: there is an ask, or the end */
    pthread_cond_t written; /* wakes all who wait for writes */
    pthread_t threads[LAB_THREADS];
    int thread_count;
    bool closing;
    struct lab_live *live;
    struct lab_person_queue *person_queues;
    struct lab_person *people;
    int64_t asked;
    int64_t turn; /* the highest turn that was begun */
    int heavy;    /* asks at work that may take long */
    int workers, live_limit;
    int64_t started, resumed, replayed, died, incidents, refused; /* counters */
    int64_t writes;                                               /* queued and not done yet */
    struct lab_registry *registry;
};

/* Queues the ask; it is answered with ERR_BUSY at once when the person has LAB_WAITING waiting. */
void labs_ask(struct labs *l, struct lab_ask *ask);
/* Queues the ask and waits for its answer; never on an HTTP thread. */
enum err labs_ask_now(struct labs *l, struct lab_ask *ask);
void lab_ask_init(struct lab_ask *ask, struct arena *a, int64_t now_ms);

/* lab_live.c: on a lab thread, the run being busy. */
/* Answers an ask. True: a slice of the action is done, call it again; else the ask is answered, or
 * will be, and may be gone. */
bool live_answer(struct labs *l, struct lab_live *live, struct lab_ask *ask);

/* lab_show.c: on a lab thread, the run being busy. RULE lab-show: a task is shown on a copy; of the
 * run itself nothing changes. */
enum err live_show(struct labs *l, struct lab_live *live, struct lab_ask *ask) MUST_USE;

/* lab_evict.c, which lab_live.c and the threads build on. */
void live_evict(struct labs *l,
                struct lab_live *live); /* keeps an image, ends the worker; the run must be busy */
/* The same for a run that is not busy, with the lock held, which is given up meanwhile. The run may
 * be forgotten. */
void live_evict_locked(struct labs *l, struct lab_live *live);
/* Makes room for one more worker. False: all are in use. */
bool labs_make_room(struct labs *l, const struct lab_person *who) MUST_USE;

/* lab_live_list.c, which all others build on. With the lock held: */
struct lab_live *live_find(struct labs *l, const char *run_id); /* NULL: not live */
/* The one with a worker that has been unused for longest, at least `idle_ms`; NULL: none. */
struct lab_live *live_longest_unused(struct labs *l, int64_t idle_ms);
/* Whose worker makes room for a run of `who`; NULL: nobody's. */
struct lab_live *live_to_make_room(struct labs *l, const struct lab_person *who);
void live_forget(struct labs *l, struct lab_live *gone);
/* Removes a run that has no asks, no worker and no writes. */
void live_forget_if_done(struct labs *l, struct lab_live *live);
/* Without it: */
/* Counts the run's unwritten actions: +1 when one is queued, -1 when it was written or (`poison`)
 * has failed. */
void live_count_unwritten(struct labs *l, const char *run_id, int change, bool poison);
/* Waits until the record on the disk is complete; false after LAB_WRITTEN_WAIT_MS. */
bool live_wait_written(struct labs *l, struct lab_live *live) MUST_USE;
void live_end(struct labs *l, struct lab_live *live); /* ends the worker; the run must be busy */
enum err live_fail(struct lab_ask *ask, enum err e,
                   const char *key); /* keeps the key that was set first */

/* lab_history.c: on a lab thread, the run being busy. */

/* Puts an action into the record. When it is to be on disk first, `done` is called after COMMIT and
 * *waiting set. */
enum err history_add(struct labs *l, struct lab_live *live, struct lab_ask *ask, const char *action,
                     int status, const char *sha, bool *waiting) MUST_USE;
/* RULE lab-record-bound: ERR_LIMIT with a sentence when the action has no place there; asked before
 * it is done. */
enum err history_check_limits(const struct lab_live *live, struct lab_ask *ask,
                              const char *action) MUST_USE;
void history_image(struct labs *l, struct lab_live *live);
void history_incident(struct labs *l, const char *run_id, const char *kind, const char *detail);
/* The whole record, once all of it is on the disk. ERR_IO with a sentence when it is damaged. */
enum err history_read(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                      struct lab_log *out) MUST_USE;
/* What a run is resumed from: its version, its record, and an image that may be continued with the
 * actions from `from` (of those that count) on. */
struct lab_resume_point {
    struct arena *arena, *image_arena; /* the latter may be released early */
    const struct lab_version *version;
    struct lab_person *person;
    struct lab_log log;
    struct lab_image image;
    bool has_image;
    size_t from;
};
enum err history_resume_point(struct labs *l, struct lab_live *live, struct lab_ask *ask,
                              struct lab_resume_point *out) MUST_USE;
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
/* Queues an ask. False: too many are waiting, or no memory. */
bool lab_queue_enter(struct labs *l, struct lab_live *live, struct lab_ask *ask) MUST_USE;
struct lab_live *lab_queue_next(struct labs *l); /* the run whose first ask is next; NULL: none */
void lab_queue_take(struct labs *l, const struct lab_ask *ask); /* it is begun */
/* Queues the rest of an ask again, in its turn; it counts as heavy now. Call it before
 * lab_queue_leave. */
void lab_queue_again(struct labs *l, struct lab_live *live, struct lab_ask *ask);
void lab_queue_leave(struct labs *l, struct lab_person_queue *queue,
                     bool heavy); /* an ask, or a slice of it, is done */

/* A version that runs have, from memory or read from the store. Any thread. ERR_NOT_FOUND: it was
 * never kept; ERR_IO: it cannot be read any more; ERR_BUSY: memory or the store is short, it can be
 * asked for again. */
enum err labs_version(struct labs *l, struct db *db, const char *version, struct arena *a,
                      const struct lab_version **out) MUST_USE;

/* The bearer token of a run's API. Arena. */
char *lab_run_token(struct labs *l, struct arena *a, const char *run_id);

#endif
