/* Comma-separated values as RFC 4180 has them, UTF-8, with a header. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_pack.h"

#define COLUMNS_MAX 64
#define ROWS_MAX 20000

struct reader {
    const char *p, *end, *line_start;
    int line;
    struct arena *a;
};

/* One cell; *last says whether the record ends behind it. NULL when a quote never ends. */
static char *cell(struct reader *r, bool *last) {
    struct buf b;
    buf_init(&b, r->a);
    if (r->p < r->end && *r->p == '"') {
        r->p++;
        for (;; r->p++) {
            if (r->p >= r->end) return NULL;
            if (*r->p == '"') {
                if (r->p + 1 < r->end && r->p[1] == '"') r->p++;
                else break;
            }
            if (*r->p == '\n') {
                r->line++;
                r->line_start = r->p + 1;
            }
            buf_putc(&b, *r->p);
        }
        r->p++;
    } else {
        const char *start = r->p;
        while (r->p < r->end && *r->p != ',' && *r->p != '\n' && *r->p != '\r') r->p++;
        buf_add(&b, start, (size_t)(r->p - start));
    }
    *last = r->p >= r->end || *r->p != ',';
    if (!*last) r->p++;
    else {
        if (r->p < r->end && *r->p == '\r') r->p++;
        if (r->p < r->end && *r->p == '\n') r->p++;
        r->line_start = r->p;
    }
    return arena_dup(r->a, buf_text(&b));
}

static int place(const struct reader *r) {
    int column = 1;
    for (const char *p = r->line_start; p < r->p; p++) column += ((unsigned char)*p & 0xc0) != 0x80;
    return column;
}

static int record(struct reader *r, char **cells, int *places, bool *broken) {
    int count = 0;
    for (bool last = false; !last;) {
        if (count < COLUMNS_MAX) places[count] = place(r);
        char *c = cell(r, &last);
        if (!c || count == COLUMNS_MAX) {
            *broken = true;
            return 0;
        }
        cells[count++] = c;
    }
    return count;
}

int lab_csv_column(const struct lab_csv *c, const char *name) {
    for (int i = 0; i < c->columns; i++)
        if (str_eq(c->header[i], name)) return i;
    return -1;
}

/* What spreadsheets and editors write that is not meant here, told by its cause. */
static const char *not_ours(const char *text, size_t len) {
    bool utf16 = len >= 2 && ((text[0] == '\xff' && text[1] == '\xfe') ||
                              (text[0] == '\xfe' && text[1] == '\xff'));
    if (utf16) return "The file is UTF-16. Save it as “CSV UTF-8”.";
    if (!utf8_valid(text, len))
        return "The file is not valid UTF-8; it was saved in another encoding. Save it as “CSV UTF-8”.";
    size_t header = 0;
    while (header < len && text[header] != '\n' && text[header] != '\r') header++;
    if (!memchr(text, ',', header) && memchr(text, ';', header))
        return "The cells are set apart by semicolons. Save the file with commas.";
    if (!memchr(text, ',', header) && memchr(text, '\t', header))
        return "The cells are set apart by tabs. Save the file with commas.";
    return NULL;
}

bool lab_csv_read(struct lab_csv *out, const char *file, const char *text, size_t len,
                  struct arena *a, struct diag_list *diags) {
    memset(out, 0, sizeof *out);
    if (len >= 3 &&
        memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* the mark that spreadsheets begin with */
        text += 3;
        len -= 3;
    }
    const char *odd = not_ours(text, len);
    if (odd) {
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "csv", "%s", odd);
        return false;
    }
    struct reader r = {text, text + len, text, 1, a};
    char *cells[COLUMNS_MAX];
    int places[COLUMNS_MAX];
    bool broken = false;
    int rows_cap = 0;
    while (r.p < r.end) {
        int line = r.line;
        int count = record(&r, cells, places, &broken);
        if (broken) {
            diag_add(diags, SEVERITY_ERROR, file, line, 1, "csv",
                     "A quote does not end, or the row has more than %d cells.", COLUMNS_MAX);
            return false;
        }
        r.line++;
        if (!out->header) {
            out->columns = count;
            out->header = NEW_ARRAY(a, char *, (size_t)count);
            memcpy(out->header, cells, sizeof(char *) * (size_t)count);
            continue;
        }
        if (out->row_count == ROWS_MAX) {
            diag_add(diags, SEVERITY_ERROR, file, line, 1, "csv", "A file has %d rows at most.",
                     ROWS_MAX);
            return false;
        }
        if (count != out->columns) {
            diag_add(diags, SEVERITY_ERROR, file, line, 1, "csv",
                     "The row has %d cells, the header has %d.", count, out->columns);
            /* What is too much is left away, so that the file's other faults are found, too. */
            if (count < out->columns) return false;
            count = out->columns;
        }
        if (out->row_count == rows_cap) {
            int cap = rows_cap ? rows_cap * 2 : 64;
            out->rows = arena_grow(a, out->rows, sizeof(char **) * (size_t)rows_cap,
                                   sizeof(char **) * (size_t)cap);
            out->lines = arena_grow(a, out->lines, sizeof(int) * (size_t)rows_cap,
                                    sizeof(int) * (size_t)cap);
            out->places = arena_grow(a, out->places, sizeof(int *) * (size_t)rows_cap,
                                     sizeof(int *) * (size_t)cap);
            rows_cap = cap;
        }
        char **row = NEW_ARRAY(a, char *, (size_t)count);
        memcpy(row, cells, sizeof(char *) * (size_t)count);
        int *at = NEW_ARRAY(a, int, (size_t)count);
        memcpy(at, places, sizeof(int) * (size_t)count);
        out->places[out->row_count] = at;
        out->lines[out->row_count] = line;
        out->rows[out->row_count++] = row;
    }
    if (!out->header)
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "csv", "The file has no header row.");
    return out->header != NULL;
}
