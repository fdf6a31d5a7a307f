/* The queue of what is to come. */
#include "sandbox/due.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "sandbox/state.h"

static const char *const kind_names[DUE_KINDS] = {
    "timeline", "fault_end", "answer", "reply", "person",    "reaction", "arrivals",
    "edits",    "schedule",  "due",    "hook",  "hook_late", "bulk"};

/* ---- Heap ----------------------------------------------------------------------------------- */
static bool before(const struct due *a, const struct due *b) {
    if (a->at_ms != b->at_ms) return a->at_ms < b->at_ms;
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->seq < b->seq;
}

static void swap(struct due *a, struct due *b) {
    struct due c = *a;
    *a = *b;
    *b = c;
}

static void rise(struct due_queue *q, int at) {
    for (int above; at > 0 && before(&q->heap[at], &q->heap[above = (at - 1) / 2]); at = above)
        swap(&q->heap[at], &q->heap[above]);
}

static void sink(struct due_queue *q, int at) {
    for (;;) {
        int first = at;
        for (int below = 2 * at + 1; below <= 2 * at + 2 && below < q->count; below++)
            if (before(&q->heap[below], &q->heap[first])) first = below;
        if (first == at) return;
        swap(&q->heap[at], &q->heap[first]);
        at = first;
    }
}

/* Memory that is short ends the worker (state.c). */
static void *more(void *list, int count, int *room, size_t size) {
    if (count < *room) return list;
    *room = *room ? *room * 2 : 64;
    void *longer = realloc(list, (size_t)*room * size);
    BUG_IF(!longer);
    return longer;
}

static void put(struct due_queue *q, struct due entry) {
    q->heap = more(q->heap, q->count, &q->room, sizeof *q->heap);
    q->heap[q->count++] = entry;
    rise(q, q->count - 1);
}

static struct due take_at(struct due_queue *q, int at) {
    struct due out = q->heap[at];
    q->heap[at] = q->heap[--q->count];
    if (at < q->count) {
        rise(q, at);
        sink(q, at);
    }
    return out;
}

void due_release(struct due *d) {
    free(d->entity);
    free(d->data);
    d->entity = d->data = NULL;
}

/* ---- Changes that can be undone ------------------------------------------------------------- */
static void note(struct due_queue *q, bool added, struct due entry) {
    q->changes = more(q->changes, q->change_count, &q->change_room, sizeof *q->changes);
    q->changes[q->change_count++] = (struct due_change){added, entry};
}

int due_savepoint(struct lab_state *s) {
    s->due.savepoints++;
    return s->due.change_count;
}

static void undo_one(struct due_queue *q, struct due_change *c) {
    if (!c->added) {
        put(q, c->entry);
        return;
    }
    for (int i = 0; i < q->count; i++)
        if (q->heap[i].seq == c->entry.seq) {
            struct due gone = take_at(q, i);
            due_release(&gone);
            return;
        }
}

void due_settle(struct lab_state *s, int savepoint, bool undo) {
    struct due_queue *q = &s->due;
    q->savepoints--;
    while (undo && q->change_count > savepoint) undo_one(q, &q->changes[--q->change_count]);
    if (q->savepoints) return;
    for (int i = 0; i < q->change_count; i++)
        if (!q->changes[i].added) due_release(&q->changes[i].entry);
    q->change_count = 0;
}

/* ---- The queue ------------------------------------------------------------------------------ */
static char *copy(const char *text) {
    char *out = text ? strdup(text) : NULL;
    BUG_IF(text && !out);
    return out;
}

void due_add(struct lab_state *s, int64_t at_ms, enum due_priority priority, enum due_kind kind,
             int64_t ref, const char *entity, const char *data) {
    struct due_queue *q = &s->due;
    struct due entry = {.at_ms = at_ms,
                        .seq = ++q->last_seq,
                        .ref = ref,
                        .kind = kind,
                        .priority = priority,
                        .entity = copy(entity),
                        .data = copy(data)};
    put(q, entry);
    if (q->savepoints) note(q, true, (struct due){.seq = entry.seq});
}

bool due_take(struct lab_state *s, int64_t until_ms, struct due *out) {
    struct due_queue *q = &s->due;
    if (!q->count || q->heap[0].at_ms > until_ms) return false;
    *out = take_at(q, 0);
    return true;
}

void due_drop(struct lab_state *s, enum due_kind kind, int64_t ref) {
    struct due_queue *q = &s->due;
    for (int i = q->count - 1; i >= 0; i--) {
        if (i >= q->count || q->heap[i].kind != kind || q->heap[i].ref != ref) continue;
        struct due gone = take_at(q, i);
        if (q->savepoints) note(q, false, gone);
        else due_release(&gone);
        i = q->count; /* the others have moved */
    }
}

int64_t due_first_ms(const struct lab_state *s, enum due_kind kind) {
    const struct due *first = NULL;
    for (int i = 0; i < s->due.count; i++)
        if (s->due.heap[i].kind == kind && (!first || before(&s->due.heap[i], first)))
            first = &s->due.heap[i];
    return first ? first->at_ms : 0;
}

int64_t due_ms(const struct lab_state *s, enum due_kind kind, int64_t ref) {
    const struct due *first = NULL;
    for (int i = 0; i < s->due.count; i++)
        if (s->due.heap[i].kind == kind && s->due.heap[i].ref == ref &&
            (!first || before(&s->due.heap[i], first)))
            first = &s->due.heap[i];
    return first ? first->at_ms : 0;
}

/* ---- Table ---------------------------------------------------------------------------------- */
static void empty(struct due_queue *q) {
    for (int i = 0; i < q->count; i++) due_release(&q->heap[i]);
    for (int i = 0; i < q->change_count; i++)
        if (!q->changes[i].added) due_release(&q->changes[i].entry);
    q->count = q->change_count = q->savepoints = 0;
}

void due_free(struct lab_state *s) {
    empty(&s->due);
    free(s->due.heap);
    free(s->due.changes);
    s->due = (struct due_queue){.heap = NULL};
}

static enum due_kind kind_named(const char *name) {
    int kind = 0;
    while (kind < DUE_KINDS && !str_eq(kind_names[kind], name)) kind++;
    return (enum due_kind)kind;
}

void due_read(struct lab_state *s) {
    empty(&s->due);
    s->due.last_seq = state_meta(s, "due");
    sqlite3_stmt *q = state_query(
        s, "SELECT at_ms, priority, seq, kind, ref, entity, data FROM sim_due ORDER BY seq", "");
    while (state_row(s, q)) {
        enum due_kind kind = kind_named((const char *)sqlite3_column_text(q, 3));
        if (kind == DUE_KINDS) continue; /* of an engine that is not ours */
        put(&s->due, (struct due){.at_ms = sqlite3_column_int64(q, 0),
                                  .priority = (enum due_priority)sqlite3_column_int(q, 1),
                                  .seq = sqlite3_column_int64(q, 2),
                                  .kind = kind,
                                  .ref = sqlite3_column_int64(q, 4),
                                  .entity = copy((const char *)sqlite3_column_text(q, 5)),
                                  .data = copy((const char *)sqlite3_column_text(q, 6))});
    }
    state_end(q);
}

void due_write(struct lab_state *s) {
    state_run(s, "DELETE FROM sim_due", "");
    for (int i = 0; i < s->due.count; i++) {
        const struct due *d = &s->due.heap[i];
        state_run(s,
                  "INSERT INTO sim_due (at_ms, priority, seq, kind, ref, entity, data) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                  "iiititt", d->at_ms, (int64_t)d->priority, d->seq, kind_names[d->kind], d->ref,
                  d->entity, d->data);
    }
    state_meta_set(s, "due", s->due.last_seq);
}
