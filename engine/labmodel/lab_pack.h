/* A pack: all files of one scenario version, as one run of bytes that the store keeps and a worker
 * is given. The version is the first 16 hex digits of the SHA-256 of those bytes.
 *
 *   "GRLAB1\n", then for each file, sorted by name: decimal length of name, space, decimal length
 * of content, newline, name, content. */
#ifndef GR_LAB_PACK_H
#define GR_LAB_PACK_H

#include "base/csv.h"
#include "doc/doc.h"
#include "labmodel/lab_model.h"

#define LAB_PACK_MAX ((size_t)8 * 1024 * 1024)
#define LAB_FILE_MAX ((size_t)2 * 1024 * 1024)
#define LAB_FILES_MAX 128
#define LAB_ROWS_MAX 20000 /* of a table */

struct lab_file {
    const char *name; /* relative to labs/: "connectors/crm.xml", "scenarios/x/stack.xml" */
    const char *text;
    size_t len;
};

struct lab_files {
    struct lab_file file[LAB_FILES_MAX];
    int count;
};

const struct lab_file *lab_file_find(const struct lab_files *files, const char *name);
/* Writes the pack of all files, sorted by name. */
void lab_pack_write(const struct lab_files *files, struct buf *out);
/* False when the bytes are no pack. Texts are borrowed from `bytes`, but NUL-terminated copies in
 * `a`. */
bool lab_pack_read(const char *bytes, size_t len, struct arena *a, struct lab_files *out);
const char *lab_pack_version(struct arena *a, const char *bytes, size_t len);

/* Reads connectors, dialects and the stack of a scenario out of its files. False with diagnostics.
 */
bool lab_stack_read(struct lab_stack *out, const struct lab_files *files, const char *scenario_id,
                    struct arena *a, struct diag_list *diags);

/* CSV with commas (base/csv.h), UTF-8 with or without a mark at its beginning, with a header row.
 * Rows have as many cells as the header. */
struct lab_csv {
    const char **header;
    struct csv_place *header_places;
    int columns;
    const char ***rows;
    int row_count;
    bool *cut;                 /* the row had fewer cells than the header: the others are empty */
    int *lines;                /* where each row starts */
    struct csv_place **places; /* where each cell starts, maybe on a later line of its row */
};
/* False: it cannot be read. A row with more cells than the header, or with fewer, is an error, too;
 * it gets as many, so that the faults of the other rows are found; whoever must not use such a file
 * looks at `diags`. */
bool lab_csv_read(struct lab_csv *out, const char *file, const char *text, size_t len,
                  struct arena *a, struct diag_list *diags);
int lab_csv_column(const struct lab_csv *c, const char *name); /* -1 */

/* Checks the columns of a file of rows (the rows: lab_seed.h). Beside the object's fields they are
 * "key" (for references as @key), "person" (whom the record is about) and times. */
void lab_columns_check(const struct lab_files *files, const char *name, const struct lab_object *o,
                       struct arena *a, struct diag_list *diags);

#endif
