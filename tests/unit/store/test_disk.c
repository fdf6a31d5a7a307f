/* What a disk does to us: each failure as the sentence that fits it, and each sync that fails
 * told. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "fault/fault_vfs.h"
#include "store/store_copy.h"
#include "store/store_file.h"

/* A disk with so many free bytes, and one whose syncs fail; these stand before the C library's. */
static struct {
    bool known;
    fsblkcnt_t blocks;
    unsigned long block_bytes;
} space;
static int syncs, failing_sync; /* so far; 0: none fails */

int statvfs(const char *restrict path, struct statvfs *restrict out) {
    (void)path;
    memset(out, 0, sizeof *out);
    out->f_bavail = space.blocks;
    out->f_frsize = space.block_bytes;
    return space.known ? 0 : -1;
}

int fsync(int fd) {
    (void)fd;
    if (++syncs != failing_sync) return 0;
    errno = EIO;
    return -1;
}

static const char *why;

/* ---- Sentences ------------------------------------------------------------------------------ */

static void codes_are_errors(void **state) {
    (void)state;
    static const struct {
        int rc;
        enum err e;
    } cases[] = {{SQLITE_OK, OK},
                 {SQLITE_ROW, OK},
                 {SQLITE_DONE, OK},
                 {SQLITE_CONSTRAINT_FOREIGNKEY, ERR_CONFLICT},
                 {SQLITE_BUSY_SNAPSHOT, ERR_BUSY},
                 {SQLITE_LOCKED, ERR_BUSY},
                 {SQLITE_NOMEM, ERR_BUSY},
                 {SQLITE_INTERRUPT, ERR_BUSY},
                 {SQLITE_TOOBIG, ERR_LIMIT},
                 {SQLITE_IOERR_READ, ERR_IO},
                 {SQLITE_CORRUPT, ERR_IO},
                 {SQLITE_FULL, ERR_IO}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (db_err(cases[i].rc) != cases[i].e) fail_msg("%d", cases[i].rc);
}

static void says(sqlite3 *sql, int rc, const char *sentence) {
    const char *said = db_why(&fixture_arena, sql, rc, "a.db", "be read");
    if (!str_has_prefix(said, sentence)) fail_msg("%d: %s", rc, said);
}

static void codes_are_sentences(void **state) {
    (void)state;
    static const struct {
        int rc;
        const char *says;
    } cases[] = {
        {SQLITE_FULL, "a.db cannot be read: the disk is full."},
        {SQLITE_READONLY,
         "a.db cannot be read: it, its folder or the disk is read-only for this user (Permission"},
        {SQLITE_PERM,
         "a.db cannot be read: it, its folder or the disk is read-only for this user (Permission"},
        {SQLITE_CANTOPEN, "a.db cannot be read: unable to open database file."},
        {SQLITE_IOERR_READ, "a.db cannot be read: the disk reports an error (disk I/O error)."},
        {SQLITE_NOTADB, "a.db cannot be read: it is not a database."},
        {SQLITE_CORRUPT,
         "a.db cannot be read: the file is damaged (database disk image is malformed)."},
        {SQLITE_BUSY, "a.db cannot be read: another program is using it."},
        {SQLITE_LOCKED, "a.db cannot be read: another program is using it."},
        {SQLITE_NOMEM, "a.db cannot be read: memory is short."},
        {SQLITE_TOOBIG, "a.db cannot be read: string or blob too big."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) says(NULL, cases[i].rc, cases[i].says);
    static const struct {
        int os;
        const char *says;
    } others[] = {
        {ENOSPC, "a.db cannot be made: the disk is full."},
        {EDQUOT, "a.db cannot be made: the disk is full."},
        {EROFS,
         "a.db cannot be made: it, its folder or the disk is read-only for this user (Read-only"},
        {EACCES,
         "a.db cannot be made: it, its folder or the disk is read-only for this user (Permission"},
        {EPERM,
         "a.db cannot be made: it, its folder or the disk is read-only for this user (Operation not"},
        {ENOENT, "a.db cannot be made: No such file or directory."}};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (!str_has_prefix(db_why_errno(&fixture_arena, others[i].os, "a.db", "be made"),
                            others[i].says))
            fail_msg("%d", others[i].os);
}

/* What SQLite has no word for: 64 KiB are no room for a COMMIT. */
static void a_disk_without_room_is_full(void **state) {
    (void)state;
    static const struct {
        bool known;
        fsblkcnt_t blocks;
        unsigned long block_bytes;
        bool full;
    } cases[] = {{true, 65535, 1, true},  {true, 65536, 1, false}, {true, 15, 4096, true},
                 {true, 16, 4096, false}, {false, 0, 4096, false}, {true, 0, 4096, true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        space.known = cases[i].known;
        space.blocks = cases[i].blocks;
        space.block_bytes = cases[i].block_bytes;
        says(NULL, SQLITE_IOERR,
             cases[i].full ? "a.db cannot be read: the disk is full."
                           : "a.db cannot be read: the disk reports an error (disk I/O error).");
    }
    space.known = false;
}

/* With a connection, which knows what the system said. */
static void the_systems_own_words_are_told(void **state) {
    (void)state;
    static const struct {
        int os;
        const char *read, *open;
    } cases[] = {
        {EIO,
         "a.db cannot be read: the disk reports an error (disk I/O error: Input/output error).",
         "a.db cannot be read: Input/output error."},
        {ENOSPC, "a.db cannot be read: the disk is full.",
         "a.db cannot be read: the disk is full."},
        {EDQUOT, "a.db cannot be read: the disk is full.",
         "a.db cannot be read: the disk is full."},
        {EROFS,
         "a.db cannot be read: it, its folder or the disk is read-only for this user (Read-only",
         "a.db cannot be read: it, its folder or the disk is read-only for this user (Read-only"},
    };
    fixture_fill(3);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sqlite3 *sql = NULL;
        assert_int_equal(sqlite3_open(fixture_db, &sql), SQLITE_OK);
        sqlite3_extended_result_codes(sql, 1);
        fault_arm(FAULT_READ, 1, cases[i].os, true);
        int rc = db_exec(sql, "SELECT count(*) FROM note");
        assert_int_equal(rc & 0xff, SQLITE_IOERR);
        says(sql, rc, cases[i].read);
        says(
            sql, SQLITE_READONLY,
            cases[i].os == EROFS
                ? "a.db cannot be read: it, its folder or the disk is read-only for this user (Read-only"
                : "a.db cannot be read: it, its folder or the disk is read-only for this user (Permission");
        says(sql, SQLITE_CANTOPEN, cases[i].open);
        fault_clear();
        sqlite3_close(sql);
    }
    /* Our own connections say which kind of error it was. */
    sqlite3 *ours = NULL;
    assert_int_equal(db_open_sqlite(&ours, fixture_db, DB_READ, &fixture_arena, &why), OK);
    fault_arm(FAULT_READ, 1, EIO, true);
    assert_int_equal(db_exec(ours, "SELECT count(*) FROM note"), SQLITE_IOERR_READ);
    fault_clear();
    sqlite3_close(ours);
    /* A code of the caller's, of which the connection knows nothing. */
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(":memory:", &sql), SQLITE_OK);
    says(sql, SQLITE_IOERR, "a.db cannot be read: the disk reports an error (disk I/O error).");
    assert_int_not_equal(db_exec(sql, "SELECT wrong"), SQLITE_OK);
    says(sql, SQLITE_ERROR, "a.db cannot be read: no such column: wrong.");
    says(sql, SQLITE_CORRUPT, "a.db cannot be read: the file is damaged (no such column: wrong).");
    int64_t n = 7;
    assert_int_equal(db_scalar(sql, "SELECT 4", &n), SQLITE_OK);
    assert_int_equal(n, 4);
    assert_int_equal(db_scalar(sql, "SELECT 4 WHERE 0", &n), SQLITE_ERROR);
    assert_int_equal(n, 0);
    n = 7;
    assert_int_equal(db_scalar(sql, "SELECT wrong", &n), SQLITE_ERROR);
    assert_int_equal(n, 0);
    sqlite3_close(sql);
}

/* ---- Syncs ---------------------------------------------------------------------------------- */

static enum err back_up(void) {
    return store_backup(fixture_db, fixture_path("b.db"), &fixture_arena, &why);
}

static enum err restore_to(const char *path) {
    return store_restore(fixture_path("five.db"), path, true, &fixture_arena, &why);
}
static enum err restore(void) { return restore_to(fixture_db); }

/* Into a folder that is not there yet. */
static enum err restore_anew(void) {
    const char *path = fixture_path("new/gradus.db");
    enum err e = restore_to(path);
    if (e == OK) assert_int_equal(fixture_count_in(path), 5);
    unlink(path);
    unlink(fixture_path("new/gradus.db.lock"));
    rmdir(fixture_path("new"));
    return e;
}

static enum err restore_with_a_key(void) {
    static const char *const names[] = {"gradus.db", "keys/a.key"};
    struct store_stage s;
    struct store_partial p;
    enum err e = store_stage_begin(&s, fixture_db, true, &fixture_arena, &why);
    if (e != OK) return e;
    const char *file = store_stage_file(&s, names[0], &fixture_arena);
    e = store_partial_begin(&p, file, &fixture_arena, &why);
    if (e == OK) {
        e = store_copy_into(fixture_path("five.db"), &p, &fixture_arena, &why);
        if (e == OK) e = store_partial_publish(&p, &fixture_arena, &why);
        store_partial_end(&p, &fixture_arena);
    }
    file = store_stage_file(&s, names[1], &fixture_arena);
    if (e == OK && !file_write(file, "key", 3, 0600)) {
        why = strerror(errno);
        e = ERR_IO;
    }
    if (e == OK) e = store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why);
    store_stage_end(&s, &fixture_arena);
    size_t len;
    const char *key = file_read(&fixture_arena, fixture_path("keys/a.key"), 10, &len);
    if (e == OK) assert_string_equal(key, "key");
    return e;
}

static void remove_folder(const char *name) {
    DIR *dir = opendir(fixture_path(name));
    for (struct dirent *e; dir && (e = readdir(dir));) unlinkat(dirfd(dir), e->d_name, 0);
    if (dir) closedir(dir);
    rmdir(fixture_path(name));
}

/* What is not known to be on the disk is not told to be there, and what was there is there still.
 */
static void a_failed_sync_is_told(void **state) {
    static const struct {
        enum err (*run)(void);
        int untold; /* those of file_write, which are made once more */
    } ways[] = {{back_up, 0}, {restore, 1}, {restore_anew, 1}, {restore_with_a_key, 2}};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        int untold = 0, nth = 1;
        for (bool all = false; !all; nth++) {
            fixture_teardown(state);
            fixture_setup(state);
            fixture_fill(5);
            failing_sync = 0;
            assert_int_equal(
                store_backup(fixture_db, fixture_path("five.db"), &fixture_arena, &why), OK);
            fixture_fill(9);
            syncs = 0;
            failing_sync = nth;
            why = NULL;
            enum err e = ways[i].run();
            failing_sync = 0;
            all = syncs < nth;
            if (e == OK && !all) untold++;
            if (e != OK && !all) assert_int_equal(e, ERR_IO);
            if (e != OK && !strstr(why, "Input/output error")) fail_msg("sync %d: %s", nth, why);
            int64_t n = fixture_count_in(fixture_db);
            if (n != 9 && (ways[i].run == back_up || n != 5)) fail_msg("sync %d", nth);
            remove_folder(".restoring/keys");
            remove_folder(".restoring");
            remove_folder("keys");
        }
        assert_in_range(nth, 4, 40);
        assert_int_equal(untold, ways[i].untold);
    }
}

/* ---- Names and locks ------------------------------------------------------------------------ */

static void a_name_that_was_taken_meanwhile_is_left(void **state) {
    (void)state;
    struct store_partial p;
    const char *to = fixture_path("b.db");
    assert_int_equal(store_partial_begin(&p, to, &fixture_arena, &why), OK);
    assert_true(file_write(to, "another's", 9, 0600));
    assert_int_equal(store_partial_publish(&p, &fixture_arena, &why), ERR_CONFLICT);
    assert_non_null(strstr(why, "b.db cannot be made: File exists."));
    store_partial_end(&p, &fixture_arena);
    store_partial_end(&p, &fixture_arena); /* once is enough, and twice no harm */
    assert_int_not_equal(access(p.path, F_OK), 0);
    size_t len;
    assert_string_equal(file_read(&fixture_arena, to, 100, &len), "another's");
    to = fixture_path("no/such/folder/b.db");
    assert_int_equal(store_partial_begin(&p, to, &fixture_arena, &why), ERR_IO);
    assert_non_null(strstr(why, "cannot be made: No such file"));
}

/* Of makers that live no more, and nothing else. */
static void leftovers_of_the_dead_are_removed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool stays;
    } files[] = {{"b.db.77.gradus-partial", false},     {"b.db.77.gradus-partial-journal", false},
                 {"b.db.77.gradus-partial-wal", false}, {"b.db.77.gradus-partial-shm", false},
                 {"gradus.db.12.partial", false},       {"gradus.db.0.partial", false},
                 {"gradus.db.9.partial", false},        {"gradus.db..partial", true},
                 {"gradus.db.x.partial", true},         {"gradus.db.1x2.partial", true},
                 {"gradus.db.1:.partial", true},        {"other.db.12.partial", true},
                 {"gradus.db.12.partials", true},       {"c.db.78.gradus-partial.old", true}};
    const char *living = fixture_path("d.db.79.gradus-partial"),
               *link = fixture_path("e.db.gradus-partial"),
               *folder = fixture_path("f.gradus-partial");
    for (size_t i = 0; i < COUNT_OF(files); i++)
        assert_true(file_write(fixture_path(files[i].name), "x", 1, 0600));
    int fd = open(living, O_RDWR | O_CREAT, 0600);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(symlink("gradus.db..partial", link), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    store_remove_leftovers(fixture_path("b.db"), &fixture_arena);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if ((access(fixture_path(files[i].name), F_OK) == 0) != files[i].stays)
            fail_msg("%s", files[i].name);
    assert_int_equal(access(living, F_OK), 0);
    assert_int_equal(access(link, F_OK), 0);
    assert_int_equal(access(folder, F_OK), 0);
    close(fd);
    store_remove_leftovers(fixture_path("b.db"), &fixture_arena);
    assert_int_not_equal(access(living, F_OK), 0);
    rmdir(folder);
}

/* What cannot be synced is told. */
static void what_is_synced(void **state) {
    (void)state;
    char deep[5000];
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    deep[0] = deep[4500] = '/';
    const char *file = fixture_path("synced");
    assert_true(file_write(file, "x", 1, 0600));
    assert_int_equal(file_sync(file), 0);
    assert_int_equal(file_sync_folder(file), 0);
    assert_int_equal(file_sync(fixture_path("nowhere")), ENOENT);
    assert_int_equal(file_sync_folder(fixture_path("nowhere/file")), ENOENT);
    assert_int_equal(file_sync_folder("/file"), 0);
    assert_int_equal(file_sync_folder("file"), 0); /* here */
    assert_int_equal(file_sync_folder(deep), ENAMETOOLONG);
}

/* A backup of what is no database is none, and leaves no file. */
static void nothing_is_copied_from_no_database(void **state) {
    (void)state;
    const char *text = "no database, but as long as what SQLite looks at, which is a hundred bytes "
                       "of the file's beginning.....";
    assert_true(file_write(fixture_db, text, strlen(text), 0600));
    assert_int_equal(back_up(), ERR_IO);
    assert_non_null(strstr(why, "is not a database"));
    assert_int_not_equal(access(fixture_path("b.db"), F_OK), 0);
    unlink(fixture_db);
    fixture_fill(2);
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(fixture_db, &sql), SQLITE_OK);
    assert_int_equal(db_exec(sql, "INSERT INTO child (note_id) VALUES (77), (78)"), SQLITE_OK);
    sqlite3_close(sql);
    assert_int_equal(back_up(), ERR_INVALID);
    assert_non_null(strstr(why, "gradus.db is damaged: 2 rows point at rows that are not there."));
    assert_non_null(strstr(why, "The fault is in the database itself"));
    assert_int_equal(store_check_backup(fixture_db, &fixture_arena, &why), ERR_INVALID);
    assert_int_not_equal(access(fixture_path("b.db"), F_OK), 0);
}

static void a_directory_is_no_database(void **state) {
    (void)state;
    const char *folder = fixture_path("folder.db");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_non_null(strstr(fixture_refused(folder, false, ERR_IO), "cannot be opened: Is a dir"));
    rmdir(folder);
}

/* Who may read but not write shares a lock, and has none for himself. */
static void a_lock_that_cannot_be_written_is_shared(void **state) {
    (void)state;
    int fd, other;
    errno = EINTR; /* of a call before */
    assert_int_equal(file_lock(&fd, fixture_db, LOCK_EXCLUSIVE, &fixture_arena, &why), OK);
    assert_int_equal(file_lock(&other, fixture_db, LOCK_SHARED, &fixture_arena, &why), ERR_BUSY);
    assert_int_equal(other, -1);
    assert_non_null(strstr(why, "is being restored or brought up to date"));
    file_unlock(fd);
    file_unlock(-1);
    /* A program without a standard input gets its number. */
    int input = dup(STDIN_FILENO);
    close(STDIN_FILENO);
    int synced = file_sync(fixture_folder);
    enum err first = file_lock(&fd, fixture_db, LOCK_EXCLUSIVE, &fixture_arena, &why);
    file_unlock(fd);
    enum err second = file_lock(&other, fixture_db, LOCK_EXCLUSIVE, &fixture_arena, &why);
    file_unlock(other);
    dup2(input, STDIN_FILENO);
    close(input);
    assert_int_equal(synced, 0);
    assert_int_equal(fd, STDIN_FILENO);
    assert_int_equal(first, OK);
    assert_int_equal(second, OK);
    if (geteuid() != 0) return; /* root alone becomes somebody else, and comes back */
    chmod(fixture_folder, 0755);
    chmod(fixture_path("gradus.db.lock"), 0644);
    assert_int_equal(seteuid(65534), 0);
    enum err shared = file_lock(&fd, fixture_db, LOCK_SHARED, &fixture_arena, &why);
    bool held = fd >= 0;
    enum err alone = file_lock(&other, fixture_db, LOCK_EXCLUSIVE, &fixture_arena, &why);
    const char *said = why;
    enum err absent = file_lock(&other, fixture_path("absent"), LOCK_SHARED, &fixture_arena, &why);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(shared, OK);
    assert_true(held);
    assert_int_equal(alone, ERR_IO);
    assert_non_null(
        strstr(said, "gradus.db.lock cannot be opened: it, its folder or the disk is read-only"));
    assert_int_equal(absent, OK);
    assert_int_equal(other, -1);
    file_unlock(fd);
}

/* Where SQLite cannot make its shared memory, whatever the name. */
static void a_folder_that_cannot_be_written_is_read(void **state) {
    (void)state;
    if (geteuid() != 0) skip(); /* root alone becomes somebody else, and comes back */
    const char *path = fixture_path("50% of what? #1 \xc3\xa9.db");
    fixture_fill(3);
    assert_int_equal(rename(fixture_db, path), 0);
    chmod(path, 0644);
    chmod(fixture_folder, 0555);
    struct store *s = NULL;
    assert_int_equal(seteuid(65534), 0);
    enum err e = store_open(&s, &(struct store_options){.path = path, .read_only = true},
                            &fixture_arena, &why);
    int64_t n = e == OK ? fixture_count(s) : -1;
    if (e == OK) store_close(s, 0);
    assert_int_equal(seteuid(0), 0);
    chmod(fixture_folder, 0700);
    assert_int_equal(e, OK);
    assert_int_equal(n, 3);
    /* Nobody reads past a WAL. */
    assert_true(file_write(arena_printf(&fixture_arena, "%s-wal", path), "x", 1, 0600));
    chmod(fixture_folder, 0555);
    assert_int_equal(seteuid(65534), 0);
    e = store_open(&s, &(struct store_options){.path = path, .read_only = true}, &fixture_arena,
                   &why);
    assert_int_equal(seteuid(0), 0);
    chmod(fixture_folder, 0700);
    assert_int_equal(e, ERR_IO);
}

/* SQLite opens a file of a later format for reading alone. */
static void a_file_of_a_later_sqlite_is_not_written(void **state) {
    (void)state;
    fixture_fill(3);
    int fd = open(fixture_db, O_RDWR);
    assert_int_equal(pwrite(fd, "\3", 1, 18), 1);
    close(fd);
    assert_non_null(strstr(fixture_refused(fixture_db, false, ERR_IO), "read-only"));
}

/* A read-only store whose first reader found no WAL is no photograph. */
static void a_reader_sees_what_others_save(void **state) {
    (void)state;
    fixture_fill(1);
    struct store *r = fixture_open_with((struct store_options){.read_only = true});
    assert_int_equal(fixture_count(r), 1);
    fixture_fill(2);
    assert_int_equal(fixture_count(r), 2);
    assert_true(store_close(r, 0));
}

int main(void) {
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes_are_errors, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(codes_are_sentences, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_disk_without_room_is_full, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_systems_own_words_are_told, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_told, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_name_that_was_taken_meanwhile_is_left, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_copied_from_no_database, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_directory_is_no_database, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_lock_that_cannot_be_written_is_shared, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(leftovers_of_the_dead_are_removed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_synced, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_written_is_read, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_file_of_a_later_sqlite_is_not_written, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reader_sees_what_others_save, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
