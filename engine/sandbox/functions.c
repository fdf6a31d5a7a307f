/* printf('%.2000000000c', 'x') runs a loop two thousand million times, even when its result is too
 * large long before; trim(x, y) compares every character of x with every one of y. A limit on
 * operations of SQLite's machine counts one call in both. */
#include "sandbox/functions.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

bool function_charge(sqlite3_context *c, struct function_work *work, size_t bytes) {
    work->left -= (int64_t)(bytes / FUNCTION_OPERATION_BYTES);
    if (work->left >= 0) return true;
    sqlite3_result_error(c, "too many steps", -1); /* console.c has the sentence */
    return false;
}

static bool charge(sqlite3_context *c, size_t bytes) {
    return function_charge(c, sqlite3_user_data(c), bytes);
}

/* ---- printf --------------------------------------------------------------------------------- */
struct format {
    sqlite3_context *c;
    sqlite3_value **arg;
    int left; /* arguments that are not used yet */
    const char *at;
    sqlite3_str *out;
};

/* One conversion: "%-5.2f". */
struct conversion {
    char flags[12];
    int width, precision; /* precision: -1 = not given */
    char kind;
};

static sqlite3_value *next_argument(struct format *f) {
    if (f->left == 0) return NULL;
    f->left--;
    return *f->arg++;
}

static int64_t next_integer(struct format *f) {
    sqlite3_value *v = next_argument(f);
    return v ? sqlite3_value_int64(v) : 0;
}

/* Digits, or '*' for the next argument. False beyond the limit. */
static bool read_number(struct format *f, int64_t *n) {
    if (*f->at == '*') {
        f->at++;
        *n = next_integer(f);
    } else
        for (*n = 0; *f->at >= '0' && *f->at <= '9'; f->at++)
            if (*n <= FUNCTION_WIDTH_MAX) *n = *n * 10 + (*f->at - '0');
    return *n >= -FUNCTION_WIDTH_MAX && *n <= FUNCTION_WIDTH_MAX;
}

static bool read_conversion(struct format *f, struct conversion *c) {
    size_t flags = strspn(f->at, "-+ 0#,!");
    int64_t n = 0;
    memset(c, 0, sizeof *c);
    c->precision = -1;
    for (size_t i = 0; i < flags; i++)
        if (!strchr(c->flags, f->at[i])) c->flags[strlen(c->flags)] = f->at[i];
    f->at += flags;
    if (!read_number(f, &n)) return false;
    if (n < 0 && !strchr(c->flags, '-')) c->flags[strlen(c->flags)] = '-';
    c->width = (int)(n < 0 ? -n : n);
    if (*f->at == '.') {
        f->at++;
        if (!read_number(f, &n)) return false;
        c->precision = (int)(n < 0 ? -n : n);
    }
    f->at += strspn(f->at, "l");
    c->kind = *f->at;
    if (*f->at) f->at++;
    return true;
}

/* Writes the conversion as sqlite3_str_appendf takes it, for an argument of type `as`. */
static void spell(const struct conversion *c, const char *as, char *out, size_t size) {
    int n = snprintf(out, size, "%%%s%d", c->flags, c->width);
    if (c->width == 0) n = snprintf(out, size, "%%%s", c->flags);
    if (c->precision >= 0) n += snprintf(out + n, size - (size_t)n, ".%d", c->precision);
    snprintf(out + n, size - (size_t)n, "%s", as);
}

/* '%c' is the first character of a text, `precision` times. */
static void append_character(struct format *f, const struct conversion *c) {
    sqlite3_value *v = next_argument(f);
    const char *text = v ? (const char *)sqlite3_value_text(v) : NULL;
    int bytes = text && *text ? 1 : 0, times = c->precision > 1 ? c->precision : 1;
    while (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80) bytes++;
    bool left = strchr(c->flags, '-') != NULL;
    int blanks = c->width > times ? c->width - times : 0;
    if (!left) sqlite3_str_appendchar(f->out, blanks, ' ');
    for (int i = 0; i < times && bytes; i++) sqlite3_str_append(f->out, text, bytes);
    if (left) sqlite3_str_appendchar(f->out, blanks, ' ');
}

/* False: there is no such conversion. */
static bool append_conversion(struct format *f, const struct conversion *c) {
    char spec[48], as[4] = {c->kind, 0, 0, 0};
    sqlite3_value *v;
    switch (c->kind) {
    case '%': sqlite3_str_appendchar(f->out, 1, '%'); return true;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        spell(c, (char[]){'l', 'l', c->kind, 0}, spec, sizeof spec);
        sqlite3_str_appendf(f->out, spec, (sqlite3_int64)next_integer(f));
        return true;
    case 'f':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
        v = next_argument(f);
        spell(c, as, spec, sizeof spec);
        sqlite3_str_appendf(f->out, spec, v ? sqlite3_value_double(v) : 0.0);
        return true;
    case 's':
    case 'z':
    case 'q':
    case 'Q':
    case 'w':
        v = next_argument(f);
        if (c->kind == 'z') as[0] = 's'; /* 'z' would free our argument */
        spell(c, as, spec, sizeof spec);
        sqlite3_str_appendf(f->out, spec, v ? (const char *)sqlite3_value_text(v) : NULL);
        return true;
    case 'c': append_character(f, c); return true;
    default: return false;
    }
}

static void format_function(sqlite3_context *c, int count, sqlite3_value **values) {
    const char *text = count ? (const char *)sqlite3_value_text(values[0]) : NULL;
    struct format f = {c, values + 1, count - 1, text, NULL};
    const char *wrong = NULL;
    bool paid = true;
    if (!text) return; /* NULL */
    f.out = sqlite3_str_new(sqlite3_context_db_handle(c));
    while (*f.at && !wrong && paid && sqlite3_str_errcode(f.out) == SQLITE_OK) {
        struct conversion one;
        size_t plain = strcspn(f.at, "%");
        sqlite3_str_append(f.out, f.at, (int)plain);
        f.at += plain;
        if (!*f.at) break;
        f.at++;
        if (!read_conversion(&f, &one))
            wrong = "a width or precision of printf() is 1000 at most here";
        /* Reading one and spelling it takes half a microsecond, a digit of a number a hundredth. */
        else if (!(paid = charge(c, 160 + 8 * (size_t)(one.width + abs(one.precision))))) break;
        else if (!append_conversion(&f, &one)) wrong = "printf() does not know this conversion";
    }
    int rc = sqlite3_str_errcode(f.out);
    char *result = sqlite3_str_finish(f.out);
    if (wrong) sqlite3_result_error(c, wrong, -1);
    else if (!paid) rc = SQLITE_ERROR; /* said already */
    else if (rc == SQLITE_TOOBIG) sqlite3_result_error_toobig(c);
    else if (rc) sqlite3_result_error_nomem(c);
    else {
        sqlite3_result_text(c, result ? result : "", -1, result ? sqlite3_free : SQLITE_STATIC);
        result = NULL;
    }
    if (wrong || rc) sqlite3_free(result);
}

/* ---- trim ----------------------------------------------------------------------------------- */
struct set {
    const char *start[FUNCTION_SET_BYTES];
    size_t len[FUNCTION_SET_BYTES];
    int count;
};

static void read_set(struct set *s, const char *text) {
    for (s->count = 0; *text && s->count < FUNCTION_SET_BYTES; s->count++) {
        size_t n = 1;
        while (((unsigned char)text[n] & 0xc0) == 0x80) n++;
        s->start[s->count] = text;
        s->len[s->count] = n;
        text += n;
    }
}

/* Bytes of a character of the set that the text begins or ends with; 0 = none. */
static size_t found(const struct set *s, const char *text, size_t len, bool at_end) {
    for (int i = 0; i < s->count; i++)
        if (s->len[i] <= len &&
            memcmp(at_end ? text + len - s->len[i] : text, s->start[i], s->len[i]) == 0)
            return s->len[i];
    return 0;
}

enum side { LEFT = 1, RIGHT = 2 };

static void strip(sqlite3_context *c, int count, sqlite3_value **values, int sides) {
    const char *text = (const char *)sqlite3_value_text(values[0]),
               *characters = count > 1 ? (const char *)sqlite3_value_text(values[1]) : " ";
    struct set set;
    size_t n;
    if (!text || !characters) return; /* NULL */
    if (strlen(characters) > FUNCTION_SET_BYTES) {
        sqlite3_result_error(c, "the characters that trim() takes away are 200 bytes at most here",
                             -1);
        return;
    }
    size_t len = (size_t)sqlite3_value_bytes(values[0]);
    read_set(&set, characters);
    size_t whole = len;
    while (sides & LEFT && (n = found(&set, text, len, false)) > 0) {
        text += n;
        len -= n;
    }
    while (sides & RIGHT && (n = found(&set, text, len, true)) > 0) len -= n;
    /* Each character that went was looked for in the set. A call is short enough to be charged when
     * it is done. */
    if (!charge(c, whole + (whole - len) * (size_t)set.count * 4)) return;
    sqlite3_result_text(c, text, (int)len, SQLITE_TRANSIENT);
}

static void trim_function(sqlite3_context *c, int count, sqlite3_value **values) {
    strip(c, count, values, LEFT | RIGHT);
}
static void ltrim_function(sqlite3_context *c, int count, sqlite3_value **values) {
    strip(c, count, values, LEFT);
}
static void rtrim_function(sqlite3_context *c, int count, sqlite3_value **values) {
    strip(c, count, values, RIGHT);
}

bool functions_register(sqlite3 *db, struct function_work *work) {
    static const struct {
        const char *name;
        int arguments;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } all[] = {
        {"printf", -1, format_function}, {"format", -1, format_function},
        {"trim", 1, trim_function},      {"trim", 2, trim_function},
        {"ltrim", 1, ltrim_function},    {"ltrim", 2, ltrim_function},
        {"rtrim", 1, rtrim_function},    {"rtrim", 2, rtrim_function},
    };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (sqlite3_create_function_v2(db, all[i].name, all[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, work,
                                       all[i].run, NULL, NULL, NULL) != SQLITE_OK)
            return false;
    return text_functions_register(db, work) && rule_functions_register(db, work);
}
