/* Copies of a database: made beside their final name, checked, brought to the disk, and only then
 * named. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/store_copy.h"
#include "base/path.h"
#include "store/store_file.h"

enum err copy_check(sqlite3 *sql, const char *path, struct arena *a, const char **why) {
    const char *damage = NULL;
    int rc = db_integrity(sql, "PRAGMA integrity_check(1)", a, &damage);
    if (damage) {
        *why = arena_printf(a, "%s is damaged: %s.", path, damage);
        return ERR_INVALID;
    }
    int64_t dangling = 0;
    if (rc == SQLITE_OK)
        rc = db_scalar(sql, "SELECT count(*) FROM pragma_foreign_key_check", &dangling);
    if (rc != SQLITE_OK) {
        *why = db_why(a, sql, rc, path, "be checked");
        return db_err(rc);
    }
    if (!dangling) return OK;
    *why = arena_printf(a, "%s is damaged: %lld rows point at rows that are not there.", path,
                        (long long)dangling);
    return ERR_INVALID;
}

/* A damaged copy may come from a damaged database: checks that too, and says which one is at fault.
 */
static const char *whose_fault(const char *from_path, const char *problem, struct arena *a) {
    sqlite3 *from = NULL;
    const char *source = NULL;
    enum err e = db_open_sqlite(&from, from_path, DB_READ_OR_IMMUTABLE, a, &source);
    if (e == OK) e = copy_check(from, from_path, a, &source);
    sqlite3_close(from);
    if (e == ERR_INVALID)
        return arena_printf(a,
                            "%s The fault is in the database itself, not in the copy. Nothing was "
                            "written. Keep the earlier backups, stop the server, keep a copy of "
                            "its whole folder, and restore the last good backup.",
                            source);
    if (e != OK)
        return arena_printf(a,
                            "%s Nothing is left of it. Whether the fault is in the database itself "
                            "cannot be said: %s Try again.",
                            problem, source);
    return arena_printf(
        a,
        "%s The database itself (%s) is whole: the fault is in the copy, and so in the disk or "
        "folder that was written to. Nothing is left of it. Write the backup to another disk.",
        problem, from_path);
}

enum err copy_pages(sqlite3 *from, const char *from_path, const char *to, struct arena *a,
                    const char **why) {
    sqlite3 *into = NULL;
    int rc = sqlite3_open_v2(to, &into, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = db_exec(into, "PRAGMA synchronous=OFF"); /* the file is synced once, below */
    sqlite3_backup *copy = rc == SQLITE_OK ? sqlite3_backup_init(into, "main", from, "main") : NULL;
    if (copy) {
        /* All pages in one step, so that they are one snapshot; writers neither wait nor disturb
         * it. */
        do rc = sqlite3_backup_step(copy, -1);
        while (rc == SQLITE_OK);
        int finish = sqlite3_backup_finish(copy);
        if (rc == SQLITE_DONE) rc = finish;
        /* An error of the source is reported here as well: its own connection has the reason. */
        if (rc != SQLITE_OK && sqlite3_errcode(from) != SQLITE_OK &&
            sqlite3_errcode(from) != SQLITE_DONE) {
            *why = db_why(a, from, rc, from_path, "be copied");
            sqlite3_close(into);
            return db_err(rc);
        }
    } else if (rc == SQLITE_OK) rc = sqlite3_errcode(into);
    if (rc == SQLITE_OK) rc = db_exec(into, "PRAGMA journal_mode=DELETE");
    enum err e = db_err(rc);
    if (rc != SQLITE_OK) *why = db_why(a, into, rc, to, "be written");
    else if ((e = copy_check(into, to, a, why)) == ERR_INVALID)
        *why = whose_fault(from_path, *why, a);
    sqlite3_close(into);
    int os = e == OK ? file_sync(to) : 0;
    if (os) *why = db_why_errno(a, os, to, "be brought to the disk");
    return os ? ERR_IO : e;
}

enum err store_copy_into(const char *path, const struct store_partial *into, struct arena *a,
                         const char **why) {
    *why = NULL;
    if (!path_exists(path)) {
        *why = db_why_absent(a, path);
        return ERR_NOT_FOUND;
    }
    sqlite3 *from = NULL;
    enum err e = db_open_sqlite(&from, path, DB_READ_OR_IMMUTABLE, a, why);
    if (e != OK) return e;
    e = copy_pages(from, path, into->path, a, why);
    sqlite3_close(from);
    return e;
}

enum err store_backup(const char *path, const char *to, struct arena *a, const char **why) {
    *why = NULL;
    if (path_exists(to)) {
        *why = arena_printf(a, "%s exists already and is not overwritten. Name another file.", to);
        return ERR_CONFLICT;
    }
    if (!path_exists(path)) {
        *why = db_why_absent(a, path);
        return ERR_NOT_FOUND;
    }
    struct store_partial partial;
    enum err e = store_partial_begin(&partial, to, a, why);
    if (e != OK) return e;
    e = store_copy_into(path, &partial, a, why);
    if (e == OK) e = store_partial_publish(&partial, a, why);
    store_partial_end(&partial, a);
    return e;
}
