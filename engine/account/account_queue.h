/* Private to account/: the queue of passwords to hash, which decides who is next and who is
 * refused. Pure: no threads, no clock. */
#ifndef GR_ACCOUNT_ACCOUNT_QUEUE_H
#define GR_ACCOUNT_ACCOUNT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some 30 ms each on two threads: 256 of them are four seconds of work. */
#define QUEUE_LIMIT 256
#define QUEUE_LIMIT_CLIENT                                                                         \
    128 /* of one address: enough for a lecture hall, never the whole queue */
/* Of one account, counted separately for known and unknown clients. More guesses than these are not
 * checked within a minute anyway. */
#define QUEUE_LIMIT_LOGIN 8

struct queue_entry {
    const char *client, *login; /* borrowed while it waits; login NULL: work that is no guess */
    bool known;               /* this person has signed in from this address before: served first */
    uint64_t turn;            /* the queue's */
    struct queue_entry *next; /* the queue's */
};

/* Addresses take turns: each entry stands behind as many rounds as its address has entries before
 * it (start-time fair queueing, Goyal, Vin and Cheng 1997, with entries of one size). */
struct queue {
    struct queue_entry *first;
    int length;
    uint64_t turn; /* of the entry that was taken last */
};

enum queue_answer { QUEUE_WAITS, QUEUE_FULL, QUEUE_LOGIN_FULL };
/* RULE sign-in-fair: a full queue makes room for whoever would not be its last; `*out` is then who
 * has to leave it (else NULL). */
enum queue_answer queue_put(struct queue *q, struct queue_entry *e, struct queue_entry **out);
struct queue_entry *queue_take(struct queue *q); /* NULL when nobody waits */

#endif
