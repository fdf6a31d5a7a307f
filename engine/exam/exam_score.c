/* Scores, saves, retakes: pure functions of facts. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "exam/exam_score.h"

/* ---- Saves --------------------------------------------------------------------------------- */

void exam_saves_fold(const struct exam_save *saves, size_t count, int slot_count,
                     const struct exam_save **newest) {
    for (int i = 0; i < slot_count; i++) newest[i] = NULL;
    for (size_t i = 0; i < count; i++) {
        if (saves[i].slot < 1 || saves[i].slot > slot_count) continue;
        const struct exam_save **slot = &newest[saves[i].slot - 1];
        if (!*slot || saves[i].seq > (*slot)->seq ||
            (saves[i].seq == (*slot)->seq && saves[i].n > (*slot)->n))
            *slot = &saves[i];
    }
}

/* ---- Scores -------------------------------------------------------------------------------- */

static struct exam_domain_result *domain_of(struct exam_score *out, const char *id) {
    for (size_t i = 0; i < out->domain_count; i++)
        if (str_eq(out->domains[i].id, id)) return &out->domains[i];
    out->domains[out->domain_count].id = id;
    return &out->domains[out->domain_count++];
}

int exam_points_for(int total, int permille) { return (total * permille + 999) / 1000; }

int exam_scaled(int correct, int total, int cut_permille) {
    int cut = exam_points_for(total, cut_permille);
    if (correct >= total) return 800;
    if (correct >= cut) return 500 + 300 * (correct - cut) / (total - cut);
    return 200 + 300 * correct / cut;
}

int exam_floor_permille(const struct exam_form *form, const char *domain) {
    for (int i = 0; i < form->floor_count; i++)
        if (str_eq(form->floors[i].domain, domain)) return form->floors[i].permille;
    return 0;
}

/* RULE exam-floor: the points that the domain asks of its own; 0 = none. */
static int floor_of(const struct exam_form *form, const struct exam_domain_result *d) {
    return exam_points_for(d->total, exam_floor_permille(form, d->id));
}

/* Computes the points of each slot. RULE scoring-parts: before version 3 a part is nothing. */
static void earn(const struct exam_form *form, const struct exam_item *const *items,
                 const char *const *responses, int version, struct exam_points *out) {
    for (int i = 0; i < form->slot_count; i++) {
        int max = 1;
        const struct exam_ask ask = {.slot = &form->slots[i],
                                     .item = items[i],
                                     .response = responses[i] ? responses[i] : EXAM_NO_ANSWER};
        int points = form->slots[i].type->points(&ask, &max);
        BUG_IF(max < 1 || max > EXAM_MAX_POINTS || points < 0 || points > max);
        if (version < 3) {
            points = points == max;
            max = 1;
        }
        out[i] = (struct exam_points){(unsigned char)points, (unsigned char)max};
    }
}

static int common_multiple(int a, int b) {
    int x = a, y = b;
    while (y) {
        int rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

static int steps_of(const struct exam_form *form, const struct exam_points *points) {
    int steps = 1;
    for (int i = 0; i < form->slot_count; i++)
        if (form->slots[i].scored) steps = common_multiple(steps, points[i].max);
    return steps;
}

static void add_up(const struct exam_form *form, struct exam_score *out) {
    for (int i = 0; i < form->slot_count; i++) {
        const struct exam_slot *slot = &form->slots[i];
        if (!slot->scored) continue;
        int earned = out->points[i].points * (out->steps / out->points[i].max);
        struct exam_domain_result *d = domain_of(out, slot->domain);
        d->total += out->steps;
        d->correct += earned;
        out->total += out->steps;
        out->correct += earned;
    }
    size_t kept = 0; /* domains of the definition that this form does not ask */
    for (size_t i = 0; i < out->domain_count; i++)
        if (out->domains[i].total) out->domains[kept++] = out->domains[i];
    out->domain_count = kept;
}

void exam_score(const struct exam_form *form, const struct exam_item *const *items,
                const char *const *responses, int version, int cut_permille,
                const char *const *domains, size_t domain_count, struct arena *a,
                struct exam_score *out) {
    memset(out, 0, sizeof *out);
    out->domains = NEW_ARRAY(a, struct exam_domain_result, domain_count + (size_t)form->slot_count);
    out->points = NEW_ARRAY(a, struct exam_points, form->slot_count + 1);
    for (size_t i = 0; i < domain_count; i++) out->domains[out->domain_count++].id = domains[i];
    earn(form, items, responses, version, out->points);
    out->steps = steps_of(form, out->points);
    add_up(form, out);
    out->permille = out->total ? (2000 * out->correct + out->total) / (2 * out->total) : 0;
    out->passed = out->total && 1000 * out->correct >= cut_permille * out->total;
    for (size_t i = 0; i < out->domain_count && version >= 2; i++) {
        struct exam_domain_result *d = &out->domains[i];
        d->floor = floor_of(form, d);
        if (d->correct < d->floor) out->passed = false;
    }
    out->scaled = out->total ? exam_scaled(out->correct, out->total, cut_permille) : 200;
}

/* ---- Starting ------------------------------------------------------------------------------ */

int64_t exam_time_ms(int minutes, int extra_permille) {
    int64_t ms = (int64_t)minutes * MS_MINUTE * extra_permille / 1000;
    return (ms + MS_SECOND - 1) / MS_SECOND * MS_SECOND;
}

static int latest_first(const void *a, const void *b) {
    int64_t x = ((const struct exam_past *)a)->start_ms,
            y = ((const struct exam_past *)b)->start_ms;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Until when it may be started: the window is stretched as the time is. */
static int64_t window_end(const struct exam_def *def, int extra_permille) {
    if (!def->closes_ms || !def->opens_ms) return def->closes_ms;
    return def->opens_ms + (def->closes_ms - def->opens_ms) / 1000 * extra_permille;
}

enum exam_start exam_may_start(const struct exam_def *def, const struct exam_past *given,
                               size_t count, int64_t anew_ms, int extra_permille, int64_t now_ms,
                               int64_t *when_ms) {
    struct exam_past past[512]; /* the latest of them are enough for every rule */
    size_t n = count < COUNT_OF(past) ? count : COUNT_OF(past);
    for (size_t i = 0; i < n; i++) past[i] = given[count - n + i];
    if (n) qsort(past, n, sizeof *past, latest_first);
    *when_ms = now_ms;
    for (size_t i = 0; i < n; i++)
        if (!past[i].end_ms) return EXAM_START_OPEN;
    for (size_t i = 0; i < n; i++) {
        if (!past[i].passed || def->practice || past[i].end_ms <= anew_ms) continue;
        *when_ms = def->after_pass_months ? time_add_months(past[i].end_ms, def->after_pass_months)
                                          : 0;
        if (!*when_ms || *when_ms > now_ms) return EXAM_START_PASSED;
        break; /* the newest pass decides */
    }
    int64_t wait = n && def->wait_days ? past[0].end_ms + def->wait_days * MS_DAY : now_ms;
    int64_t year = def->attempts_per_year && n >= (size_t)def->attempts_per_year
                       ? past[def->attempts_per_year - 1].start_ms + 365 * MS_DAY
                       : now_ms;
    *when_ms = wait > year ? wait : year;
    if (*when_ms < def->opens_ms) *when_ms = def->opens_ms;
    if (*when_ms < now_ms) *when_ms = now_ms;
    int64_t end = window_end(def, extra_permille);
    if (end && *when_ms >= end) {
        *when_ms = 0;
        return EXAM_START_CLOSED;
    }
    if (year > now_ms) return EXAM_START_YEAR;
    if (wait > now_ms) return EXAM_START_WAIT;
    return now_ms < def->opens_ms ? EXAM_START_EARLY : EXAM_START_FREE;
}
