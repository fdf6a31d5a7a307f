/* SQLite's instr() and replace() compare a text with a pattern at each of its places, as far as
 * both agree; a call on two texts of sixty thousand characters takes a second. Here they search in
 * one pass. like() and glob() go back for each wildcard: they are SQLite's, and charged. strftime()
 * computes a date again for each letter of its format, whose length is bounded. RULE lab-function:
 * what takes the place of a function of SQLite answers as that does, up to its limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/functions.h"

static bool charge(sqlite3_context *c, size_t bytes) {
    return function_charge(c, sqlite3_user_data(c), bytes);
}

static bool is_text(sqlite3_value *v) { return sqlite3_value_type(v) != SQLITE_BLOB; }
static bool is_null(sqlite3_value *v) { return sqlite3_value_type(v) == SQLITE_NULL; }
static bool goes_on(unsigned char byte) { return (byte & 0xc0) == 0x80; }

static const char *bytes_of(sqlite3_value *v, bool as_text, size_t *len) {
    const char *bytes = as_text ? (const char *)sqlite3_value_text(v) : sqlite3_value_blob(v);
    *len = (size_t)sqlite3_value_bytes(v);
    return bytes ? bytes : "";
}

static size_t characters(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += !goes_on((unsigned char)text[i]);
    return n;
}

static void instr_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    if (is_null(values[0]) || is_null(values[1])) return;
    bool text = is_text(values[0]) || is_text(values[1]);
    size_t len, sought;
    const char *in = bytes_of(values[0], text, &len), *what = bytes_of(values[1], text, &sought);
    if (!charge(c, len + sought)) return;
    if (sought == 0) {
        sqlite3_result_int(c, 1);
        return;
    }
    /* A match must begin at a character; only at the very beginning SQLite does not check that. */
    bool half = text && goes_on((unsigned char)*what);
    const char *at = !half ? memmem(in, len, what, sought)
                     : sought <= len && memcmp(in, what, sought) == 0 ? in
                                                                      : NULL;
    sqlite3_int64 before = !at    ? -1
                           : text ? (sqlite3_int64)characters(in, (size_t)(at - in))
                                  : at - in;
    sqlite3_result_int64(c, before + 1);
}

static void replace_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    size_t len, sought, put;
    const char *in = (const char *)sqlite3_value_text(values[0]);
    const char *what = (const char *)sqlite3_value_text(values[1]);
    if (!in || !what) return; /* NULL */
    if (!*what) {
        sqlite3_result_value(c, values[0]);
        return;
    }
    const char *by = (const char *)sqlite3_value_text(values[2]);
    if (!by) return;
    in = bytes_of(values[0], true, &len);
    what = bytes_of(values[1], true, &sought);
    by = bytes_of(values[2], true, &put);
    if (!charge(c, len + sought)) return;
    sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(c));
    const char *end = in + len, *at;
    while ((at = memmem(in, (size_t)(end - in), what, sought)) != NULL &&
           sqlite3_str_errcode(out) == SQLITE_OK) {
        sqlite3_str_append(out, in, (int)(at - in));
        sqlite3_str_append(out, by, (int)put);
        in = at + sought;
    }
    sqlite3_str_append(out, in, (int)(end - in));
    int rc = sqlite3_str_errcode(out), made = sqlite3_str_length(out);
    char *result = sqlite3_str_finish(out);
    if (rc == SQLITE_TOOBIG) sqlite3_result_error_toobig(c);
    else if (rc) sqlite3_result_error_nomem(c);
    else if (charge(c, (size_t)made)) {
        sqlite3_result_text(c, result ? result : "", made, result ? sqlite3_free : SQLITE_STATIC);
        return;
    }
    sqlite3_free(result);
}

/* The pattern and the text of like(pattern, text); false: the answer is given already. */
static bool read_match(sqlite3_context *c, sqlite3_value **values, const char **pattern,
                       const char **text) {
    int most = sqlite3_limit(sqlite3_context_db_handle(c), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
    size_t pattern_len, len;
    if (is_null(values[0]) || is_null(values[1])) return false;
    *pattern = bytes_of(values[0], true, &pattern_len);
    *text = bytes_of(values[1], true, &len);
    if (pattern_len > (size_t)most) {
        sqlite3_result_error(c, "LIKE or GLOB pattern too complex", -1);
        return false;
    }
    return charge(c, (pattern_len + 1) * (len + 1));
}

static void like_function(sqlite3_context *c, int count, sqlite3_value **values) {
    const char *pattern, *text, *escape = NULL;
    if (count == 3) {
        escape = (const char *)sqlite3_value_text(values[2]);
        if (!escape) return; /* NULL */
        if (strlen(escape) != 1 || *escape == '%' || *escape == '_') {
            sqlite3_result_error(
                c, "ESCAPE expression must be a single character, and not % or _ here", -1);
            return;
        }
    }
    if (!read_match(c, values, &pattern, &text)) return;
    sqlite3_result_int(c, sqlite3_strlike(pattern, text, escape ? (unsigned char)*escape : 0) == 0);
}

static void glob_function(sqlite3_context *c, int count, sqlite3_value **values) {
    const char *pattern, *text;
    (void)count;
    if (read_match(c, values, &pattern, &text))
        sqlite3_result_int(c, sqlite3_strglob(pattern, text) == 0);
}

/* ---- strftime ------------------------------------------------------------------------------- */
/* Calls SQLite's own strftime(), which a function of the same name hides: on a second connection
 * that has none. */
#define ARGUMENTS_MAX 64 /* as in tables_harden */
struct dates {
    struct function_work *work;
    sqlite3 *db;
    sqlite3_stmt *q;
    int arguments; /* of q */
};

static void free_dates(void *arg) {
    struct dates *d = arg;
    sqlite3_finalize(d->q);
    sqlite3_close(d->db);
    free(d);
}

static bool ready(struct dates *d, int count) {
    char sql[200], marks[2 * ARGUMENTS_MAX];
    if (d->q && d->arguments == count) return true;
    sqlite3_finalize(d->q);
    d->q = NULL;
    if (!d->db && sqlite3_open(":memory:", &d->db) != SQLITE_OK) return false;
    for (int i = 0; i < count; i++) {
        marks[2 * i] = '?';
        marks[2 * i + 1] = ',';
    }
    snprintf(sql, sizeof sql, "SELECT strftime(%.*s)", count ? 2 * count - 1 : 0, marks);
    d->arguments = count;
    return sqlite3_prepare_v2(d->db, sql, -1, &d->q, NULL) == SQLITE_OK;
}

static void strftime_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct dates *d = sqlite3_user_data(c);
    size_t len = 0;
    for (int i = 0; i < count; i++) len += (size_t)sqlite3_value_bytes(values[i]);
    if (len > FUNCTION_FORMAT_BYTES || count > ARGUMENTS_MAX) {
        sqlite3_result_error(c, "what strftime() is given is 200 bytes at most here", -1);
        return;
    }
    if (!function_charge(c, d->work, 1000 + len * 100)) return;
    if (!ready(d, count)) {
        sqlite3_result_error_nomem(c);
        return;
    }
    for (int i = 0; i < count; i++) sqlite3_bind_value(d->q, i + 1, values[i]);
    int rc = sqlite3_step(d->q);
    if (rc == SQLITE_ROW) sqlite3_result_value(c, sqlite3_column_value(d->q, 0));
    else sqlite3_result_error(c, sqlite3_errmsg(d->db), -1);
    sqlite3_reset(d->q);
    sqlite3_clear_bindings(d->q);
}

bool text_functions_register(sqlite3 *db, struct function_work *work) {
    static const struct {
        const char *name;
        int arguments;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } all[] = {
        {"instr", 2, instr_function}, {"replace", 3, replace_function}, {"like", 2, like_function},
        {"like", 3, like_function},   {"glob", 2, glob_function},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sqlite3_create_function_v2(db, all[i].name, all[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, work,
                                       all[i].run, NULL, NULL, NULL) != SQLITE_OK)
            return false;
    struct dates *d = calloc(1, sizeof *d);
    if (!d) return false;
    d->work = work;
    /* Frees `d` also when it fails. */
    return sqlite3_create_function_v2(db, "strftime", -1, SQLITE_UTF8 | SQLITE_INNOCUOUS, d,
                                      strftime_function, NULL, NULL, free_dates) == SQLITE_OK;
}
