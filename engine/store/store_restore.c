/* Checking a backup, and restoring it. */
#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "store/store_copy.h"
#include "store/store_file.h"
#include "store/store_migrate.h"
#include "store/store_schema.h"

static enum err open_backup(sqlite3 **sql, const char *backup, struct arena *a, const char **why) {
    if (!path_exists(backup)) {
        *why = db_why_errno(a, ENOENT, backup, "be opened");
        return ERR_NOT_FOUND;
    }
    enum err e = db_open_sqlite(sql, backup, DB_READ_OR_IMMUTABLE, a, why);
    if (e != OK) return e;
    int applied = 0;
    e = migrate_state(*sql, backup, store_migrations(), &applied, a, why);
    if (e == OK && applied == 0) {
        *why = arena_printf(a, "%s is an empty database. Nothing was changed.", backup);
        e = ERR_INVALID;
    }
    if (e == OK) e = schema_check(*sql, backup, store_migrations(), applied, a, why);
    return e;
}

enum err store_check_backup(const char *backup, struct arena *a, const char **why) {
    sqlite3 *sql = NULL;
    *why = NULL;
    enum err e = open_backup(&sql, backup, a, why);
    if (e == OK) e = copy_check(sql, backup, a, why);
    sqlite3_close(sql);
    return e;
}

enum err store_restore(const char *backup, const char *path, bool may_replace, struct arena *a,
                       const char **why) {
    sqlite3 *from = NULL;
    struct store_stage stage;
    const char *name = path_name(path);
    enum err e = store_stage_begin(&stage, path, may_replace, a, why);
    if (e != OK) return e;
    e = open_backup(&from, backup, a, why);
    struct store_partial into;
    if (e == OK) e = store_partial_begin(&into, store_stage_file(&stage, name, a), a, why);
    if (e == OK) {
        e = copy_pages(from, backup, into.path, a, why);
        if (e == OK) e = store_partial_publish(&into, a, why);
        store_partial_end(&into, a);
    }
    sqlite3_close(from);
    if (e == OK) e = store_stage_commit(&stage, &name, 1, a, why);
    store_stage_end(&stage, a);
    return e;
}
