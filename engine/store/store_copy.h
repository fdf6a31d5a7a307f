/* Inside the store: copying a database file. Knows nothing of migrations, which copy before they
 * change. */
#ifndef GR_STORE_COPY_H
#define GR_STORE_COPY_H

#include "store/store_db.h"

/* A file, folder or link of that name, wherever the link leads. */
bool copy_exists(const char *path);
/* Both checks of a whole file. OK; ERR_INVALID when it is damaged; anything else when that could
 * not be found out. With a sentence in `*why`. */
enum err copy_check(sqlite3 *sql, const char *path, struct arena *a, const char **why) MUST_USE;
/* Copies all pages of one snapshot of `from` into the empty file `to`, as one file that needs no
 * WAL. */
enum err copy_pages(sqlite3 *from, const char *from_path, const char *to, struct arena *a,
                    const char **why) MUST_USE;

#endif
