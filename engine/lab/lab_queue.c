/* Whose turn it is at the labs' threads. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "lab/lab_manager.h"

static struct lab_share *share_of(struct labs *l, const char *person) {
    struct lab_share *s = l->shares;
    while (s && !str_eq(s->person, person)) s = s->next;
    if (s || !(s = calloc(1, sizeof *s))) return s;
    snprintf(s->person, sizeof s->person, "%s", person);
    s->next = l->shares;
    l->shares = s;
    return s;
}

static void forget_if_empty(struct labs *l, struct lab_share *gone) {
    if (gone->waiting || gone->at_work) return;
    for (struct lab_share **p = &l->shares; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            break;
        }
    free(gone);
}

static bool may_take_long(const struct lab_ask *ask) {
    return ask->check || ask->verify || ask->replay_to >= 0 ||
           (ask->action && lab_log_query(ask->action));
}

/* Behind whoever was served last, and behind this person's own. */
static void take_turn(struct labs *l, struct lab_share *s, struct lab_ask *ask) {
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
    struct lab_share *s = share_of(l, ask->actor_id);
    if (!s || s->waiting >= LAB_WAITING) return false;
    s->waiting++;
    take_turn(l, s, ask);
    ask->share = s;
    ask->heavy = may_take_long(ask) || (ask->action && live->slow);
    append(live, ask);
    return true;
}

void lab_queue_again(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    ask->share->waiting++;
    ask->heavy = true;
    take_turn(l, ask->share, ask);
    /* Before what the run is asked next. */
    ask->next = live->first;
    live->first = ask;
    if (!live->last) live->last = ask;
}

static bool may_go(const struct labs *l, const struct lab_ask *ask) {
    if (ask->share->at_work >= LAB_AT_WORK) return false;
    return !ask->heavy || (ask->share->heavy == 0 && l->heavy < LAB_HEAVY);
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
    struct lab_share *s = ask->share;
    s->waiting--;
    s->at_work++;
    s->heavy += ask->heavy;
    l->heavy += ask->heavy;
    if (ask->turn > l->turn) l->turn = ask->turn;
}

void lab_queue_leave(struct labs *l, struct lab_share *share, bool heavy) {
    share->at_work--;
    share->heavy -= heavy;
    l->heavy -= heavy;
    forget_if_empty(l, share);
}
