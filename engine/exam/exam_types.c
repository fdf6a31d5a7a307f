/* The types of items, and what they share. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "exam/exam_type.h"

static const struct exam_type *const rows[] = {&exam_type_single, &exam_type_multiple,
                                               &exam_type_ordering, &exam_type_numeric};

const struct exam_type *exam_type_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_eq(rows[i]->name, name)) return rows[i];
    return NULL;
}

const struct exam_type *exam_type_lettered(char letter) {
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i]->letter == letter) return rows[i];
    return NULL;
}

const char *exam_type_names(struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_printf(&b, "%s%s", i == 0 ? "" : i + 1 < COUNT_OF(rows) ? ", " : " or ", rows[i]->name);
    return buf_text(&b);
}

bool exam_answered(const char *response) {
    return response && !str_eq(response, EXAM_NO_ANSWER) && !str_eq(response, "null");
}

/* ---- Lists of numbers ---------------------------------------------------------------------- */

int exam_numbers_read(const char *response, int *out, int room) {
    int n = 0;
    for (const char *p = response; *p && n < room; p++) {
        if (*p < '0' || *p > '9') continue;
        char *end;
        out[n++] = (int)strtol(p, &end, 10);
        p = end - 1;
    }
    return n;
}

char *exam_numbers_text(const int *numbers, int count, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_putc(&b, '[');
    for (int i = 0; i < count; i++) buf_printf(&b, "%s%d", i ? "," : "", numbers[i]);
    buf_putc(&b, ']');
    return arena_dup(a, buf_text(&b));
}

const char *exam_letters_say(const char *response, struct arena *a) {
    int numbers[EXAM_OPTIONS], count = exam_numbers_read(response, numbers, EXAM_OPTIONS);
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < count; i++) {
        buf_puts(&b, i ? ", " : "");
        if (numbers[i] < 1 || numbers[i] > EXAM_OPTIONS) buf_puts(&b, "–");
        else buf_putc(&b, (char)('A' + numbers[i] - 1));
    }
    return arena_dup(a, buf_text(&b));
}
