/* The requirements of a level against facts; numbers of certificates. */
#include "cert/cert_level.h"

#include <ctype.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"

static const char *const sentences[][3] = {
    [CERT_MODULE] = {"cert_need_module_met", "cert_need_module_begun", "cert_need_module_missing"},
    [CERT_EXAM] = {"cert_need_exam_met", "cert_need_exam_begun", "cert_need_exam_missing"},
    [CERT_LAB] = {"cert_need_lab_met", "cert_need_lab_begun", "cert_need_lab_missing"},
};

static bool seen_before(const struct cert_fact *facts, size_t end, const struct cert_fact *f) {
    for (size_t i = 0; i < end; i++)
        if (facts[i].passed && facts[i].kind == f->kind && str_eq(facts[i].id, f->id) &&
            str_eq(facts[i].dialects, f->dialects))
            return true;
    return false;
}

/* In how many different dialects the need was passed (for modules and exams: whether). */
static int count_passed(const struct cert_need *need, const struct cert_fact *facts, size_t count) {
    int have = 0;
    for (size_t i = 0; i < count; i++)
        if (facts[i].passed && facts[i].kind == need->kind && str_eq(facts[i].id, need->id) &&
            !seen_before(facts, i, &facts[i]))
            have++;
    return have;
}

/* What to show of the facts: the earliest pass, or else the newest try. */
static const struct cert_fact *telling_fact(const struct cert_need *need,
                                            const struct cert_fact *facts, size_t count) {
    const struct cert_fact *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cert_fact *f = &facts[i];
        if (f->kind != need->kind || !str_eq(f->id, need->id)) continue;
        if (!best || (f->passed && !best->passed)) best = f;
        else if (f->passed == best->passed &&
                 (f->passed ? f->at_ms < best->at_ms : f->at_ms > best->at_ms))
            best = f;
    }
    return best;
}

void cert_level_status(struct arena *a, bool open, const struct cert_need *needs, size_t need_count,
                       const struct cert_fact *facts, size_t fact_count,
                       struct cert_level_status *out) {
    bool modules_only = true;
    *out = (struct cert_level_status){.open = open, .count = need_count};
    out->needs = NEW_ARRAY(a, struct cert_need_status, need_count + 1);
    for (size_t i = 0; i < need_count; i++) {
        const struct cert_need *need = &needs[i];
        struct cert_need_status *s = &out->needs[i];
        const struct cert_fact *f = telling_fact(need, facts, fact_count);
        int want = need->dialects > 1 ? need->dialects : 1;
        s->need = need;
        s->have = count_passed(need, facts, fact_count);
        s->state = s->have >= want ? CERT_MET : f ? CERT_BEGUN : CERT_MISSING;
        s->record = f ? f->record : NULL;
        s->at_ms = f ? f->at_ms : 0;
        s->sentence = sentences[need->kind][s->state];
        if (s->state == CERT_MET) out->met++;
        else if (need->kind != CERT_MODULE) modules_only = false;
    }
    out->complete = open && need_count > 0 && out->met == need_count;
    out->only_modules_missing = open && !out->complete && modules_only && need_count > 0;
}

/* ---- Numbers ---------------------------------------------------------------------------------- */
/* No 0, 1, I, L, O: they are taken for each other on paper. 31 is a prime, so that every single error and
 * every exchange of two characters changes the check (weights differ and are no multiples of it). */
static const char digits[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
#define BASE 31
#define RANDOM_DIGITS 10
#define NUMBER_LENGTH (8 + RANDOM_DIGITS + 1) /* GR-2026-XXXXXXXXXXC */

/* Over the year's four figures and the random digits. */
static char check_digit(const char *number) {
    unsigned sum = 0, weight = 1;
    for (int i = 3; i < 7; i++) sum += weight++ * (unsigned)(number[i] - '0');
    for (int i = 8; i < 8 + RANDOM_DIGITS; i++)
        sum += weight++ * (unsigned)(strchr(digits, number[i]) - digits);
    return digits[sum % BASE];
}

char *cert_number_new(struct arena *a, int year) {
    char *number = arena_printf(a, "GR-%04d-XXXXXXXXXXX", year);
    for (int i = 8; i < 8 + RANDOM_DIGITS; i++) number[i] = digits[random_below(BASE)];
    number[8 + RANDOM_DIGITS] = check_digit(number);
    return number;
}

char *cert_number_read(struct arena *a, const char *text) {
    char *number = str_trim(a, text);
    if (strlen(number) != NUMBER_LENGTH) return NULL;
    for (char *c = number; *c; c++) *c = (char)toupper((unsigned char)*c);
    if (strncmp(number, "GR-", 3) != 0 || number[7] != '-') return NULL;
    for (int i = 3; i < 7; i++)
        if (!isdigit((unsigned char)number[i])) return NULL;
    for (int i = 8; i < NUMBER_LENGTH; i++)
        if (!strchr(digits, number[i])) return NULL;
    return number[NUMBER_LENGTH - 1] == check_digit(number) ? number : NULL;
}
