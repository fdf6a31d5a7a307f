/* Migrations: which ones the file has, and applying those that it lacks, all or none. */
#include "store/store_migrate.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"

struct migration_list store_migrations(void) {
    return (struct migration_list){sql_migrations, sql_migration_count};
}

/* `*out` is 1 or 0. Returns SQLite's code. */
static int count_migration_tables(sqlite3 *sql, int64_t *out) {
    return db_scalar(sql, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'",
                     out);
}

static const char *say_other_text(const char *path, int number, struct migration_list list,
                                  struct arena *a) {
    return arena_printf(
        a,
        "%s was made with another text of migration %d (%s). Nothing was changed. A migration must "
        "stay as it was released: use the program that made this file.",
        path, number,
        number >= 1 && number <= list.count ? list.items[number - 1].name : "unknown");
}

static const char *check_row(sqlite3_stmt *q, int expected, const char *path,
                             struct migration_list list, struct arena *a) {
    int number = sqlite3_column_int(q, 0);
    const char *checksum = (const char *)sqlite3_column_text(q, 2);
    if (number > list.count)
        return arena_printf(
            a,
            "%s was made by a newer Gradus (migration %d); this one knows %d. Nothing was changed. "
            "Use the newer program, or a backup from before the change.",
            path, number, list.count);
    if (number < 1 || number != expected)
        return say_other_text(path, expected < 1 ? number : expected, list, a);
    const char *text = list.items[number - 1].text;
    return str_eq(checksum, sha256_hex(a, text, strlen(text)))
               ? NULL
               : say_other_text(path, number, list, a);
}

enum err migrate_state(sqlite3 *sql, const char *path, struct migration_list list, int *applied,
                       struct arena *a, const char **why) {
    codec_start();
    *applied = 0;
    int64_t tables = 0, application = 0, has_table = 0;
    int rc = db_scalar(sql, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc == SQLITE_OK) rc = db_scalar(sql, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK) rc = count_migration_tables(sql, &has_table);
    if (rc != SQLITE_OK) {
        *why = db_why(a, sql, rc, path, "be read");
        return db_err(rc);
    }
    if (tables == 0 && application == 0) return OK;
    if (application != STORE_APPLICATION_ID || has_table != 1) {
        *why = arena_printf(a, "%s is a database, but not one of Gradus. Nothing was changed.",
                            path);
        return ERR_INVALID;
    }
    sqlite3_stmt *q = NULL;
    /* The newest first, so that a file of a newer program is reported as that, whatever else
     * differs. */
    rc = sqlite3_prepare_v2(
        sql, "SELECT number, name, checksum FROM schema_migration ORDER BY number DESC", -1, &q,
        NULL);
    const char *problem = NULL;
    int expected = 0;
    while (rc == SQLITE_OK && !problem && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (*applied == 0) expected = *applied = sqlite3_column_int(q, 0);
        problem = check_row(q, expected--, path, list, a);
        rc = SQLITE_OK;
    }
    if (rc == SQLITE_DONE && expected > 0) problem = say_other_text(path, expected, list, a);
    if (rc != SQLITE_OK && rc != SQLITE_DONE) *why = db_why(a, sql, rc, path, "be read");
    sqlite3_finalize(q);
    if (problem) {
        *why = problem;
        return ERR_INVALID;
    }
    return rc == SQLITE_DONE ? OK : db_err(rc);
}

/* Runs one migration's statements; the sentence names file and line of the one that fails. */
static int run_text(sqlite3 *sql, const struct sql_migration *m, struct arena *a,
                    const char **problem) {
    for (const char *text = m->text; *text;) {
        sqlite3_stmt *q = NULL;
        const char *rest = text;
        int rc = sqlite3_prepare_v2(sql, text, -1, &q, &rest);
        int offset = rc == SQLITE_OK ? 0 : sqlite3_error_offset(sql);
        while (rc == SQLITE_OK && q && (rc = sqlite3_step(q)) == SQLITE_ROW) rc = SQLITE_OK;
        if (rc == SQLITE_DONE) rc = SQLITE_OK;
        if (rc != SQLITE_OK) {
            /* A failing step has no offset: then the statement's first line must do. */
            while (offset <= 0 && (*text == '\n' || *text == ' ')) text++;
            const char *at = offset > 0 ? text + offset : text;
            int line = 1;
            for (const char *p = m->text; p < at && *p; p++) line += *p == '\n';
            *problem = arena_printf(a, "%s:%d:1: error: %s [sql]", m->name, line,
                                    sqlite3_errmsg(sql));
            sqlite3_finalize(q);
            return rc;
        }
        sqlite3_finalize(q);
        text = rest;
        if (sqlite3_get_autocommit(sql)) {
            *problem = arena_printf(
                a, "%s:1:1: error: a migration runs inside a transaction and does not end it [sql]",
                m->name);
            return SQLITE_ERROR;
        }
    }
    return SQLITE_OK;
}

static int record_migration(sqlite3 *sql, const struct sql_migration *m, int64_t now_ms,
                            struct arena *a) {
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(sql,
                                "INSERT INTO schema_migration (number, name, checksum, applied_ms) "
                                "VALUES ($1, $2, $3, $4)",
                                -1, &q, NULL);
    if (rc != SQLITE_OK) return rc;
    sqlite3_bind_int(q, 1, m->number);
    sqlite3_bind_text(q, 2, m->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, sha256_hex(a, m->text, strlen(m->text)), -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, now_ms);
    sqlite3_step(q);
    return sqlite3_finalize(q);
}

static int apply_all(sqlite3 *sql, struct migration_list list, int applied, int64_t now_ms,
                     struct arena *a, const char **problem) {
    int rc = db_exec(
        sql, "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER NOT NULL PRIMARY KEY,"
             " name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT");
    for (int i = applied; i < list.count && rc == SQLITE_OK; i++) {
        rc = run_text(sql, &list.items[i], a, problem);
        if (rc == SQLITE_OK) rc = record_migration(sql, &list.items[i], now_ms, a);
    }
    if (rc == SQLITE_OK) {
        char text[64];
        sqlite3_snprintf(sizeof text, text, "PRAGMA application_id=%d", STORE_APPLICATION_ID);
        rc = db_exec(sql, text);
    }
    return rc;
}

/* A name that is not taken: the backup of an earlier attempt is older and stays. */
static const char *backup_name(struct arena *a, const char *path, int number) {
    const char *name = arena_printf(a, "%s.before-migration-%d", path, number);
    for (int i = 2; access(name, F_OK) == 0; i++)
        name = arena_printf(a, "%s.before-migration-%d.%d", path, number, i);
    return name;
}

enum err migrate_apply(sqlite3 *sql, const char *path, struct migration_list list, int64_t now_ms,
                       struct arena *a, const char **why) {
    int applied = 0;
    enum err e = migrate_state(sql, path, list, &applied, a, why);
    if (e != OK) return e;
    int64_t has_table = 0, dangling = 0;
    int rc = count_migration_tables(sql, &has_table);
    if (rc != SQLITE_OK) {
        *why = db_why(a, sql, rc, path, "be read");
        return db_err(rc);
    }
    if (applied == list.count && has_table) return OK;
    if (applied > 0) {
        const char *kept = backup_name(a, path, applied + 1);
        e = store_backup(path, kept, a, why);
        if (e != OK) return e;
        log_say(LOG_INFO, "store_migrates",
                "%s goes from migration %d to %d; a copy of before is %s.", path, applied,
                list.count, kept);
    }
    /* Tables may be rebuilt in between, so foreign keys are checked at the end, before COMMIT. */
    rc = db_exec(sql, "PRAGMA foreign_keys=OFF; BEGIN EXCLUSIVE");
    const char *problem = NULL;
    if (rc == SQLITE_OK) rc = apply_all(sql, list, applied, now_ms, a, &problem);
    if (rc == SQLITE_OK)
        rc = db_scalar(sql, "SELECT count(*) FROM pragma_foreign_key_check", &dangling);
    if (rc == SQLITE_OK && dangling) {
        problem = "rows point at rows that are not there [foreign-key]";
        rc = SQLITE_CONSTRAINT;
    }
    if (rc == SQLITE_OK) rc = db_exec(sql, "COMMIT");
    if (rc == SQLITE_OK) {
        db_exec(sql, "PRAGMA foreign_keys=ON");
        return OK;
    }
    e = db_err(rc);
    if (problem && e != ERR_BUSY && (rc & 0xff) != SQLITE_FULL && (rc & 0xff) != SQLITE_IOERR) {
        *why = arena_printf(a, "%s cannot be brought up to date; it stays as it was. %s", path,
                            problem);
        e = ERR_INVALID;
    } else *why = db_why(a, sql, rc, path, "be brought up to date");
    if (!sqlite3_get_autocommit(sql)) db_exec(sql, "ROLLBACK");
    db_exec(sql, "PRAGMA foreign_keys=ON");
    return e;
}
