/* CSV as RFC 4180 describes it, with \n or \r\n. Pure. */
#include <string.h>

#include "account/account_private.h"

#define CSV_ROWS 100000
#define CSV_CELLS 64

struct scanner {
    struct arena *arena;
    const char *at, *end;
    int line;
};

/* Reads one cell; false when a quote does not close. */
static bool cell(struct scanner *s, const char **out) {
    struct buf b;
    buf_init(&b, s->arena);
    if (s->at < s->end && *s->at == '"') {
        for (s->at++;;) {
            if (s->at >= s->end) return false;
            if (*s->at == '"') {
                if (s->at + 1 < s->end && s->at[1] == '"') s->at++;
                else break;
            }
            s->line += *s->at == '\n';
            buf_putc(&b, *s->at++);
        }
        s->at++;
        if (s->at < s->end && *s->at != ',' && *s->at != '\n' && *s->at != '\r') return false;
    } else {
        while (s->at < s->end && *s->at != ',' && *s->at != '\n' && *s->at != '\r')
            buf_putc(&b, *s->at++);
    }
    *out = buf_text(&b);
    return true;
}

enum err csv_parse(struct arena *a, const char *text, size_t len, struct csv_row **rows,
                   size_t *count, const char **why, int *line) {
    struct scanner s = {a, text, text + len, 1};
    struct csv_row *list = NULL;
    size_t n = 0;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) s.at += 3;
    while (s.at < s.end) {
        struct csv_row row = {.cells = NEW_ARRAY(a, const char *, CSV_CELLS), .line = s.line};
        for (;;) {
            if (row.count == CSV_CELLS || n == CSV_ROWS) {
                *why = "the file has more rows or columns than this takes";
                *line = s.line;
                return ERR_LIMIT;
            }
            if (!cell(&s, &row.cells[row.count++])) {
                *why = "a quoted cell does not end";
                *line = row.line;
                return ERR_INVALID;
            }
            if (s.at < s.end && *s.at == ',') {
                s.at++;
                continue;
            }
            break;
        }
        if (s.at < s.end && *s.at == '\r') s.at++;
        if (s.at < s.end && *s.at == '\n') s.at++;
        s.line++;
        if (row.count == 1 && !*row.cells[0]) continue; /* an empty line */
        list = list_more(a, list, n, sizeof *list);
        list[n++] = row;
    }
    *rows = list;
    *count = n;
    return OK;
}
