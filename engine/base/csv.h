/* Tables as spreadsheets and other programs write them: comma-separated values (RFC 4180), with the
 * usual deviations. Pure: it reads the given bytes once and in order.
 *
 * Rows end with \n, \r\n or \r. A cell in quotes may hold separators, ends of lines, and quotes
 * that are doubled; elsewhere a quote is an ordinary character. Blanks belong to their cell. A
 * faulty row is skipped up to the end of its first line, so that faults of later rows are found
 * too. Callers word each fault themselves. */
#ifndef GR_BASE_CSV_H
#define GR_BASE_CSV_H

#include "base/arena.h"

#define CSV_CELLS 256 /* of one row, at most */

enum csv_fault {
    CSV_FINE,
    /* Of the whole file. */
    CSV_WORKBOOK, /* a spreadsheet's own format (a ZIP archive) */
    CSV_NOT_TEXT, /* it holds NUL */
    /* Of a row. */
    CSV_QUOTE_OPEN,   /* the file ends within a quoted cell */
    CSV_QUOTE_INSIDE, /* something else than the next cell follows a closing quote */
    CSV_WIDE,         /* more than CSV_CELLS cells */
    CSV_BYTES,        /* a cell is no UTF-8 */
};

enum csv_encoding { CSV_UTF8, CSV_UTF16_LITTLE, CSV_UTF16_BIG };

/* The encoding that the byte order mark names, UTF-8 without one. Returns the length of the mark in
 * bytes, 0 to 3. */
size_t csv_mark(const void *bytes, size_t len, enum csv_encoding *encoding);
/* The file as UTF-8 without a byte order mark, NUL-terminated; NULL with `*fault` when it is no
 * text. Invalid bytes and lone surrogates stay as they are: csv_next reports the row that holds
 * them. Arena. */
const char *csv_text(struct arena *a, const void *bytes, size_t len, size_t *text_len,
                     enum csv_fault *fault);

struct csv_place {
    int line, column; /* from 1; the column in characters */
};

struct csv_row {
    const char **cells;       /* arena; of a faulty row, those before the fault */
    struct csv_place *places; /* where each begins; of one on a later line of its row, there */
    size_t count;             /* 1 to CSV_CELLS */
    int line;                 /* where the row begins */
    enum csv_fault fault;     /* CSV_FINE, or why this is no row */
    struct csv_place at; /* where the fault is: the quoted cell, what follows a quote, the cell too
                            many, the invalid cell */
    const char *broken;  /* of CSV_BYTES: that cell */
};

struct csv {
    struct arena *arena;
    const char *at, *end;
    const char *counted; /* up to here `column` has counted */
    int line, column;
    char separator;
};

/* Begins with a text without a mark and without NUL, which is borrowed. */
void csv_begin(struct csv *c, struct arena *a, const char *text, size_t len, char separator);
/* The same; the separator is the one that a first line "sep=;" names (and that line is no row), or
 * else the most frequent of , ; tab | outside of quotes in the first row. */
void csv_begin_any(struct csv *c, struct arena *a, const char *text, size_t len);
/* The next row, whatever it is; false at the end. */
bool csv_next(struct csv *c, struct csv_row *row);
/* Whether all cells are blank. */
bool csv_row_empty(const struct csv_row *row);

#endif
