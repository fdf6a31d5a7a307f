/* The log: one JSON object a line on standard error. Never log secrets, tokens, passwords,
 * responses.
 *
 *     struct log_line l;
 *     log_begin(&l, LOG_INFO, "backup");
 *     log_text(&l, "file", path);
 *     log_end(&l);
 */
#ifndef GR_BASE_LOG_H
#define GR_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_line {
    char text[4096]; /* what does not fit is cut off; the line stays valid JSON */
    size_t len;
    enum log_level level;
};

/* Lines below this level are dropped. LOG_INFO at start. */
void log_threshold(enum log_level level);
void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_text(struct log_line *l, const char *key, const char *value); /* NULL is written as null */
void log_int(struct log_line *l, const char *key, int64_t value);
void log_end(struct log_line *l); /* one write(2) */
/* The common case: an event and a sentence. */
void log_say(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
