/* The order of the hashing queue. */
#include "account/account_queue.h"

#include "base/text.h"

static bool before(const struct queue_entry *a, const struct queue_entry *b) {
    if (a->known != b->known) return a->known;
    return a->turn < b->turn;
}

static void insert(struct queue *q, struct queue_entry *e) {
    struct queue_entry **at = &q->first;
    while (*at && !before(e, *at)) at = &(*at)->next;
    e->next = *at;
    *at = e;
    q->length++;
}

static struct queue_entry *drop_last(struct queue *q) {
    struct queue_entry **at = &q->first, *last;
    while ((*at)->next) at = &(*at)->next;
    last = *at;
    *at = NULL;
    q->length--;
    return last;
}

enum queue_answer queue_put(struct queue *q, struct queue_entry *e, struct queue_entry **out) {
    int client = 0, login = 0;
    struct queue_entry *last = NULL;
    *out = NULL;
    e->turn = q->turn + 1;
    for (struct queue_entry *i = q->first; i; last = i, i = i->next) {
        if (i->known != e->known) continue;
        login += e->login && str_eq(i->login, e->login);
        if (!str_eq(i->client, e->client)) continue;
        client++;
        if (i->turn >= e->turn) e->turn = i->turn + 1;
    }
    /* RULE known-apart: those who guess at an account take no place from its owner. */
    if (login >= QUEUE_LIMIT_LOGIN) return QUEUE_LOGIN_FULL;
    if (!e->known && client >= QUEUE_LIMIT_CLIENT) return QUEUE_FULL;
    if (q->length >= QUEUE_LIMIT) {
        if (!before(e, last)) return QUEUE_FULL;
        *out = drop_last(q);
    }
    insert(q, e);
    return QUEUE_WAITS;
}

struct queue_entry *queue_take(struct queue *q) {
    struct queue_entry *e = q->first;
    if (!e) return NULL;
    q->first = e->next;
    q->length--;
    if (!e->known && e->turn > q->turn) q->turn = e->turn;
    return e;
}
