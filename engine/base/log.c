/* Log lines, built on the stack so that logging works when memory does not. */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define TAIL 4 /* room for '"', '}', newline and NUL */

static enum log_level threshold = LOG_INFO;

void log_threshold(enum log_level level) { threshold = level; }

static void raw(struct log_line *l, const char *text, size_t len) {
    if (len > sizeof l->text - TAIL - l->len) len = sizeof l->text - TAIL - l->len;
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

/* How many bytes from `i` on need no escape: printable ASCII without quote and backslash. */
static size_t plain_run(const char *value, size_t i, size_t n) {
    size_t from = i;
    while (i < n && value[i] >= 0x20 && value[i] != 0x7f && value[i] != '"' && value[i] != '\\')
        i++;
    return i - from;
}

static void quoted(struct log_line *l, const char *value) {
    size_t room = sizeof l->text - TAIL - l->len, n = strlen(value);
    if (room < 8) return;
    raw(l, "\"", 1);
    for (size_t i = 0; i < n;) {
        char escape[8];
        const char *put = value + i;
        size_t step = plain_run(value, i, n), put_len, left = sizeof l->text - TAIL - l->len - 1;
        unsigned char c = (unsigned char)value[i];
        if (step > left) step = left; /* what is plain can be cut anywhere */
        if (step) put_len = step;
        else if ((step = utf8_length_at(value + i, n - i)) == 0) {
            put = escape;
            put_len = (size_t)snprintf(escape, sizeof escape, "\\ufffd");
            step = 1;
        } else if (c == '"' || c == '\\') {
            put = escape;
            put_len = (size_t)snprintf(escape, sizeof escape, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            put = escape;
            put_len = (size_t)snprintf(escape, sizeof escape, "\\u%04x", c);
        } else put_len = step;
        /* Never cut inside an escape or a character. */
        if (put_len > left) break;
        raw(l, put, put_len);
        i += step;
    }
    raw(l, "\"", 1);
}

static bool key(struct log_line *l, const char *name) {
    /* A key enters only when a short value would fit behind it. */
    if (l->len + strlen(name) + 40 > sizeof l->text - TAIL) return false;
    if (l->len > 1) raw(l, ",", 1);
    quoted(l, name);
    raw(l, ":", 1);
    return true;
}

/* Each thread caches the text of the second that it wrote last. */
static void time_now(char *out, size_t size) {
    static _Thread_local time_t second;
    static _Thread_local char text[24];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != second || !text[0]) {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        second = now.tv_sec;
    }
    snprintf(out, size, "%s.%03dZ", text, (int)(now.tv_nsec / 1000000));
}

void log_begin(struct log_line *l, enum log_level level, const char *event) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    l->len = 0;
    l->level = level;
    raw(l, "{", 1);
    char when[32];
    time_now(when, sizeof when);
    log_text(l, "time", when);
    log_text(l, "level", names[level]);
    log_text(l, "event", event);
}

void log_text(struct log_line *l, const char *name, const char *value) {
    if (!key(l, name)) return;
    if (value) quoted(l, value);
    else raw(l, "null", 4);
}

void log_int(struct log_line *l, const char *name, int64_t value) {
    if (!key(l, name)) return;
    char digits[24];
    raw(l, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, value));
}

void log_end(struct log_line *l) {
    if (l->level < threshold) return;
    memcpy(l->text + l->len, "}\n", 2);
    ssize_t ignored = write(STDERR_FILENO, l->text, l->len + 2);
    (void)ignored;
}

void log_say(enum log_level level, const char *event, const char *format, ...) {
    char sentence[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    struct log_line l;
    log_begin(&l, level, event);
    log_text(&l, "message", sentence);
    log_end(&l);
}
