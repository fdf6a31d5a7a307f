/* All that is to come in a run. RULE lab-queue: it comes in the order of (time, priority,
 * sequence), whoever has put it there.
 *
 * While the worker runs this is a heap in memory; the table sim_due has it for images, hashes and
 * the SQL of authors (state_write_out). */
#ifndef GR_SANDBOX_DUE_H
#define GR_SANDBOX_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct lab_state;

/* Smaller numbers first when two things fall due at the same time: a system that goes down at nine
 * is down for a run of nine. */
enum due_priority { DUE_FIRST, DUE_WORLD, DUE_RULE };

enum due_kind {
    DUE_TIMELINE,  /* ref: a moment */
    DUE_FAULT_END, /* ref: the fault's row */
    DUE_ANSWER,    /* ref: a message */
    DUE_REPLY,     /* ref: a reply of the timeline; entity: the thread */
    DUE_PERSON,    /* ref: who does something by themselves */
    DUE_REACTION,  /* ref: an act of the world; entity: the person */
    DUE_ARRIVALS,
    DUE_EDITS,
    DUE_SCHEDULE,  /* ref: a rule */
    DUE_WAIT,      /* ref: a rule */
    DUE_HOOK,      /* ref: a delivery of a webhook */
    DUE_HOOK_LATE, /* ref: a message of a webhook, which nobody answered */
    DUE_BULK,      /* ref: a bulk job */
    DUE_KINDS
};

struct due {
    int64_t at_ms, seq;
    int64_t ref; /* what it counts is its kind's matter */
    enum due_kind kind;
    enum due_priority priority;
    char *entity, *data; /* the record that it is about, a value for it; owned, NULL: none */
};

struct due_queue {
    struct due *heap; /* malloc */
    int count, room;
    int64_t last_seq;
    /* What was done since the first savepoint that is open, so that it can be undone. */
    struct due_change {
        bool added;
        struct due entry; /* when it was taken away: owner of its text */
    } * changes;
    int change_count, change_room, savepoints;
};

void due_add(struct lab_state *s, int64_t at_ms, enum due_priority priority, enum due_kind kind,
             int64_t ref, const char *entity, const char *data);
/* Takes the first away that is due until then; false when there is none. Its text belongs to the
 * caller (due_release). */
bool due_take(struct lab_state *s, int64_t until_ms, struct due *out);
void due_release(struct due *d);
/* Takes away all of this kind and ref. */
void due_drop(struct lab_state *s, enum due_kind kind, int64_t ref);
/* When the first of this kind is due; 0: none is. */
int64_t due_first_ms(const struct lab_state *s, enum due_kind kind);
/* When the first of this kind and ref is due; 0: none is. */
int64_t due_ms(const struct lab_state *s, enum due_kind kind, int64_t ref);

/* Savepoints nest. due_settle ends the newest; `undo`: what was added and dropped since is as it
 * was before. due_take stands in none. */
int due_savepoint(struct lab_state *s);
void due_settle(struct lab_state *s, int savepoint, bool undo);

void due_free(struct lab_state *s);
/* From and to the table. */
void due_read(struct lab_state *s);
void due_write(struct lab_state *s);

#endif
