/* Decimal numbers: reading, comparing, adding. */
#include "exam/exam_decimal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/buf.h"
#include "base/text.h"

/* ---- Reading ------------------------------------------------------------------------------- */

enum sign { OTHER, DIGIT, MINUS, PLUS, POINT, COMMA, GROUP, DIRECTION };

struct reading {
    const char *text;
    int32_t at, len;
};

/* The kind of the next character, which ends at `*end`; `*digit`: its value when it is one. */
static enum sign look(const struct reading *r, int32_t from, int32_t *end, int *digit) {
    UChar32 c;
    *end = from;
    if (from >= r->len) return OTHER;
    U8_NEXT(r->text, *end, r->len, c);
    if (c < 0) return OTHER;
    *digit = u_charDigitValue(c);
    if (*digit >= 0) return DIGIT;
    switch (c) {
    case '-':
    case 0x2212:
    case 0xFF0D: return MINUS;
    case '+':
    case 0xFF0B: return PLUS;
    case '.':
    case 0x066B: return POINT;
    case ',': return COMMA;
    case ' ':
    case 0x00A0:
    case 0x2009:
    case 0x202F:
    case '\'':
    case 0x2019:
    case 0x066C: return GROUP;
    case 0x200E:
    case 0x200F:
    case 0x061C: return DIRECTION;
    default: return OTHER;
    }
}

/* Digits as they stand, without signs. */
struct digits {
    char at[EXAM_DECIMAL_DIGITS + 1];
    int len; /* EXAM_DECIMAL_DIGITS + 1: more than there is room for */
    int all; /* also zeros in front, which are left out */
};

static void add_digit(struct digits *d, int digit) {
    d->all++;
    if (d->len == 0 && digit == 0) return;
    if (d->len < EXAM_DECIMAL_DIGITS) d->at[d->len++] = (char)('0' + digit);
    else d->len = EXAM_DECIMAL_DIGITS + 1;
}

static void add_part(struct digits *d, int digit) {
    d->all++;
    if (d->len > EXAM_DECIMAL_DIGITS) return;
    if (d->len < EXAM_DECIMAL_DIGITS) d->at[d->len++] = (char)('0' + digit);
    else if (digit) d->len = EXAM_DECIMAL_DIGITS + 1;
}

static int32_t skip(const struct reading *r, int32_t at, enum sign kind) {
    int digit;
    int32_t end;
    while (look(r, at, &end, &digit) == kind) at = end;
    return at;
}

/* A run of digits; how many there are. */
static int read_run(const struct reading *r, int32_t *at, struct digits *out,
                    void (*add)(struct digits *d, int digit)) {
    int digit, count = 0;
    int32_t end;
    for (;;) {
        *at = skip(r, *at, DIRECTION);
        if (look(r, *at, &end, &digit) != DIGIT) return count;
        add(out, digit);
        *at = end;
        count++;
    }
}

static int count_run(const struct reading *r, int32_t from) {
    struct digits nothing = {0};
    return read_run(r, &from, &nothing, add_part);
}

/* The digits before the decimal sign, in groups or not. */
static void read_whole(const struct reading *r, int32_t *at, struct digits *whole) {
    int first = read_run(r, at, whole, add_digit), digit;
    int32_t sign_end;
    while (first > 0 && first <= 3 && look(r, *at, &sign_end, &digit) == GROUP) {
        if (count_run(r, sign_end) != 3) return;
        *at = sign_end;
        (void)read_run(r, at, whole, add_digit);
    }
}

static const char *refuse(const char **why, const char *key) {
    *why = key;
    return NULL;
}

const char *exam_decimal_scan(const char *text, struct exam_decimal *out, const char **why) {
    struct reading r = {.text = text, .len = (int32_t)strnlen(text, 1000)};
    struct digits whole = {0}, part = {0};
    int digit, behind = 0;
    int32_t at = skip(&r, skip(&r, skip(&r, 0, DIRECTION), GROUP), DIRECTION), end;
    memset(out, 0, sizeof *out);
    enum sign sign = look(&r, at, &end, &digit);
    out->negative = sign == MINUS;
    if (sign == MINUS || sign == PLUS) at = skip(&r, skip(&r, end, DIRECTION), GROUP);
    read_whole(&r, &at, &whole);
    sign = look(&r, at, &end, &digit);
    if (sign == POINT || sign == COMMA) {
        int32_t after = end;
        behind = read_run(&r, &after, &part, add_part);
        if (behind) at = after;
        bool again = look(&r, at, &end, &digit) == POINT || look(&r, at, &end, &digit) == COMMA;
        if (behind && again) return refuse(why, "exam_number_signs");
        /* RULE number-comma: one to three digits, a comma, three digits, and no zero in front. */
        if (sign == COMMA && behind == 3 && whole.all <= 3 && whole.len > 0)
            return refuse(why, "exam_number_two_ways");
    }
    if (whole.all + behind == 0) return refuse(why, "exam_number_none");
    if (whole.len > EXAM_DECIMAL_DIGITS || part.len > EXAM_DECIMAL_DIGITS)
        return refuse(why, "exam_number_long");
    while (part.len && part.at[part.len - 1] == '0') part.at[--part.len] = '\0';
    memcpy(out->whole, whole.len ? whole.at : "0", (size_t)(whole.len ? whole.len : 1));
    memcpy(out->part, part.at, (size_t)part.len);
    if (!whole.len && !part.len) out->negative = false;
    return text + at;
}

bool exam_decimal_read(const char *text, struct exam_decimal *out, const char **why) {
    const char *end = exam_decimal_scan(text, out, why);
    if (!end) return false;
    struct reading rest = {.text = end, .len = (int32_t)strnlen(end, 1000)};
    int32_t at = 0, before;
    do {
        before = at;
        at = skip(&rest, skip(&rest, at, DIRECTION), GROUP);
    } while (at != before);
    if (at == rest.len) return true;
    *why = "exam_number_more";
    return false;
}

/* ---- Writing and comparing ----------------------------------------------------------------- */

char *exam_decimal_text(const struct exam_decimal *d, struct arena *a) {
    return arena_printf(a, "%s%s%s%s", d->negative ? "-" : "", d->whole, *d->part ? "." : "",
                        d->part);
}

static int compare_sizes(const struct exam_decimal *a, const struct exam_decimal *b) {
    size_t x = strlen(a->whole), y = strlen(b->whole);
    if (x != y) return x < y ? -1 : 1;
    int order = strcmp(a->whole, b->whole);
    return order ? order : strcmp(a->part, b->part); /* no zeros at the end: a prefix is smaller */
}

int exam_decimal_compare(const struct exam_decimal *a, const struct exam_decimal *b) {
    if (a->negative != b->negative) return a->negative ? -1 : 1;
    return a->negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

/* ---- Adding -------------------------------------------------------------------------------- */

#define MICRO_DIGITS 6
#define WHOLE_DIGITS 12
#define MICRO INT64_C(1000000)

static bool to_micro(const struct exam_decimal *d, int64_t *out) {
    if (strlen(d->whole) > WHOLE_DIGITS || strlen(d->part) > MICRO_DIGITS) return false;
    int64_t n = 0;
    for (const char *p = d->whole; *p; p++) n = n * 10 + (*p - '0');
    for (int i = 0, end = 0; i < MICRO_DIGITS; i++) {
        end = end || !d->part[i];
        n = n * 10 + (end ? 0 : d->part[i] - '0');
    }
    *out = d->negative ? -n : n;
    return true;
}

bool exam_decimal_add(const struct exam_decimal *a, const struct exam_decimal *b, bool subtract,
                      struct exam_decimal *out) {
    int64_t x, y;
    memset(out, 0, sizeof *out);
    if (!to_micro(a, &x) || !to_micro(b, &y)) return false;
    int64_t sum = subtract ? x - y : x + y, size = sum < 0 ? -sum : sum;
    char text[EXAM_DECIMAL_DIGITS + 1];
    const char *why;
    snprintf(text, sizeof text, "%s%lld.%06lld", sum < 0 ? "-" : "", (long long)(size / MICRO),
             (long long)(size % MICRO));
    return exam_decimal_read(text, out, &why);
}
