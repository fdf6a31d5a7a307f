/* Tables as spreadsheets and other systems write them: CSV as RFC 4180 describes it, with commas,
 * semicolons, tabs or bars, with \n or \r\n, in UTF-8 or UTF-16. Pure. */
#include <string.h>

#include "account/account_import.h"
#include "base/name.h"
#include "base/text.h"

#define CSV_CELLS 64

struct scanner {
    struct arena *arena;
    const char *at, *end;
    int line;
    char separator;
};

/* ---- Bytes to UTF-8 ------------------------------------------------------------------------- */

static void put_character(struct buf *b, uint32_t c) {
    if (c < 0x80) buf_putc(b, (char)c);
    else if (c < 0x800) {
        buf_putc(b, (char)(0xC0 | c >> 6));
        buf_putc(b, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_putc(b, (char)(0xE0 | c >> 12));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_putc(b, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_putc(b, (char)(0xF0 | c >> 18));
        buf_putc(b, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_putc(b, (char)(0x80 | (c & 0x3F)));
    }
}

/* Half of a surrogate pair stays one, as three bytes that are no UTF-8: the row that holds it is
 * refused by its name. */
static void from_utf16(const unsigned char *bytes, size_t len, bool big, struct buf *out) {
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t c = (uint32_t)(big ? bytes[i] << 8 | bytes[i + 1] : bytes[i + 1] << 8 | bytes[i]);
        if (c >= 0xD800 && c <= 0xDBFF && i + 3 < len) {
            uint32_t low = (uint32_t)(big ? bytes[i + 2] << 8 | bytes[i + 3]
                                          : bytes[i + 3] << 8 | bytes[i + 2]);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        put_character(out, c);
    }
    if (len % 2) put_character(out, 0xFFFE); /* cut in the middle of a character */
}

const char *csv_text(struct arena *a, const void *bytes, size_t len, size_t *text_len,
                     const char **problem) {
    const unsigned char *s = bytes;
    struct buf b;
    *problem = NULL;
    buf_init(&b, a);
    bool little = len >= 2 && s[0] == 0xFF && s[1] == 0xFE,
         big = len >= 2 && s[0] == 0xFE && s[1] == 0xFF;
    if (len >= 4 && memcmp(s, "PK\x03\x04", 4) == 0) *problem = "import_workbook";
    else if (little || big) from_utf16(s + 2, len - 2, big, &b);
    else {
        size_t mark = len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        buf_add(&b, s + mark, len - mark);
    }
    const char *text = buf_text(&b);
    *text_len = b.len;
    if (!*problem && memchr(text, '\0', b.len)) *problem = "import_not_text";
    return *problem ? NULL : text;
}

/* ---- Cells ---------------------------------------------------------------------------------- */

static bool ends_cell(const struct scanner *s) {
    return s->at >= s->end || *s->at == s->separator || *s->at == '\n' || *s->at == '\r';
}

/* Reads one cell; the key of what is wrong when it is none. */
static const char *cell(struct scanner *s, const char **out) {
    struct buf b;
    buf_init(&b, s->arena);
    if (s->at < s->end && *s->at == '"') {
        for (s->at++;;) {
            if (s->at >= s->end) return "import_quote_open";
            if (*s->at == '"') {
                if (s->at + 1 < s->end && s->at[1] == '"') s->at++;
                else break;
            }
            s->line += *s->at == '\n';
            buf_putc(&b, *s->at++);
        }
        s->at++;
        if (!ends_cell(s)) return "import_quote_inside";
    } else {
        const char *from = s->at;
        while (!ends_cell(s)) s->at++;
        buf_add(&b, from, (size_t)(s->at - from));
    }
    *out = buf_text(&b);
    return NULL;
}

static const char *cells(struct scanner *s, struct csv_row *row) {
    for (;;) {
        if (row->count == CSV_CELLS) return "import_wide";
        row->cells = list_more(s->arena, row->cells, row->count, sizeof *row->cells);
        const char *problem = cell(s, &row->cells[row->count]);
        if (problem) return problem;
        if (!utf8_valid(row->cells[row->count], strlen(row->cells[row->count]))) {
            row->broken = row->cells[row->count];
            return "import_bytes";
        }
        row->count++;
        if (s->at >= s->end || *s->at != s->separator) return NULL;
        s->at++;
    }
}

static void end_line(struct scanner *s) {
    if (s->at < s->end && *s->at == '\r') s->at++;
    if (s->at < s->end && *s->at == '\n') s->at++;
    s->line++;
}

/* The separator of the first row that stands most often outside of quotes; a comma when none does.
 */
static char guess_separator(const char *text, const char *end) {
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates - 1] = {0}, best = 0;
    bool quoted = false;
    for (const char *p = text; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        if (*p == '"') quoted = !quoted;
        const char *found = quoted ? NULL : strchr(candidates, *p);
        if (found && *found) counts[found - candidates]++;
    }
    for (size_t i = 1; i < COUNT_OF(counts); i++)
        if (counts[i] > counts[best]) best = i;
    return candidates[best];
}

/* A first line "sep=;" is how spreadsheets tell each other the separator. */
static void read_separator(struct scanner *s) {
    const char *p = s->at;
    size_t left = (size_t)(s->end - p);
    bool quoted = left > 0 && *p == '"';
    p += quoted;
    left -= quoted;
    s->separator = guess_separator(s->at, s->end);
    if (left < 5 || strncasecmp(p, "sep=", 4) != 0) return;
    const char *after = p + 5;
    if (quoted && after < s->end && *after == '"') after++;
    if (after < s->end && *after != '\n' && *after != '\r') return;
    s->separator = p[4];
    s->at = after;
    end_line(s);
}

enum err csv_parse(struct arena *a, const char *text, size_t len, size_t row_limit,
                   struct csv_row **rows, size_t *count) {
    struct scanner s = {a, text, text + len, 1, ','};
    struct csv_row *list = NULL;
    size_t n = 0;
    read_separator(&s);
    while (s.at < s.end) {
        struct csv_row row = {.line = s.line};
        const char *begin = s.at;
        row.problem = cells(&s, &row);
        if (row.problem) {
            /* Where this one ends nobody knows; the others shall be heard of all the same. */
            s.at = begin;
            s.line = row.line;
            while (s.at < s.end && *s.at != '\n' && *s.at != '\r') s.at++;
        }
        end_line(&s);
        bool empty = !row.problem;
        for (size_t i = 0; empty && i < row.count; i++) empty = !*str_trim(a, row.cells[i]);
        if (empty) continue;
        if (n == row_limit) return ERR_LIMIT;
        list = list_more(a, list, n, sizeof *list);
        list[n++] = row;
    }
    *rows = list;
    *count = n;
    return OK;
}
