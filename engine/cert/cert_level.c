/* The requirements of a level against facts; numbers of certificates. */
#include "cert/cert_level.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

int cert_kind_row(const struct evidence_kind *kind) {
    for (int i = 0; cert_kinds[i]; i++)
        if (cert_kinds[i] == kind) return i;
    BUG("a kind of evidence without a row");
}

static bool seen_before(const struct evidence_fact *facts, size_t end,
                        const struct evidence_fact *f) {
    for (size_t i = 0; i < end; i++)
        if (facts[i].passed && facts[i].kind == f->kind && str_eq(facts[i].id, f->id) &&
            str_eq(facts[i].dialects, f->dialects))
            return true;
    return false;
}

/* In how many different dialects the need was passed (for modules and exams: whether). */
static int count_passed(const struct cert_need *need, const struct evidence_fact *facts,
                        size_t count) {
    int have = 0;
    for (size_t i = 0; i < count; i++)
        if (facts[i].passed && facts[i].kind == need->kind && str_eq(facts[i].id, need->id) &&
            !seen_before(facts, i, &facts[i]))
            have++;
    return have;
}

/* Chooses the fact to show: the earliest pass, or else the newest try. */
static const struct evidence_fact *fact_to_show(const struct cert_need *need,
                                                const struct evidence_fact *facts, size_t count) {
    const struct evidence_fact *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct evidence_fact *f = &facts[i];
        if (f->kind != need->kind || !str_eq(f->id, need->id)) continue;
        if (!best || (f->passed && !best->passed)) best = f;
        else if (f->passed == best->passed &&
                 (f->passed ? f->at_ms < best->at_ms : f->at_ms > best->at_ms))
            best = f;
    }
    return best;
}

void cert_level_status(struct arena *a, bool open, const struct cert_need *needs, size_t need_count,
                       const struct evidence_fact *facts, size_t fact_count,
                       struct cert_level_status *out) {
    bool modules_only = true, shown = false;
    *out = (struct cert_level_status){.open = open, .count = need_count};
    out->needs = NEW_ARRAY(a, struct cert_need_status, need_count + 1);
    for (size_t i = 0; i < need_count; i++) {
        const struct cert_need *need = &needs[i];
        struct cert_need_status *s = &out->needs[i];
        const struct evidence_fact *f = fact_to_show(need, facts, fact_count);
        int want = need->dialects > 1 ? need->dialects : 1;
        s->need = need;
        s->have = count_passed(need, facts, fact_count);
        s->state = s->have >= want ? CERT_MET : f ? CERT_BEGUN : CERT_MISSING;
        s->record = f ? f->record : NULL;
        s->at_ms = f ? f->at_ms : 0;
        s->sentence = s->state == CERT_MET     ? need->kind->met
                      : s->state == CERT_BEGUN ? need->kind->begun
                                               : need->kind->missing;
        for (size_t k = 0; k < fact_count; k++)
            if (facts[k].changed && facts[k].kind == need->kind && str_eq(facts[k].id, need->id))
                s->changed = out->changed = true;
        if (s->changed && s->state != CERT_MET) s->sentence = "cert_need_changed";
        out->asks[cert_kind_row(need->kind)] = true;
        if (s->state == CERT_MET) out->met++;
        else if (!need->kind->training) modules_only = false;
        if (s->state == CERT_MET && !need->kind->training) shown = true;
    }
    out->complete = open && need_count > 0 && out->met == need_count;
    out->only_modules_missing = open && !out->complete && modules_only && shown;
}

void cert_level_before(struct cert_level_status *status, const struct evidence_fact *facts,
                       size_t count, const int64_t since_ms[CERT_KINDS]) {
    for (size_t i = 0; i < status->count; i++) {
        struct cert_need_status *s = &status->needs[i];
        if (s->state != CERT_MISSING) continue;
        for (size_t k = 0; k < count; k++) {
            const struct evidence_fact *f = &facts[k];
            bool same = f->kind == s->need->kind && str_eq(f->id, s->need->id);
            if (same && f->passed && f->at_ms <= since_ms[cert_kind_row(f->kind)] &&
                f->at_ms > s->before_ms)
                s->before_ms = f->at_ms;
        }
        if (s->before_ms) s->sentence = "cert_need_before";
    }
}

size_t cert_facts_since(struct evidence_fact *facts, size_t count,
                        const int64_t since_ms[CERT_KINDS]) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t since = since_ms[cert_kind_row(facts[i].kind)];
        if (!since || facts[i].at_ms > since) facts[kept++] = facts[i];
    }
    return kept;
}

/* ---- Numbers -------------------------------------------------------------------------------- */
/* 0, 1, I, L and O are left out: they are taken for each other on paper. 31 is a prime, so that
 * every single error and every exchange of two characters changes the check (the weights differ and
 * are no multiples of it). */
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

/* What people and printers put between the groups: blanks, dots, and the dashes of Unicode (U+2010
 * to U+2015, U+2212). */
static size_t between(const char *c) {
    static const char *const marks[] = {"\u2010", "\u2011", "\u2012", "\u2013", "\u2014",
                                        "\u2015", "\u2212", "\u00a0", "\u202f"};
    if (*c && strchr(" \t\r\n.-_/", *c)) return 1;
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (str_has_prefix(c, marks[i])) return strlen(marks[i]);
    return 0;
}

bool cert_number_meant(const char *text) {
    int letters = 0;
    bool figure = false, ours = true;
    for (const char *c = text; *c;) {
        size_t n = between(c);
        if (!n && !isalnum((unsigned char)*c)) return false;
        if (!n) {
            letters++;
            figure |= isdigit((unsigned char)*c) != 0;
            ours &= strchr(digits, toupper((unsigned char)*c)) != NULL;
        }
        c += n ? n : 1;
    }
    return (figure && letters >= 6 && letters <= 24) || (ours && letters == RANDOM_DIGITS + 1);
}

/* In the year, where there are only figures, O is 0 and I and L are 1. Elsewhere none of the five
 * is ever used. */
static char meant_figure(char c) {
    if (c == 'O') return '0';
    return c == 'I' || c == 'L' ? '1' : c;
}

char *cert_number_read(struct arena *a, const char *text) {
    char *number = arena_dup(a, "GR-0000-XXXXXXXXXXX");
    char plain[NUMBER_LENGTH];
    size_t count = 0;
    for (const char *c = text; *c;) {
        size_t n = between(c);
        if (!n && count == NUMBER_LENGTH - 2) return NULL;
        if (!n) plain[count++] = (char)toupper((unsigned char)*c);
        c += n ? n : 1;
    }
    if (count != NUMBER_LENGTH - 2 || strncmp(plain, "GR", 2) != 0) return NULL;
    for (int i = 3; i < 7; i++) {
        number[i] = meant_figure(plain[i - 1]);
        if (!isdigit((unsigned char)number[i])) return NULL;
    }
    for (int i = 8; i < NUMBER_LENGTH; i++) {
        number[i] = plain[i - 2];
        if (!number[i] || !strchr(digits, number[i])) return NULL;
    }
    return number[NUMBER_LENGTH - 1] == check_digit(number) ? number : NULL;
}

char *cert_number_of_year(struct arena *a, const char *text, int year) {
    char *number = cert_number_read(a, arena_printf(a, "GR%04d%s", year, text));
    if (!number) number = cert_number_read(a, arena_printf(a, "GR%s", text));
    return number && strtol(number + 3, NULL, 10) == year ? number : NULL;
}

bool cert_is_brief(int64_t took_ms, int minutes) {
    return took_ms * 10 < minutes * (int64_t)MS_MINUTE;
}
