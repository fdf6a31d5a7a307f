/* Backup and restore. A copy is made beside its final name, checked, brought to the disk, and
 * only then named. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_file.h"
#include "store/store_migrate.h"

/* What lies beside a database and belongs to it. The lock does not: it belongs to the name. */
static const char *const companions[] = {"-wal", "-shm", STORE_HEAD_SUFFIX};

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Both checks of a whole file; NULL when they pass. */
static const char *check_copy(sqlite3 *sql, const char *path, struct arena *a) {
    sqlite3_stmt *q = NULL;
    const char *problem = NULL;
    int rc = sqlite3_prepare_v2(sql, "PRAGMA integrity_check(1)", -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *answer = (const char *)sqlite3_column_text(q, 0);
        if (!answer || strcmp(answer, "ok") != 0)
            problem = arena_printf(a, "%s is damaged: %s.", path, answer ? answer : "no answer");
    } else problem = db_why(a, sql, rc, path, "be checked");
    sqlite3_finalize(q);
    if (problem) return problem;
    int64_t dangling = db_scalar(sql, "SELECT count(*) FROM pragma_foreign_key_check", -1);
    if (dangling < 0) return db_why(a, sql, sqlite3_errcode(sql), path, "be checked");
    return dangling ? arena_printf(a, "%s is damaged: %lld rows point at rows that are not there.",
                                   path, (long long)dangling)
                    : NULL;
}

/* Copies all pages of one snapshot of `from` into the new file `to`, as one file that needs no
 * WAL. */
static enum err copy_pages(sqlite3 *from, const char *from_path, const char *to, struct arena *a,
                           const char **why) {
    int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        *why = db_why_errno(a, errno, to, "be made");
        return ERR_IO;
    }
    close(fd);
    sqlite3 *into = NULL;
    int rc = sqlite3_open_v2(to, &into, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = db_exec(into, "PRAGMA synchronous=OFF"); /* it is synced as a whole, once, below */
    sqlite3_backup *copy = rc == SQLITE_OK ? sqlite3_backup_init(into, "main", from, "main") : NULL;
    if (copy) {
        /* In one step: one snapshot, which writers neither wait for nor disturb. */
        do rc = sqlite3_backup_step(copy, -1);
        while (rc == SQLITE_OK);
        int finish = sqlite3_backup_finish(copy);
        if (rc == SQLITE_DONE) rc = finish;
        /* A source that cannot be read reports here as well: its own connection knows why. */
        if (rc != SQLITE_OK && sqlite3_errcode(from) != SQLITE_OK &&
            sqlite3_errcode(from) != SQLITE_DONE) {
            *why = db_why(a, from, rc, from_path, "be copied");
            sqlite3_close(into);
            return db_err(rc);
        }
    } else if (rc == SQLITE_OK) rc = sqlite3_errcode(into);
    if (rc == SQLITE_OK) rc = db_exec(into, "PRAGMA journal_mode=DELETE");
    const char *problem = NULL;
    if (rc != SQLITE_OK) problem = db_why(a, into, rc, to, "be written");
    else problem = check_copy(into, to, a);
    sqlite3_close(into);
    int os = problem ? 0 : file_sync(to);
    if (os) problem = db_why_errno(a, os, to, "be brought to the disk");
    if (!problem) return OK;
    *why = problem;
    return rc != SQLITE_OK ? db_err(rc) : os ? ERR_IO : ERR_INVALID;
}

static void remove_all(struct arena *a, const char *path) {
    unlink(path);
    unlink(arena_printf(a, "%s-journal", path));
    for (size_t i = 0; i < COUNT_OF(companions); i++)
        unlink(arena_printf(a, "%s%s", path, companions[i]));
}

/* A second name for a file; where the file system knows no links, another name. */
static int name_also(const char *path, const char *also) {
    if (link(path, also) == 0) return 0;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) return errno;
    return renameat2(AT_FDCWD, path, AT_FDCWD, also, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

enum err store_backup(const char *path, const char *to, struct arena *a, const char **why) {
    *why = NULL;
    if (exists(to)) {
        *why = arena_printf(a, "%s exists already and is not overwritten. Name another file.", to);
        return ERR_CONFLICT;
    }
    if (!exists(path)) {
        *why = db_why_absent(a, path);
        return ERR_NOT_FOUND;
    }
    sqlite3 *from = NULL;
    enum err e = db_open_sqlite(&from, path, DB_READ_COLD, a, why);
    if (e != OK) return e;
    const char *partial = arena_printf(a, "%s.%ld.partial", to, (long)getpid());
    remove_all(a, partial);
    e = copy_pages(from, path, partial, a, why);
    sqlite3_close(from);
    /* Not rename: whoever made `to` meanwhile keeps it. */
    int os = e == OK ? name_also(partial, to) : 0;
    if (os) {
        e = os == EEXIST ? ERR_CONFLICT : ERR_IO;
        *why = db_why_errno(a, os, to, "be made");
    }
    remove_all(a, partial);
    if (e == OK) file_sync_folder(to);
    return e;
}

/* Gives the old database and what belongs to it their new names, in an order that a power cut
 * cannot hurt: first all of it has both names, then the WAL loses the old one (it would be read
 * into the new database), and the database itself keeps its name until the new one is renamed
 * over it. */
static int set_aside(struct arena *a, const char *path, const char *aside) {
    sqlite3 *old = NULL;
    const char *ignored = NULL;
    /* With its WAL moved into it the old database is one file. When it is too broken for that,
     * both are kept. */
    if (db_open_sqlite(&old, path, DB_WRITE, a, &ignored) == OK)
        sqlite3_wal_checkpoint_v2(old, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(old);
    int os = name_also(path, aside);
    for (size_t i = 0; i < COUNT_OF(companions) && !os; i++) {
        const char *name = arena_printf(a, "%s%s", path, companions[i]);
        if (exists(name)) os = name_also(name, arena_printf(a, "%s%s", aside, companions[i]));
    }
    if (!os) os = file_sync_folder(path);
    for (size_t i = 0; i < COUNT_OF(companions) && !os; i++)
        unlink(arena_printf(a, "%s%s", path, companions[i]));
    return os;
}

/* PATH.before-restore, or with a number: no earlier one is given up. */
static const char *aside_name(struct arena *a, const char *path) {
    const char *name = arena_printf(a, "%s.before-restore", path);
    for (int i = 2; exists(name); i++) name = arena_printf(a, "%s.before-restore.%d", path, i);
    return name;
}

static enum err open_backup(sqlite3 **sql, const char *backup, struct arena *a, const char **why) {
    if (!exists(backup)) {
        *why = db_why_errno(a, ENOENT, backup, "be opened");
        return ERR_NOT_FOUND;
    }
    enum err e = db_open_sqlite(sql, backup, DB_READ_COLD, a, why);
    if (e != OK) return e;
    int applied = 0;
    e = migrate_state(*sql, backup, store_migrations(), &applied, a, why);
    if (e == OK && applied == 0) {
        *why = arena_printf(a, "%s is an empty database. Nothing was changed.", backup);
        e = ERR_INVALID;
    }
    return e;
}

static enum err replace(const char *path, const char *partial, bool old, struct arena *a,
                        const char **why) {
    const char *aside = aside_name(a, path);
    int os = old ? set_aside(a, path, aside) : 0;
    /* Without an old one nothing may be there: rename would overwrite. */
    if (!os) os = old ? (rename(partial, path) == 0 ? 0 : errno) : name_also(partial, path);
    if (!os) os = file_sync_folder(path);
    if (!os) return OK;
    *why = db_why_errno(a, os, path, "be put in place");
    if (old)
        *why = arena_printf(a, "%s The old database is kept as %s.", *why,
                            exists(aside) ? aside : path);
    return os == EEXIST ? ERR_CONFLICT : ERR_IO;
}

/* The folder that `path` is in, in `*made` when it was missing; the one above it must be there. */
static enum err make_folder(const char *path, const char **made, struct arena *a,
                            const char **why) {
    char *folder = arena_dup(a, path), *slash = strrchr(folder, '/');
    *made = NULL;
    if (!slash || slash == folder) return OK;
    *slash = '\0';
    if (mkdir(folder, 0700) == 0) {
        *made = folder;
        file_sync_folder(folder);
        return OK;
    }
    if (errno == EEXIST) return OK;
    *why = db_why_errno(a, errno, folder, "be made");
    return ERR_IO;
}

enum err store_restore(const char *backup, const char *path, bool may_replace, struct arena *a,
                       const char **why) {
    *why = NULL;
    bool old = exists(path);
    if (old && !may_replace) {
        *why = arena_printf(
            a,
            "%s exists already and is not overwritten. With --replace the backup takes its place, "
            "and it is kept as %s.before-restore.",
            path, path);
        return ERR_CONFLICT;
    }
    sqlite3 *from = NULL;
    enum err e = open_backup(&from, backup, a, why);
    int lock = -1;
    const char *made = NULL;
    if (e == OK) e = make_folder(path, &made, a, why);
    if (e == OK) e = file_lock(&lock, path, LOCK_ALONE, a, why);
    if (e != OK) {
        sqlite3_close(from);
        return e;
    }
    const char *partial = arena_printf(a, "%s.%ld.partial", path, (long)getpid());
    remove_all(a, partial);
    if (e == OK) e = copy_pages(from, backup, partial, a, why);
    sqlite3_close(from);
    if (e == OK) e = replace(path, partial, old, a, why);
    remove_all(a, partial);
    if (e != OK && made) { /* what was no backup leaves nothing behind */
        unlink(arena_printf(a, "%s.lock", path));
        rmdir(made);
    }
    file_unlock(lock);
    return e;
}
