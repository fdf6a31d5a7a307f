/* A small store of its own for the tests of this room: its queries and migrations stand here and
 * take the place of the generated ones when the program is linked. Include it in one file of a
 * program, first. */
#ifndef GR_TEST_STORE_FIXTURE_H
#define GR_TEST_STORE_FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store.h"
#include "store/store_sql.h"

enum fixture_query {
    Q_NOTE_ADD,
    Q_NOTE_BY_ID,
    Q_NOTE_ALL,
    Q_NOTE_COUNT,
    Q_SWAPPED,
    Q_TWICE,
    Q_CHILD_ADD,
    Q_NOTE_DELETE,
    Q_CLOCK_ADD,
    Q_CLOCK_ALL,
    Q_SLOW,
    Q_LATER_ADD,
    Q_NOTE_FILL,
    Q_SLOW_READ,
    Q_FIXTURE_COUNT
};
#define Q(name) Q_##name

static const struct sql_text fixture_texts[] = {
    {"note_add", "INSERT INTO note (id, text, bytes) VALUES ($1, $2, $3);\n", "fixture.h:1"},
    {"note_by_id", "SELECT text, bytes, id FROM note WHERE id = $1;\n", "fixture.h:2"},
    {"note_all", "SELECT id, text FROM note ORDER BY id;\n", "fixture.h:3"},
    {"note_count", "SELECT count(*) FROM note;\n", "fixture.h:4"},
    {"swapped", "SELECT $2, $1;\n", "fixture.h:5"},
    {"twice", "SELECT $1 || $2 || $1;\n", "fixture.h:6"},
    {"child_add", "INSERT INTO child (note_id) VALUES ($1);\n", "fixture.h:7"},
    {"note_delete", "DELETE FROM note WHERE id = $1;\n", "fixture.h:8"},
    {"clock_add", "INSERT INTO clock (at_ms) VALUES ($1);\n", "fixture.h:9"},
    {"clock_all", "SELECT at_ms FROM clock ORDER BY n;\n", "fixture.h:10"},
    {"slow",
     "INSERT INTO clock (at_ms) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) "
     "SELECT max(n) FROM c;\n",
     "fixture.h:11"},
    {"later_add", "INSERT INTO later (note_id) VALUES ($1);\n", "fixture.h:12"},
    {"note_fill",
     "INSERT INTO note (id, text) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) "
     "SELECT n, hex(zeroblob(50000)) FROM c;\n",
     "fixture.h:13"},
    {"slow_read",
     "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) SELECT max(n) FROM c;\n",
     "fixture.h:14"},
};
const struct sql_room sql_rooms[] = {{fixture_texts, Q_FIXTURE_COUNT, 0}};
const int sql_room_count = 1, sql_text_count = Q_FIXTURE_COUNT;

const struct sql_migration sql_migrations[] = {
    {1, "0001_note.sql",
     "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY, text TEXT, bytes BLOB) STRICT;\n"
     "CREATE TABLE child (n INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES note (id)) STRICT;\n"
     "CREATE TABLE later (n INTEGER PRIMARY KEY,\n"
     " note_id INTEGER NOT NULL REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED) STRICT;\n"},
    {2, "0002_clock.sql",
     "-- Times.\nCREATE TABLE clock (n INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT;\n"},
};
const int sql_migration_count = 2;

static char fixture_folder[PATH_MAX], fixture_db[PATH_MAX + 16];
static struct arena fixture_arena;

static inline void fixture_empty_folder(void) {
    DIR *dir = opendir(fixture_folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
}

/* cmocka's setup and teardown: an empty folder and an arena for each test. */
static inline int fixture_setup(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(fixture_folder, sizeof fixture_folder, "%s/gradus-store-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(fixture_folder)) return -1;
    snprintf(fixture_db, sizeof fixture_db, "%s/gradus.db", fixture_folder);
    arena_init(&fixture_arena, (size_t)64 * 1024 * 1024);
    log_threshold((enum log_level)(LOG_ERROR + 1));
    return 0;
}

static inline int fixture_teardown(void **state) {
    (void)state;
    arena_release(&fixture_arena);
    fixture_empty_folder();
    rmdir(fixture_folder);
    return 0;
}

static inline const char *fixture_path(const char *name) {
    return arena_printf(&fixture_arena, "%s/%s", fixture_folder, name);
}

static inline struct store *fixture_open_with(struct store_options options) {
    struct store *s = NULL;
    const char *why = NULL;
    if (!options.path) options.path = fixture_db;
    enum err e = store_open(&s, &options, &fixture_arena, &why);
    if (e != OK) fail_msg("store_open: %s: %s", err_name(e), why);
    return s;
}

static inline struct store *fixture_open(void) {
    return fixture_open_with((struct store_options){0});
}

/* Expects a refusal and returns its sentence. */
static inline const char *fixture_refused(const char *path, bool read_only, enum err expected) {
    struct store *s = NULL;
    const char *why = NULL;
    struct store_options options = {.path = path, .read_only = read_only};
    enum err e = store_open(&s, &options, &fixture_arena, &why);
    if (e == OK) fail_msg("store_open accepted %s", path);
    assert_null(s);
    assert_non_null(why);
    assert_string_equal(err_name(e), err_name(expected));
    return why;
}

struct note {
    int64_t id;
    const char *text;
};

static inline enum err fixture_add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    const struct note *note = arg;
    return db_run(db, Q(NOTE_ADD), "itn", note->id, note->text);
}

static inline enum err fixture_save(struct store *s, int64_t id, const char *text) {
    struct arena a;
    arena_init(&a, 64 * 1024);
    struct note note = {id, text};
    enum err e = store_write(s, fixture_add, &note, &a);
    arena_release(&a);
    return e;
}

static inline int64_t fixture_count(struct store *s) {
    struct stmt *q;
    enum err e;
    int64_t n = -1;
    struct db *db = store_reader(s);
    assert_non_null(db);
    if (db_one(db, &q, &e, Q(NOTE_COUNT), "")) {
        n = stmt_int(q, 0);
        e = stmt_end(q);
    }
    assert_int_equal(e, OK);
    return n;
}

/* Saves notes until there are `count`. */
static inline void fixture_fill(int count) {
    struct store *s = fixture_open();
    for (int i = (int)fixture_count(s); i < count; i++)
        assert_int_equal(fixture_save(s, i, "a note"), OK);
    assert_true(store_close(s, 1000));
}

/* The notes of any database file, which is only read. */
static inline int64_t fixture_count_in(const char *path) {
    struct store *s = fixture_open_with((struct store_options){.path = path, .read_only = true});
    int64_t n = fixture_count(s);
    assert_true(store_close(s, 0));
    return n;
}

/* Saves `count` notes that only the WAL holds, as a process leaves it that is killed. */
static inline void fixture_die_with_wal(int64_t first, int64_t count) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct store *s = fixture_open();
        for (int64_t i = first; i < first + count; i++)
            if (fixture_save(s, i, "only in the WAL") != OK) _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(fixture_path("gradus.db-wal"), F_OK), 0);
}

/* Runs `misuse` in a child and expects it to abort: a bug ends the process, in release builds,
 * too. */
static inline void fixture_must_abort(void (*misuse)(struct store *s),
                                      struct store_options options) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        struct store *s = NULL;
        const char *why = NULL;
        if (!options.path) options.path = fixture_db;
        if (store_open(&s, &options, &fixture_arena, &why) != OK) _exit(3);
        misuse(s);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("no abort: status %d", status);
}

#endif
