/* Tables of scenarios: CSV (base/csv.h) with commas, in UTF-8, with a header. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_pack.h"

#define ROWS_MAX 20000

int lab_csv_column(const struct lab_csv *c, const char *name) {
    for (int i = 0; i < c->columns; i++)
        if (str_eq(c->header[i], name)) return i;
    return -1;
}

/* A sentence about files as spreadsheets and editors save them in forms that are not read here;
 * NULL: it is none of these. */
static const char *not_ours(const char *text, size_t len, enum csv_encoding encoding) {
    if (encoding != CSV_UTF8) return "The file is UTF-16. Save it as “CSV UTF-8”.";
    if (!utf8_valid(text, len))
        return "The file is not valid UTF-8; it was saved in another encoding. Save it as “CSV "
               "UTF-8”.";
    size_t header = 0;
    while (header < len && text[header] != '\n' && text[header] != '\r') header++;
    if (!memchr(text, ',', header) && memchr(text, ';', header))
        return "The cells are set apart by semicolons. Save the file with commas.";
    if (!memchr(text, ',', header) && memchr(text, '\t', header))
        return "The cells are set apart by tabs. Save the file with commas.";
    return NULL;
}

static const char *fault_words(struct arena *a, enum csv_fault fault) {
    switch (fault) {
    case CSV_WIDE: return arena_printf(a, "The row has more than %d cells.", CSV_CELLS);
    case CSV_QUOTE_OPEN: return "A quote does not end.";
    case CSV_QUOTE_INSIDE: return "A quoted cell goes on behind its end: double a quote within it.";
    case CSV_FINE:
    case CSV_WORKBOOK:
    case CSV_NOT_TEXT:
    case CSV_BYTES: break; /* the text has been looked at before */
    }
    BUG("an unknown fault of a table");
}

static void add_row(struct lab_csv *out, const struct csv_row *row, struct arena *a) {
    size_t n = (size_t)out->row_count++;
    out->rows = list_more(a, out->rows, n, sizeof *out->rows);
    out->lines = list_more(a, out->lines, n, sizeof *out->lines);
    out->places = list_more(a, out->places, n, sizeof *out->places);
    out->rows[n] = row->cells;
    out->lines[n] = row->line;
    out->places[n] = row->places;
}

bool lab_csv_read(struct lab_csv *out, const char *file, const char *text, size_t len,
                  struct arena *a, struct diag_list *diags) {
    struct csv csv;
    struct csv_row row;
    enum csv_encoding encoding;
    memset(out, 0, sizeof *out);
    size_t mark = csv_mark(text, len,
                           &encoding); /* the byte order mark, with which spreadsheets begin */
    const char *odd = not_ours(text + mark, len - mark, encoding);
    if (odd) {
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "csv", "%s", odd);
        return false;
    }
    csv_begin(&csv, a, text + mark, len - mark, ',');
    while (csv_next(&csv, &row)) {
        if (row.fault) {
            diag_add(diags, SEVERITY_ERROR, file, row.at.line, row.at.column, "csv", "%s",
                     fault_words(a, row.fault));
            return false;
        }
        if (!out->header) {
            out->columns = (int)row.count;
            out->header = row.cells;
            continue;
        }
        if (out->row_count == ROWS_MAX) {
            diag_add(diags, SEVERITY_ERROR, file, row.line, 1, "csv", "A file has %d rows at most.",
                     ROWS_MAX);
            return false;
        }
        if ((int)row.count != out->columns) {
            diag_add(diags, SEVERITY_ERROR, file, row.line, 1, "csv",
                     "The row has %d cells, the header has %d.", (int)row.count, out->columns);
            /* Cells beyond the header are left out, so that the file's other faults are found, too.
             */
            if ((int)row.count < out->columns) return false;
        }
        add_row(out, &row, a);
    }
    if (!out->header)
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "csv", "The file has no header row.");
    return out->header != NULL;
}
