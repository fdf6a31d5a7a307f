/* Who uses how much of the threads that answer, so that one person's thousand requests at a moment
 * do not make everybody wait. Private to http/; any thread.
 *
 * RULE fair-share: who has used FAIR_BURST_US of processor time, less what has been given back
 * since (`percent` of the time of all threads), is asked to wait (429, Retry-After)
 * while somebody else is being served; alone on the server, nobody is. A person counts for
 * themselves wherever they are; requests of nobody count for their address, which has FAIR_GUESTS
 * times as much of both, since a classroom may stand behind it.
 *
 * How the numbers were chosen: a page takes 0.05 to 5 ms, and a browser asks for ten things at
 * once; 1,600 searches at a moment were 3.1 s. With two threads a burst holds others for 0.2 s. */
#ifndef GR_HTTP_FAIR_SHARE_H
#define GR_HTTP_FAIR_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_BURST_US 400000
#define FAIR_GUESTS 2
#define FAIR_OTHERS_US 1000000 /* somebody else is being served: within this time */

struct fair_share;
#define FAIR_PERCENT 25 /* 100: nobody is asked to wait */
/* NULL: no memory. */
struct fair_share *fair_share_new(int threads, int percent);
void fair_share_free(struct fair_share *s); /* NULL is fine */

/* The name under which a person's requests, or those of nobody from an address, are counted; never
 * 0. */
uint64_t fair_share_person(const struct fair_share *s, const char *person_id);
uint64_t fair_share_guest(const struct fair_share *s, const char *address);

/* Whether a request may be served now; it counts as activity either way. `now_us`: monotonic. */
bool fair_share_allows(struct fair_share *s, uint64_t who, int64_t now_us);
/* So much processor time was used. */
void fair_share_used(struct fair_share *s, uint64_t who, int64_t used_us, int64_t now_us);

#endif
