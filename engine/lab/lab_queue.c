/* Which ask the labs' threads take next. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "lab/lab_manager.h"

static struct lab_person_queue *person_queue_of(struct labs *l, const char *person) {
    struct lab_person_queue *s = l->person_queues;
    while (s && !str_eq(s->person, person)) s = s->next;
    if (s || !(s = calloc(1, sizeof *s))) return s;
    snprintf(s->person, sizeof s->person, "%s", person);
    s->next = l->person_queues;
    l->person_queues = s;
    return s;
}

static void forget_if_empty(struct labs *l, struct lab_person_queue *gone) {
    if (gone->waiting || gone->at_work) return;
    for (struct lab_person_queue **p = &l->person_queues; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            break;
        }
    free(gone);
}

static bool may_take_long(const struct lab_ask *ask) {
    return ask->check || ask->verify || ask->replay_to >= 0 || ask->show_task ||
           (ask->action && lab_log_query(ask->action));
}

/* Gives the ask its turn: after the one that was begun last, and after this person's other asks. */
static void take_turn(struct labs *l, struct lab_person_queue *s, struct lab_ask *ask) {
    s->turn = (s->turn > l->turn ? s->turn : l->turn) + 1;
    ask->turn = s->turn;
    ask->number = ++l->asked;
}

static void append(struct lab_live *live, struct lab_ask *ask) {
    ask->next = NULL;
    if (live->last) live->last->next = ask;
    else live->first = ask;
    live->last = ask;
}

bool lab_queue_enter(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    struct lab_person_queue *s = person_queue_of(l, ask->actor_id);
    if (!s || s->waiting >= LAB_WAITING) return false;
    s->waiting++;
    take_turn(l, s, ask);
    ask->person_queue = s;
    ask->heavy = may_take_long(ask) || (ask->action && live->slow);
    append(live, ask);
    return true;
}

void lab_queue_again(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    ask->person_queue->waiting++;
    ask->heavy = true;
    take_turn(l, ask->person_queue, ask);
    /* Before the run's other asks. */
    ask->next = live->first;
    live->first = ask;
    if (!live->last) live->last = ask;
}

static bool may_go(const struct labs *l, const struct lab_ask *ask) {
    if (ask->person_queue->at_work >= LAB_AT_WORK) return false;
    return !ask->heavy || (ask->person_queue->heavy == 0 && l->heavy < LAB_HEAVY);
}

static bool before(const struct lab_ask *a, const struct lab_ask *b) {
    if (a->turn != b->turn) return a->turn < b->turn;
    return a->number < b->number;
}

struct lab_live *lab_queue_next(struct labs *l) {
    struct lab_live *best = NULL;
    for (struct lab_live *v = l->live; v; v = v->next)
        if (v->first && !v->busy && may_go(l, v->first) && (!best || before(v->first, best->first)))
            best = v;
    return best;
}

void lab_queue_take(struct labs *l, const struct lab_ask *ask) {
    struct lab_person_queue *s = ask->person_queue;
    s->waiting--;
    s->at_work++;
    s->heavy += ask->heavy;
    l->heavy += ask->heavy;
    if (ask->turn > l->turn) l->turn = ask->turn;
}

void lab_queue_leave(struct labs *l, struct lab_person_queue *queue, bool heavy) {
    queue->at_work--;
    queue->heavy -= heavy;
    l->heavy -= heavy;
    forget_if_empty(l, queue);
}
