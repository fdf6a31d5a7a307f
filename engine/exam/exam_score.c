/* Scores, responses, retakes: pure functions of facts. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_score.h"

/* ---- Responses ----------------------------------------------------------------------------- */

static bool add_choice(const json_t *v, int options, unsigned *bits, const char **why) {
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    if (n < 1 || n > options) {
        *why = "exam_response_no_option";
        return false;
    }
    if (*bits & 1u << (n - 1)) {
        *why = "exam_response_twice";
        return false;
    }
    *bits |= 1u << (n - 1);
    return true;
}

static const char *canonical(unsigned bits, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < EXAM_OPTIONS; i++)
        if (bits & 1u << i) buf_printf(&b, "%s%d", b.len ? "," : "[", i + 1);
    buf_puts(&b, b.len ? "]" : "[]");
    return buf_text(&b);
}

const char *exam_response_canonical(const struct json_t *value, int options, bool multiple,
                                    struct arena *a, const char **why) {
    unsigned bits = 0;
    if (json_is_array(value)) {
        if (json_array_size(value) > (size_t)options) {
            *why = "exam_response_too_many";
            return NULL;
        }
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!add_choice(json_array_get(value, i), options, &bits, why)) return NULL;
        if (!multiple && json_array_size(value) > 1) {
            *why = "exam_response_one";
            return NULL;
        }
    } else if (json_is_integer(value)) {
        if (!add_choice(value, options, &bits, why)) return NULL;
    } else if (!json_is_null(value)) {
        *why = "exam_response_shape";
        return NULL;
    }
    return canonical(bits, a);
}

unsigned exam_response_bits(const char *text) {
    unsigned bits = 0;
    for (; text && *text; text++)
        if (*text >= '1' && *text <= '0' + EXAM_OPTIONS) bits |= 1u << (*text - '1');
    return bits;
}

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

static unsigned as_written(const struct exam_slot *slot, unsigned chosen) {
    unsigned bits = 0;
    for (int i = 0; i < slot->option_count; i++)
        if (chosen & 1u << i) bits |= 1u << slot->order[i];
    return bits;
}

static struct exam_domain_result *domain_of(struct exam_score *out, const char *id) {
    for (size_t i = 0; i < out->domain_count; i++)
        if (str_eq(out->domains[i].id, id)) return &out->domains[i];
    out->domains[out->domain_count].id = id;
    return &out->domains[out->domain_count++];
}

static int cut_points(int total, int cut_permille) { return (total * cut_permille + 999) / 1000; }

int exam_scaled(int correct, int total, int cut_permille) {
    int cut = cut_points(total, cut_permille);
    if (correct >= total) return 800;
    if (correct >= cut) return 500 + 300 * (correct - cut) / (total - cut);
    return 200 + 300 * correct / cut;
}

void exam_score(const struct exam_form *form, const unsigned *keys,
                const struct exam_response *responses, size_t response_count, int cut_permille,
                const char *const *domains, size_t domain_count, struct arena *a,
                struct exam_score *out) {
    unsigned *chosen = NEW_ARRAY(a, unsigned, form->slot_count + 1);
    memset(out, 0, sizeof *out);
    out->domains = NEW_ARRAY(a, struct exam_domain_result, domain_count + (size_t)form->slot_count);
    out->points = NEW_ARRAY(a, unsigned char, form->slot_count + 1);
    for (size_t i = 0; i < domain_count; i++) out->domains[out->domain_count++].id = domains[i];
    for (size_t i = 0; i < response_count; i++)
        if (responses[i].slot >= 1 && responses[i].slot <= form->slot_count)
            chosen[responses[i].slot - 1] = responses[i].chosen;
    for (int i = 0; i < form->slot_count; i++) {
        const struct exam_slot *slot = &form->slots[i];
        unsigned written = as_written(slot, chosen[i]);
        bool right = written && written == keys[i];
        out->points[i] = right;
        if (!slot->scored) continue;
        struct exam_domain_result *d = domain_of(out, slot->domain);
        d->total++;
        d->correct += right;
        out->total++;
        out->correct += right;
    }
    size_t kept = 0; /* domains of the definition that this form does not ask */
    for (size_t i = 0; i < out->domain_count; i++)
        if (out->domains[i].total) out->domains[kept++] = out->domains[i];
    out->domain_count = kept;
    out->permille = out->total ? (2000 * out->correct + out->total) / (2 * out->total) : 0;
    out->passed = out->total && 1000 * out->correct >= cut_permille * out->total;
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
                               size_t count, int extra_permille, int64_t now_ms, int64_t *when_ms) {
    struct exam_past past[512]; /* the latest of them are enough for every rule */
    size_t n = count < COUNT_OF(past) ? count : COUNT_OF(past);
    for (size_t i = 0; i < n; i++) past[i] = given[count - n + i];
    if (n) qsort(past, n, sizeof *past, latest_first);
    *when_ms = now_ms;
    for (size_t i = 0; i < n; i++)
        if (!past[i].end_ms) return EXAM_START_OPEN;
    for (size_t i = 0; i < n; i++) {
        if (!past[i].passed) continue;
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
