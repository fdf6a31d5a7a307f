/* The wall clock, compared with the clock that nobody sets. Pure: tests give the readings.
 *
 * Trusted time is `base_ms` + time since the machine was started (suspension included: people's
 * clocks run on while a machine sleeps, and so does its wall clock). Whoever sets the wall clock
 * makes the two part:
 * - RULE clock-tolerance: up to CLOCK_TOLERANCE_MS is a leap second or an adjustment, and nobody's
 *   business.
 * - Beyond, the wall clock counts as wrong, from that look on. Trusted time does not move.
 * - When the two agree again, it is right again.
 * - RULE clock-follow: when the difference has stayed the same for CLOCK_FOLLOW_AFTER_MS somebody
 *   set the clock and meant it (a machine that starts with a wrong clock is put right by NTP): then
 *   trusted time follows, and whoever measures what was running (exams) moves its deadlines by the
 *   same amount. So a clock that was set wrong for hours dates what happens meanwhile wrongly, and
 *   takes no time from anybody.
 * - RULE clock-settle: after a start in another boot than the last one, time since then is a guess
 *   by the wall clock. For CLOCK_SETTLE_MS a step is followed at once.
 * - RULE clock-floor: while settling never to a time before the mark, and never at all to one
 *   before CLOCK_EARLIEST_MS: that is a board without a battery, which nobody has set. Later on
 *   a time before the mark is followed as any other: the mark itself may be what was wrong. */
#ifndef GR_BASE_CLOCK_WATCH_H
#define GR_BASE_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TOLERANCE_MS ((int64_t)2000)
#define CLOCK_FOLLOW_AFTER_MS ((int64_t)600 * 1000)
#define CLOCK_SETTLE_MS ((int64_t)120 * 1000)
#define CLOCK_EARLIEST_MS ((int64_t)1704067200 * 1000) /* 2024-01-01: Gradus is younger */
#define CLOCK_BOOT_ID_BYTES 40

/* Both clocks, read at the same moment; milliseconds. */
struct clock_reading {
    int64_t wall_ms, boot_ms;
};

/* What is stored, so that trusted time goes on over a restart of the program. */
struct clock_mark {
    int64_t trusted_ms, boot_ms;
    /* Identifies the start of the machine in which boot_ms counts; "" = unknown. */
    char boot_id[CLOCK_BOOT_ID_BYTES];
};

/* Owned by one thread; the caller locks when others look. */
struct clock_watch {
    int64_t base_ms;
    bool wrong;
    int64_t off_ms;         /* while wrong: how far the wall clock is ahead */
    int64_t since_ms;       /* trusted time at which it was first seen wrong */
    int64_t steady_boot_ms; /* since when the difference has been off_ms */
    int64_t settle_boot_ms; /* until then; 0 = the start was certain */
    int64_t begun_boot_ms;
    int64_t floor_ms; /* while settling: the mark's time */
};

enum clock_news {
    CLOCK_SAME,
    CLOCK_WRONG, /* it has just been seen wrong, or wrong by another amount */
    CLOCK_RIGHT, /* it was wrong, and is right again */
    CLOCK_FOLLOW /* follow it by off_ms; said at each look until clock_watch_followed */
};

/* Starts watching. `mark` is what was stored last, NULL on the very first start; `boot_id` is that
 * of the running kernel. Within the same boot trusted time goes on as if the program had never
 * ended. After another boot it starts as the wall clock, but never before the mark. */
void clock_watch_begin(struct clock_watch *w, const struct clock_mark *mark, const char *boot_id,
                       struct clock_reading r);
int64_t clock_watch_trusted(const struct clock_watch *w, int64_t boot_ms);
bool clock_watch_settling(const struct clock_watch *w, int64_t boot_ms);
/* RULE clock-floor: whether what the wall clock says may be followed at this moment. */
bool clock_watch_may_follow(const struct clock_watch *w, struct clock_reading r);
enum clock_news clock_watch_look(struct clock_watch *w, struct clock_reading r);
void clock_watch_followed(struct clock_watch *w, int64_t by_ms);

/* Reads both clocks. False when this thread was held up in between, so that the two do not belong
 * together: look again later. */
bool clock_read(struct clock_reading *out);
/* The boot id of the running kernel; "" when it cannot be read. */
void clock_boot_id(char out[CLOCK_BOOT_ID_BYTES]);

#endif
