/* The state of one run: a SQLite database in memory, and the pure step over it.
 *
 * A step runs inside a sandboxed worker (worker.h); it reads no clock, no file
 * and no randomness but the run's seed. The same pack, dialects, seed and actions give the same
 * bytes anywhere: no floating point is written to the state, and each random number is hash(seed,
 * stream, entity, tick), so that one more draw never shifts another stream.
 *
 * Tables of connectors ("crm_contact") and `event` may be read by the learner's SQL; tables named
 * sim_… hold what only the simulation and the checks know. */
#ifndef GR_SANDBOX_STATE_H
#define GR_SANDBOX_STATE_H

#include <jansson.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "labmodel/lab_random.h"
#include "labmodel/lab_pack.h"
#include "labmodel/lab_timeline.h"
#include "sandbox/due.h"
#include "sandbox/functions.h"

#define LAB_EVENTS_MAX 300000 /* then the run is full and says so */
/* RULE lab-reads: rows of whole tables that syncs and merges may go through in a run. It bounds
 * what a replay of everything takes: at six microseconds a row, less than a minute. Half a thousand
 * records that are synced every hour to the end of the calendar come to a sixth of it. */
#define LAB_READS_MAX 8000000
#define LAB_RECORDS_MAX 20000  /* of one object */
#define LAB_ADVANCE_MAX_DAYS 7 /* in one action */
#define LAB_HEAP_BYTES ((int64_t)96 * 1024 * 1024)
#define STATE_STATEMENTS 512
#define STATE_NUMBERS 64
/* Most tables of a run hold a few rows: small pages leave little of them unused. */
#define STATE_PAGE "1024"

/* Who does what happens now. RULE lab-human: the log tells what a person did from what software did
 * by itself: a form and a colleague's edit are a person's, a scheduled run is not. */
struct lab_who {
    const char *actor; /* api, screen, a colleague, a system's own behaviour, the world */
    bool human;        /* a person did it; false: software, by itself */
    int64_t cause;     /* seq of the event that led to it; 0: none did */
};

/* A number of sim_meta, held in memory until state_write_out. */
struct state_number {
    char key[32];
    int64_t value;
    bool changed;
};

/* A fault in force (faults.h). */
struct fault_in_force {
    struct lab_fault fault;
    int64_t n; /* its row of sim_fault */
    int64_t until_ms;
    int64_t event; /* seq of its beginning; 0: the log does not tell */
};

/* The clock on its way (world.h). */
struct world_walk {
    int64_t until_ms;
    int left; /* things that may fall due */
    bool to_event;
    int64_t event_before;    /* to_event: a later one ends it */
    sqlite3_stmt *condition; /* NULL: none */
    int64_t operations;      /* that the condition has left */
    bool looked;             /* whether it ends before anything happens */
};

/* SQL of an object (record.c), in `pack`. */
struct record_sql {
    const struct lab_object *of; /* NULL: the place is free */
    const char *columns, *get, *insert;
};

struct lab_state {
    sqlite3 *db;
    struct arena pack; /* the stack and its files */
    struct lab_files files;
    struct lab_stack stack;
    struct lab_csv *arrivals; /* by the stack's arrivals */
    struct lab_csv *seeds;    /* by the stack's seeds */
    struct record_sql *sql;   /* a table of `sql_room` places */
    size_t sql_room;
    const struct lab_dialect *dialect[LAB_CONNECTORS_MAX];
    uint64_t seed;
    int64_t now_ms;         /* simulated */
    struct world_walk walk; /* of a step of the clock */
    int64_t step;           /* actions executed */
    struct lab_who who;     /* behind what happens now */
    int64_t reads;          /* of the running step */
    int64_t asked;          /* operations of the query of the console that ran last */
    int64_t hooks;          /* subscriptions to webhooks */
    int64_t last_event;     /* seq */
    bool prepared;          /* the tables are there, and empty */
    bool unheard;           /* what happens now does not enter the event log */
    struct fault_in_force faults[LAB_FAULTS_MAX];
    int fault_count;
    const struct lab_dialect *drifted[LAB_CONNECTORS_MAX]; /* NULL: as chosen */
    struct due_queue due;                                  /* what is to come */
    struct state_number numbers[STATE_NUMBERS];
    int number_count;
    struct arena *scratch;     /* of the running step */
    struct rules *rules;       /* rules_index.h; in `pack` */
    struct function_work work; /* of the running query; unbounded while there is none */
    struct {
        char *sql;
        sqlite3_stmt *stmt;
    } statement[STATE_STATEMENTS];
    sqlite3_stmt *add_event;
};

/* Once per process, before any SQLite call: single-threaded SQLite, our VFS, heap limit. */
void state_engine_start(void);

/* Reads the pack and makes an empty database. `dialects`: "crm=aurelia,map=heron". NULL with `*why`
 * (`a`). */
struct lab_state *state_new(const char *pack, size_t pack_len, const char *dialects, uint64_t seed,
                            struct arena *a, const char **why);
/* Once, on a new state: does all that is the same whatever the run's seed, so that processes which
 * are forked then share it: creates the tables, and prepares statements by filling the tables and
 * taking that back. */
void state_prepare(struct lab_state *s, struct arena *a);
/* Fills the tables of a state that was prepared, or of a new one, from the seeds. */
void state_seed(struct lab_state *s, struct arena *a);
/* Takes over an image that state_save made. False when it is none of this run's. */
bool state_load(struct lab_state *s, const unsigned char *image, size_t len);
/* The database as bytes (arena). */
unsigned char *state_save(struct lab_state *s, struct arena *a, size_t *len);
void state_free(struct lab_state *s);
/* Brings what is held in memory (the queue, numbers) into its tables: before an image, a hash, and
 * SQL of authors. Not while a step is under way. */
void state_write_out(struct lab_state *s);
/* SHA-256 over every table's rows in order, hex: equal states have equal hashes however they came
 * about. */
char *state_hash(struct lab_state *s, struct arena *a);
/* The same without what merely looking leaves behind: counters, quotas, and times, as calls take
 * time. Two solutions with equal ones differ in nothing that matters. */
char *state_effect(struct lab_state *s, struct arena *a);

/* ---- SQL ------------------------------------------------------------------------------------ */
/* A cached statement with values bound: letters as in store.h ('t' text, 'i' int64). Ends with
 * state_end. Errors of our own SQL are bugs: they end the process. */
sqlite3_stmt *state_query(struct lab_state *s, const char *sql, const char *types, ...);
bool state_row(struct lab_state *s, sqlite3_stmt *q);
void state_end(sqlite3_stmt *q);
void state_run(struct lab_state *s, const char *sql, const char *types, ...);
/* First column of the first row, 0 when there is none. */
int64_t state_number(struct lab_state *s, const char *sql, const char *types, ...);
char *state_column(sqlite3_stmt *q, int column, struct arena *a); /* NULL for NULL */

int64_t state_meta(struct lab_state *s, const char *key); /* 0 when absent */
void state_meta_set(struct lab_state *s, const char *key, int64_t value);
/* The next of a run-wide sequence ("id", "due"), from 1. */
int64_t state_next(struct lab_state *s, const char *key);

/* What is written between the two is taken back by `undo`, all of it. They nest; `name` is a word.
 */
struct state_savepoint {
    const char *name;
    int due;
    int64_t last_event;
    struct state_number numbers[STATE_NUMBERS];
    int number_count;
};
void state_savepoint(struct lab_state *s, const char *name, struct state_savepoint *out);
void state_settle(struct lab_state *s, const struct state_savepoint *p, bool undo);

/* ---- Random numbers -------------------------------------------------------------------------- */
/* A random number in [0, bound). */
uint32_t state_draw(const struct lab_state *s, const char *stream, const char *entity, int64_t tick,
                    uint32_t bound);

/* ---- Events --------------------------------------------------------------------------------- */
struct state_event {
    const char *kind, *connector, *object, *record_id, *field, *old_value, *new_value, *detail;
    const char *actor; /* for rules that hear of it: who did it, as the log has it */
    bool human;
};
/* Returns its seq. */
int64_t state_event(struct lab_state *s, const struct state_event *e);

#endif
