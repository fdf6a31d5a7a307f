/* Tables of scenarios: CSV (base/csv.h) with commas, in UTF-8, with a header. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_pack.h"

#define FAULTS_MAX 100 /* that are told of one file */

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

/* What a short row means nobody knows: its key, which comes first, may be asked for. */
static void fill_up(struct csv_row *row, int columns, struct arena *a) {
    const char **cells = NEW_ARRAY(a, const char *, (size_t)columns);
    struct csv_place *places = NEW_ARRAY(a, struct csv_place, (size_t)columns);
    for (int i = 0; i < columns; i++) {
        bool given = (size_t)i < row->count;
        cells[i] = given ? row->cells[i] : "";
        places[i] = row->places[given ? (size_t)i : row->count - 1];
    }
    row->cells = cells;
    row->places = places;
}

static void add_row(struct lab_csv *out, const struct csv_row *row, bool cut, struct arena *a) {
    size_t n = (size_t)out->row_count++;
    out->rows = list_more(a, out->rows, n, sizeof *out->rows);
    out->lines = list_more(a, out->lines, n, sizeof *out->lines);
    out->places = list_more(a, out->places, n, sizeof *out->places);
    out->cut = list_more(a, out->cut, n, sizeof *out->cut);
    out->rows[n] = row->cells;
    out->lines[n] = row->line;
    out->places[n] = row->places;
    out->cut[n] = cut;
}

bool lab_csv_read(struct lab_csv *out, const char *file, const char *text, size_t len,
                  struct arena *a, struct diag_list *diags) {
    struct csv csv;
    struct csv_row row;
    enum csv_encoding encoding;
    bool whole = true; /* each row that is read is */
    int faults = 0;
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
            whole = false;
            if (!out->header || ++faults == FAULTS_MAX) return false;
            continue;
        }
        if (!out->header) {
            out->columns = (int)row.count;
            out->header = row.cells;
            out->header_places = row.places;
            continue;
        }
        if (out->row_count == LAB_ROWS_MAX) {
            diag_add(diags, SEVERITY_ERROR, file, row.line, 1, "csv",
                     "A file has %d rows at most; this is one more.", LAB_ROWS_MAX);
            return false;
        }
        bool cut = (int)row.count < out->columns;
        if ((int)row.count != out->columns)
            diag_add(diags, SEVERITY_ERROR, file, row.line, 1, "csv",
                     "The row has %d cells, the header has %d.", (int)row.count, out->columns);
        if (cut) fill_up(&row, out->columns, a);
        add_row(out, &row, cut, a);
    }
    if (!out->header)
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "csv", "The file has no header row.");
    return whole && out->header != NULL;
}
