/* Inside the store: numbered migrations. */
#ifndef GR_STORE_MIGRATE_H
#define GR_STORE_MIGRATE_H

#include "store/store_db.h"

struct migration_list {
    const struct sql_migration *items; /* numbered 1, 2, ... */
    int count;
};

/* What the build embeds. */
struct migration_list store_migrations(void);

/* Compares the file with the list: `*applied` is how many it has. ERR_INVALID with a sentence
 * when the file is not ours, is newer than the list, or was made with other texts. Changes
 * nothing. */
enum err migrate_state(sqlite3 *sql, const char *path, struct migration_list list, int *applied,
                       struct arena *a, const char **why) MUST_USE;
/* Applies what is missing in one transaction: all of it or nothing. A backup
 * "PATH.before-migration-N" is made first when the file holds data already. `sql` is a writer's
 * connection that nobody else uses. */
enum err migrate_apply(sqlite3 *sql, const char *path, struct migration_list list, int64_t now_ms,
                       struct arena *a, const char **why) MUST_USE;

#endif
