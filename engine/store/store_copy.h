/* Inside the store: copying a database file. Knows nothing of migrations, which copy before they
 * change. */
#ifndef GR_STORE_COPY_H
#define GR_STORE_COPY_H

#include "store/store_db.h"

/* Runs integrity_check and foreign_key_check on the whole file. OK; ERR_INVALID when it is damaged;
 * another error when it could not be checked. Not OK: a sentence in `*why`. */
enum err copy_check(sqlite3 *sql, const char *path, struct arena *a, const char **why) MUST_USE;
/* Copies all pages of one snapshot of `from` into the empty file `to`, as one file that needs no
 * WAL. */
enum err copy_pages(sqlite3 *from, const char *from_path, const char *to, struct arena *a,
                    const char **why) MUST_USE;

#endif
