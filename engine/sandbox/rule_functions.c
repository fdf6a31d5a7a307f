/* SQL functions for the expressions of kinds and connectors. Learners do not have them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

#include "sandbox/functions.h"

static bool charge(sqlite3_context *c, size_t bytes) {
    return function_charge(c, sqlite3_user_data(c), bytes);
}

static const char *text_of(sqlite3_context *c, sqlite3_value *v, size_t *len) {
    const char *text = (const char *)sqlite3_value_text(v);
    *len = text ? (size_t)sqlite3_value_bytes(v) : 0;
    return text && charge(c, *len + FUNCTION_OPERATION_BYTES) ? text : NULL;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Of sqlite3_malloc; NULL: the answer is given already, or NULL. */
static char *tidied(sqlite3_context *c, sqlite3_value *value, size_t *len) {
    const char *text = text_of(c, value, len);
    if (!text) return NULL;
    while (*len && is_blank(*text)) text++, --*len;
    while (*len && is_blank(text[*len - 1])) --*len;
    char *out = sqlite3_malloc64(*len + 1);
    if (!out) {
        sqlite3_result_error_nomem(c);
        return NULL;
    }
    for (size_t i = 0; i < *len; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    return out;
}

/* tidy(text): without white space around it, A to Z in small letters. */
static void tidy_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    size_t len;
    char *out = tidied(c, values[0], &len);
    if (out) sqlite3_result_text(c, out, (int)len, sqlite3_free);
}

/* digits(text): its digits only. */
static void digits_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    size_t len, n = 0;
    const char *text = text_of(c, values[0], &len);
    if (!text) return; /* NULL */
    char *out = sqlite3_malloc64(len + 1);
    if (!out) {
        sqlite3_result_error_nomem(c);
        return;
    }
    for (size_t i = 0; i < len; i++)
        if (text[i] >= '0' && text[i] <= '9') out[n++] = text[i];
    sqlite3_result_text(c, out, (int)n, sqlite3_free);
}

/* fingerprint(text): the SHA-256 of what tidy() makes of it, in hexadecimal digits. */
static void fingerprint_function(sqlite3_context *c, int count, sqlite3_value **values) {
    unsigned char hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    (void)count;
    size_t len;
    char *tidy = tidied(c, values[0], &len);
    if (!tidy) return;
    sha256(tidy, len, hash);
    sqlite3_free(tidy);
    for (size_t i = 0; i < sizeof hash; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    sqlite3_result_text(c, hex, -1, SQLITE_TRANSIENT);
}

/* filled(a, b, …): how many are neither NULL nor empty. */
static void filled_function(sqlite3_context *c, int count, sqlite3_value **values) {
    int n = 0;
    for (int i = 0; i < count; i++)
        n += sqlite3_value_type(values[i]) != SQLITE_NULL && sqlite3_value_bytes(values[i]) > 0;
    if (charge(c, (size_t)count * FUNCTION_OPERATION_BYTES)) sqlite3_result_int(c, n);
}

/* local_minute(ms, zone): the minute of the day, 0 to 1439, where clocks are `zone` minutes ahead
 * of UTC. local_day(ms, zone): the day of the week, 1 = Monday to 7. */
static int64_t local_minutes(sqlite3_value **values) {
    int64_t ms = sqlite3_value_int64(values[0]), minutes = ms / 60000 - (ms % 60000 < 0);
    int64_t zone = sqlite3_value_int64(values[1]);
    return minutes + (zone > -1440 && zone < 1440 ? zone : 0);
}

static int64_t floor_mod(int64_t n, int64_t by) { return (n % by + by) % by; }

static void local_minute_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    sqlite3_result_int64(c, floor_mod(local_minutes(values), 1440));
}

static void local_day_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    int64_t minutes = local_minutes(values), day = (minutes - floor_mod(minutes, 1440)) / 1440;
    sqlite3_result_int64(c, floor_mod(day + 3, 7) + 1); /* 1970-01-01 was a Thursday */
}

bool rule_functions_register(sqlite3 *db, struct function_work *work) {
    static const struct {
        const char *name;
        int arguments;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } all[] = {
        {"tidy", 1, tidy_function},
        {"digits", 1, digits_function},
        {"fingerprint", 1, fingerprint_function},
        {"filled", -1, filled_function},
        {"local_minute", 2, local_minute_function},
        {"local_day", 2, local_day_function},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sqlite3_create_function_v2(db, all[i].name, all[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, work,
                                       all[i].run, NULL, NULL, NULL) != SQLITE_OK)
            return false;
    return true;
}
