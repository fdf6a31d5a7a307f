/* Private to account/: who is next when passwords are hashed, and who is not let in. Pure: no
 * threads, no clock. */
#ifndef GR_ACCOUNT_ACCOUNT_QUEUE_H
#define GR_ACCOUNT_ACCOUNT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some 30 ms each on two threads: 256 of them are four seconds of work. */
#define QUEUE_LIMIT 256
#define QUEUE_LIMIT_CLIENT 128 /* of one address: a lecture hall, and never all the places */
/* Of one account, as many again of those who are known: more guesses than these are not looked at
 * in a minute anyway. */
#define QUEUE_LIMIT_LOGIN 8

struct queue_entry {
    const char *client, *login; /* borrowed while it waits; login NULL: work that is no guess */
    bool known;               /* this person has signed in from this address before: first served */
    uint64_t turn;            /* the queue's */
    struct queue_entry *next; /* the queue's */
};

/* Addresses take turns: each entry stands behind as many rounds as its address has entries before
 * it (start-time fair queueing, Goyal, Vin and Cheng 1997, with entries of one size). */
struct queue {
    struct queue_entry *first;
    int length;
    uint64_t turn; /* of whom was taken last */
};

enum queue_answer { QUEUE_WAITS, QUEUE_FULL, QUEUE_LOGIN_FULL };
/* RULE sign-in-fair: a full queue makes room for whoever would not be its last; `*out` is then who
 * has to leave it (else NULL). */
enum queue_answer queue_put(struct queue *q, struct queue_entry *e, struct queue_entry **out);
struct queue_entry *queue_take(struct queue *q); /* NULL when nobody waits */

#endif
