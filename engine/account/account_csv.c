/* CSV as RFC 4180 describes it, with \n or \r\n. Pure. */
#include <string.h>

#include "account/account_private.h"
#include "base/text.h"

#define CSV_CELLS 64

struct scanner {
    struct arena *arena;
    const char *at, *end;
    int line;
};

static bool ends_cell(const struct scanner *s) {
    return s->at >= s->end || *s->at == ',' || *s->at == '\n' || *s->at == '\r';
}

/* Reads one cell; a sentence when it is none. */
static const char *cell(struct scanner *s, const char **out) {
    struct buf b;
    buf_init(&b, s->arena);
    if (s->at < s->end && *s->at == '"') {
        for (s->at++;;) {
            if (s->at >= s->end) return "a quoted cell does not end";
            if (*s->at == '"') {
                if (s->at + 1 < s->end && s->at[1] == '"') s->at++;
                else break;
            }
            s->line += *s->at == '\n';
            buf_putc(&b, *s->at++);
        }
        s->at++;
        if (!ends_cell(s))
            return "a quoted cell does not end, or holds a quote that is not doubled";
    } else {
        while (!ends_cell(s)) buf_putc(&b, *s->at++);
    }
    *out = buf_text(&b);
    return utf8_valid(*out, b.len) ? NULL : "a cell holds bytes that are not UTF-8";
}

static const char *cells(struct scanner *s, struct csv_row *row) {
    for (;;) {
        if (row->count == CSV_CELLS) return "the row has more cells than this takes";
        const char *problem = cell(s, &row->cells[row->count]);
        if (problem) return problem;
        row->count++;
        if (s->at >= s->end || *s->at != ',') return NULL;
        s->at++;
    }
}

static void end_line(struct scanner *s) {
    if (s->at < s->end && *s->at == '\r') s->at++;
    if (s->at < s->end && *s->at == '\n') s->at++;
    s->line++;
}

enum err csv_parse(struct arena *a, const char *text, size_t len, struct csv_row **rows,
                   size_t *count) {
    struct scanner s = {a, text, text + len, 1};
    struct csv_row *list = NULL;
    size_t n = 0;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) s.at += 3;
    while (s.at < s.end) {
        struct csv_row row = {.cells = NEW_ARRAY(a, const char *, CSV_CELLS), .line = s.line};
        const char *begin = s.at;
        row.problem = cells(&s, &row);
        if (row.problem) {
            /* Where this one ends nobody knows; the others shall be heard of all the same. */
            s.at = begin;
            s.line = row.line;
            while (s.at < s.end && *s.at != '\n' && *s.at != '\r') s.at++;
        }
        end_line(&s);
        if (!row.problem && row.count == 1 && !*row.cells[0]) continue; /* an empty line */
        if (n == CSV_ROWS) return ERR_LIMIT;
        list = list_more(a, list, n, sizeof *list);
        list[n++] = row;
    }
    *rows = list;
    *count = n;
    return OK;
}
