/* Who is connected: how long each may take, how many places one address may hold, and who must go
 * first. Private to http/.
 *
 * How the numbers were chosen:
 * - RULE share-of-one-address: one address holds at most seven eighths of all places. Far more than
 *   a classroom (40 browsers with 6 connections each are 240) or a proxy that nobody declared
 *   needs, through which a whole academy comes from one address; and one eighth (1,500 of 12,000)
 *   stays for everybody else whatever one address does.
 * - Within its share nobody is refused either: a newcomer takes the place of the connection of the
 *   same address whose request has been half-sent the longest, then of the one that has been idle
 *   the longest. A request takes milliseconds to arrive, one that is held open on purpose grows
 *   old: so the classroom behind the attacker's address is served too. A request that is being
 *   answered is never cut for another.
 * - When all places are taken, the address that holds the most gives up some in the same order.
 * - The head of a request (16 KiB at most) has 10 s: even 32 kbit/s carry that in 5 s. A body has
 *   10 s, and then one more for each KiB that has come (8 kbit/s, less than any line that can show
 *   a page); no request has more than the request deadline.
 * - IPv6 counts by its first 64 bits: that is what one customer gets (RFC 6177). */
#ifndef GR_HTTP_PEERS_H
#define GR_HTTP_PEERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "http/framing.h"

#define HEAD_DEADLINE_MS 10000
#define BODY_GRACE_MS 10000
#define BODY_BYTES_PER_S 1024
/* an answer may take a slow line ten times as long as a request */
#define ANSWER_DEADLINES 10

struct http;
struct host; /* an address with its connections */

enum peer_state {
    PEER_RECEIVING, /* a request is arriving, or none has come yet */
    PEER_IDLE,      /* between two requests */
    PEER_SERVED,    /* a handler runs, or the answer is sent */
};

/* A client's socket. `framing` and `began_ms` are its pool thread's; the rest stands under the lock
 * of `peers`. */
struct peer {
    int fd;
    struct http *http;
    struct framing framing;
    int64_t began_ms,
        body_ms;              /* monotonic: first byte of this request, of its body; 0 = none yet */
    _Atomic int64_t until_ms; /* monotonic: deadline of the client; 0 = it waits for us */
    enum peer_state state;
    bool closing; /* shut down; its thread will notice and close it */
    struct host *host;
    struct peer *next, *prev; /* all */
    /* Of the same host and state; unused while it is served or closing. */
    struct peer *older, *newer;
};

struct peers;
/* NULL when there is no memory or no thread. `most`: places in all. */
struct peers *peers_start(int64_t request_deadline_ms, long most);
void peers_stop(struct peers *s); /* NULL is fine; everybody has left */
/* Adds a new connection. When its address has too many, the oldest waiting one is shut down. NULL:
 * no memory. */
struct peer *peers_join(struct peers *s, struct http *h, int fd, const struct sockaddr *address);
void peers_leave(struct peers *s, struct peer *p); /* before its descriptor is closed; frees it */
/* When all connections are in use: makes sure that up to `count` of them are about to end, and
 * shuts down no more than are missing, since earlier ones count until their threads have closed
 * them. Returns how many are about to end. */
long peers_make_room(struct peers *s, int count);

/* Called by the thread of the connection: bytes have been read (p->framing is up to date); the
 * request is complete and the handler runs; the answer is being sent; it has been sent. */
void peers_received(struct peers *s, struct peer *p);
void peers_working(struct peers *s, struct peer *p);
void peers_answering(struct peers *s, struct peer *p);
void peers_answered(struct peers *s, struct peer *p);

/* How many were shut down for another connection, and for being late; for /metrics. */
struct peers_stats {
    long evicted, late;
};
void peers_stats(struct peers *s, struct peers_stats *out);

/* The connection of a descriptor; NULL when it is none of this server. */
struct peer *peer_of_descriptor(int fd);

#endif
