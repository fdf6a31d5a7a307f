/* Time. All times are int64 milliseconds of UTC since 1970. Domains never read the clock: they take
 * `now_ms`. clock_now_ms is called where something begins: a request (http), a job (the writer), a
 * command, and each round of a background thread (exams, upkeep). */
#ifndef GR_BASE_CLOCK_H
#define GR_BASE_CLOCK_H

#include "base/arena.h"

#define MS_SECOND ((int64_t)1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)

/* The time of day. After clock_set (`gradus serve` calls it) it is the trusted time: the base that
 * was set plus the time since the machine was started, which nobody can set. A step of the
 * machine's wall clock does not move it; clock_watch.h decides when to follow such a step. Before
 * clock_set, and in commands, it is the wall clock. */
int64_t clock_now_ms(void);
/* From now on clock_now_ms() is `base_ms` + clock_boot_ms(). Any thread. */
void clock_set(int64_t base_ms);
/* Undoes clock_set, for tests. */
void clock_unset(void);
int64_t clock_wall_ms(void); /* the machine's wall clock, even if it is wrong */
/* Since the machine was started, the time in which it was suspended included. Never steps. */
int64_t clock_boot_ms(void);
int64_t clock_monotonic_ms(void); /* for durations */
int64_t clock_monotonic_us(void);

/* "2026-11-22T04:10:51Z" (RFC 3339, seconds). Arena. */
char *time_iso(struct arena *a, int64_t ms);
/* "2026-11-22". Arena. */
char *time_iso_date(struct arena *a, int64_t ms);
/* Reads RFC 3339 with zone, years 1970 to 9999; false when it is anything else. */
bool time_parse_iso(const char *text, int64_t *ms);
/* The same day and time `months` later; the 31st becomes the last day where there is none. */
int64_t time_add_months(int64_t ms, int months);

#endif
