/* Tells a wall clock that was set from time that passed. */
#include "base/clock_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define READ_WITHIN_MS 50
#define READ_TRIES 5

int64_t clock_watch_trusted(const struct clock_watch *w, int64_t boot_ms) {
    return w->base_ms + boot_ms;
}

bool clock_watch_settling(const struct clock_watch *w, int64_t boot_ms) {
    return w->settle_boot_ms && boot_ms < w->settle_boot_ms;
}

bool clock_watch_may_follow(const struct clock_watch *w, struct clock_reading r) {
    if (r.wall_ms < CLOCK_EARLIEST_MS) return false;
    return !clock_watch_settling(w, r.boot_ms) || r.wall_ms >= w->floor_ms;
}

void clock_watch_begin(struct clock_watch *w, const struct clock_mark *mark, const char *boot_id,
                       struct clock_reading r) {
    memset(w, 0, sizeof *w);
    w->begun_boot_ms = r.boot_ms;
    w->base_ms = r.wall_ms - r.boot_ms;
    if (!mark) return;
    if (*boot_id && strcmp(mark->boot_id, boot_id) == 0 && r.boot_ms >= mark->boot_ms) {
        w->base_ms = mark->trusted_ms - mark->boot_ms;
        return;
    }
    w->settle_boot_ms = r.boot_ms + CLOCK_SETTLE_MS;
    w->floor_ms = mark->trusted_ms;
    if (r.wall_ms < mark->trusted_ms) w->base_ms = mark->trusted_ms - r.boot_ms;
}

enum clock_news clock_watch_look(struct clock_watch *w, struct clock_reading r) {
    int64_t off_ms = r.wall_ms - clock_watch_trusted(w, r.boot_ms);
    if (llabs(off_ms) <= CLOCK_TOLERANCE_MS) {
        bool was = w->wrong;
        w->wrong = false;
        return was ? CLOCK_RIGHT : CLOCK_SAME;
    }
    bool fresh = !w->wrong, other = fresh || llabs(off_ms - w->off_ms) > CLOCK_TOLERANCE_MS;
    if (fresh) w->since_ms = clock_watch_trusted(w, r.boot_ms);
    w->wrong = true;
    if (other) {
        w->off_ms = off_ms;
        w->steady_boot_ms = r.boot_ms;
        return CLOCK_WRONG;
    }
    bool due = clock_watch_settling(w, r.boot_ms) ||
               r.boot_ms - w->steady_boot_ms >= CLOCK_FOLLOW_AFTER_MS;
    return due && clock_watch_may_follow(w, r) ? CLOCK_FOLLOW : CLOCK_SAME;
}

void clock_watch_followed(struct clock_watch *w, int64_t by_ms) {
    w->base_ms += by_ms;
    w->wrong = false;
}

bool clock_read(struct clock_reading *out) {
    for (int i = 0; i < READ_TRIES; i++) {
        out->boot_ms = clock_boot_ms();
        out->wall_ms = clock_wall_ms();
        if (clock_boot_ms() - out->boot_ms <= READ_WITHIN_MS) return true;
    }
    return false;
}

void clock_boot_id(char out[CLOCK_BOOT_ID_BYTES]) {
    *out = '\0';
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!f) return;
    if (!fgets(out, CLOCK_BOOT_ID_BYTES, f)) *out = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(f);
}
