/* CSV as RFC 4180 describes it, with commas, semicolons, tabs or bars, with \n or \r\n, in UTF-8 or
 * UTF-16. */
#include "base/csv.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* ---- Bytes to UTF-8 ------------------------------------------------------------------------- */

size_t csv_mark(const void *bytes, size_t len, enum csv_encoding *encoding) {
    const unsigned char *s = bytes;
    bool little = len >= 2 && s[0] == 0xFF && s[1] == 0xFE,
         big = len >= 2 && s[0] == 0xFE && s[1] == 0xFF;
    *encoding = little ? CSV_UTF16_LITTLE : big ? CSV_UTF16_BIG : CSV_UTF8;
    if (*encoding != CSV_UTF8) return 2;
    return len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

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
        buf_character(out, c);
    }
    if (len % 2) buf_character(out, 0xFFFE); /* cut in the middle of a character */
}

const char *csv_text(struct arena *a, const void *bytes, size_t len, size_t *text_len,
                     enum csv_fault *fault) {
    struct buf b;
    enum csv_encoding encoding;
    size_t mark = csv_mark(bytes, len, &encoding);
    const unsigned char *s = (const unsigned char *)bytes + mark;
    *fault = CSV_FINE;
    buf_init(&b, a);
    if (len >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) *fault = CSV_WORKBOOK;
    else if (encoding == CSV_UTF8) buf_add(&b, s, len - mark);
    else from_utf16(s, len - mark, encoding == CSV_UTF16_BIG, &b);
    const char *text = buf_text(&b);
    *text_len = b.len;
    if (!*fault && memchr(text, '\0', b.len)) *fault = CSV_NOT_TEXT;
    return *fault ? NULL : text;
}

/* ---- Cells ---------------------------------------------------------------------------------- */

static bool ends_line(const struct csv *c) {
    return c->at >= c->end || *c->at == '\n' || *c->at == '\r';
}

static bool ends_cell(const struct csv *c) { return ends_line(c) || *c->at == c->separator; }

static struct csv_place place(struct csv *c) {
    for (; c->counted < c->at; c->counted++)
        c->column += ((unsigned char)*c->counted & 0xC0) != 0x80;
    return (struct csv_place){c->line, c->column};
}

/* `at` is where a line begins. */
static void new_line(struct csv *c) {
    c->line++;
    c->column = 1;
    c->counted = c->at;
}

/* After the opening quote, up to what follows the closing one. */
static enum csv_fault quoted(struct csv *c, const char **out) {
    struct buf b;
    buf_init(&b, c->arena);
    while (c->at < c->end) {
        char ch = *c->at++;
        if (ch == '"') {
            if (c->at >= c->end || *c->at != '"') {
                *out = buf_text(&b);
                return ends_cell(c) ? CSV_FINE : CSV_QUOTE_INSIDE;
            }
            c->at++;
        }
        buf_putc(&b, ch);
        if (ch == '\n') new_line(c);
    }
    return CSV_QUOTE_OPEN;
}

static enum csv_fault cell(struct csv *c, struct csv_place begin, struct csv_row *row) {
    const char *text;
    row->at = begin;
    if (row->count == CSV_CELLS) return CSV_WIDE;
    if (c->at < c->end && *c->at == '"') {
        c->at++;
        enum csv_fault fault = quoted(c, &text);
        if (fault == CSV_QUOTE_INSIDE) row->at = place(c);
        if (fault) return fault;
    } else {
        const char *from = c->at;
        while (!ends_cell(c)) c->at++;
        text = arena_copy(c->arena, from, (size_t)(c->at - from));
    }
    if (!utf8_valid(text, strlen(text))) {
        row->broken = text;
        return CSV_BYTES;
    }
    row->cells = list_more(c->arena, row->cells, row->count, sizeof *row->cells);
    row->places = list_more(c->arena, row->places, row->count, sizeof *row->places);
    row->cells[row->count] = text;
    row->places[row->count++] = begin;
    return CSV_FINE;
}

static enum csv_fault cells(struct csv *c, struct csv_row *row) {
    for (;; c->at++) {
        enum csv_fault fault = cell(c, place(c), row);
        if (fault) return fault;
        if (ends_line(c)) return CSV_FINE;
    }
}

static void end_line(struct csv *c) {
    if (c->at < c->end && *c->at == '\r') c->at++;
    if (c->at < c->end && *c->at == '\n') c->at++;
    new_line(c);
}

bool csv_next(struct csv *c, struct csv_row *row) {
    const char *begin = c->at;
    *row = (struct csv_row){.line = c->line};
    if (c->at >= c->end) return false;
    row->fault = cells(c, row);
    if (row->fault) {
        /* Where the faulty row ends is unknown: it goes on at the next line, so that later faults
         * are reported too. */
        c->at = begin;
        c->line = row->line;
        while (!ends_line(c)) c->at++;
    }
    end_line(c);
    return true;
}

bool csv_row_empty(const struct csv_row *row) {
    if (row->fault) return false;
    for (size_t i = 0; i < row->count; i++)
        if (row->cells[i][strspn(row->cells[i], " \t\n\v\f\r")]) return false;
    return true;
}

/* ---- Separators ----------------------------------------------------------------------------- */

void csv_begin(struct csv *c, struct arena *a, const char *text, size_t len, char separator) {
    *c = (struct csv){.arena = a,
                      .at = text,
                      .end = text + len,
                      .counted = text,
                      .line = 1,
                      .column = 1,
                      .separator = separator};
}

/* The candidate that occurs most often outside of quotes in the first row; a comma when none does.
 */
static char guess_separator(const char *text, const char *end) {
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates - 1] = {0}, best = 0;
    bool within = false;
    for (const char *p = text; p < end && (within || (*p != '\n' && *p != '\r')); p++) {
        if (*p == '"') within = !within;
        const char *found = within ? NULL : strchr(candidates, *p);
        if (found && *found) counts[found - candidates]++;
    }
    for (size_t i = 1; i < COUNT_OF(counts); i++)
        if (counts[i] > counts[best]) best = i;
    return candidates[best];
}

void csv_begin_any(struct csv *c, struct arena *a, const char *text, size_t len) {
    csv_begin(c, a, text, len, guess_separator(text, text + len));
    bool within = len > 0 && *text == '"';
    if (len - within < 5 || strncasecmp(text + within, "sep=", 4) != 0) return;
    const char *separator = text + within + 4, *after = separator + 1;
    if (within && after < c->end && *after == '"') after++;
    if (after < c->end && *after != '\n' && *after != '\r') return;
    c->separator = *separator;
    c->at = after;
    end_line(c);
}
