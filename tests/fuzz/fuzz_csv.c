/* Tables that somebody uploads. Whatever the bytes are: rows end, cells are text, places go
 * forward, and what was read is read again when it is written with quotes. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/csv.h"
#include "base/text.h"

static void write_row(struct buf *b, const struct csv_row *row) {
    for (size_t i = 0; i < row->count; i++) {
        buf_puts(b, i ? ",\"" : "\"");
        for (const char *p = row->cells[i]; *p; p++) {
            if (*p == '"') buf_putc(b, '"');
            buf_putc(b, *p);
        }
        buf_putc(b, '"');
    }
    buf_putc(b, '\n');
}

static void read_again(struct arena *a, const struct csv_row *row) {
    struct buf b;
    struct csv c;
    struct csv_row again;
    buf_init(&b, a);
    write_row(&b, row);
    csv_begin(&c, a, buf_text(&b), b.len, ',');
    BUG_IF(!csv_next(&c, &again) || again.fault || again.count != row->count);
    for (size_t i = 0; i < row->count; i++) BUG_IF(!str_eq(row->cells[i], again.cells[i]));
    BUG_IF(csv_next(&c, &again));
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct csv c;
    struct csv_row row;
    enum csv_fault fault;
    size_t len;
    int line = 0;
    const char *text = csv_text(a, data, size, &len, &fault);
    BUG_IF(!text != (fault != CSV_FINE));
    if (!text) return;
    BUG_IF(strlen(text) != len);
    csv_begin_any(&c, a, text, len);
    while (csv_next(&c, &row)) {
        BUG_IF(row.line <= line || row.count > CSV_CELLS || (!row.fault && row.count == 0));
        BUG_IF((row.fault == CSV_BYTES) != (row.broken != NULL));
        BUG_IF(row.fault && (row.at.line < row.line || row.at.column < 1));
        line = row.line;
        for (size_t i = 0; i < row.count; i++) {
            BUG_IF(!utf8_valid(row.cells[i], strlen(row.cells[i])));
            BUG_IF(row.places[i].line < line || row.places[i].column < 1);
        }
        if (!row.fault) read_again(a, &row);
    }
}
