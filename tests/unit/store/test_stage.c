/* A restore that the power cuts in two: before its moment nothing has happened, after it
 * everything. */
#include "fixture.h"

#include <errno.h>

#include "base/text.h"
#include "store/store_file.h"

static const char *why;

/* Disks without links (and one that fails to make them), and one that fails at the moment when all
 * takes its place: these stand before the C library's. */
static bool no_moment;
static int no_links; /* errno; 0: they can be made */

int link(const char *from, const char *to) {
    if (!no_links) return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
    errno = no_links;
    return -1;
}

int rename(const char *from, const char *to) {
    if (!no_moment || !strstr(to, "restore-ready")) return renameat(AT_FDCWD, from, AT_FDCWD, to);
    errno = EIO;
    return -1;
}

static void put(const char *name, const char *text) {
    assert_true(file_write(fixture_path(name), text, strlen(text), 0600));
}

/* NULL when it is not there. */
static const char *get(const char *name) {
    size_t len;
    return file_read(&fixture_arena, fixture_path(name), 1000, &len);
}

/* With the folders, which the fixture does not know. */
static int teardown(void **state) {
    static const char *const folders[] = {"keys", "keys.before-restore"};
    static const char *const files[] = {"issuer-0001.key", "issuer-0002.key"};
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        for (size_t k = 0; k < COUNT_OF(files); k++)
            unlink(fixture_path(arena_printf(&fixture_arena, "%s/%s", folders[i], files[k])));
        rmdir(fixture_path(folders[i]));
    }
    return fixture_teardown(state);
}

static void begin_academy(void) {
    fixture_fill(9);
    put("gradus.db.audit-head", "old head");
    put("lab.key", "old lab");
    assert_int_equal(mkdir(fixture_path("keys"), 0700), 0);
    put("keys/issuer-0001.key", "old 1");
    put("keys/issuer-0002.key", "old 2");
}

/* Lays a backup of five rows and its keys out. */
static void lay_out(struct store_stage *s, const char *backup) {
    assert_int_equal(store_stage_begin(s, fixture_db, true, &fixture_arena, &why), OK);
    struct store_partial into;
    const char *db = store_stage_file(s, "gradus.db", &fixture_arena);
    assert_int_equal(store_partial_begin(&into, db, &fixture_arena, &why), OK);
    assert_int_equal(store_copy_into(backup, &into, &fixture_arena, &why), OK);
    assert_int_equal(store_partial_publish(&into, &fixture_arena, &why), OK);
    store_partial_end(&into, &fixture_arena);
    static const char *const files[][2] = {{"gradus.db.audit-head", "new head"},
                                           {"keys/issuer-0001.key", "new 1"}};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        assert_true(file_write(store_stage_file(s, files[i][0], &fixture_arena), files[i][1],
                               strlen(files[i][1]), 0600));
}

static const char *const names[] = {"gradus.db.audit-head", "keys/issuer-0001.key", "gradus.db"};

static void is_new(void) {
    assert_int_equal(fixture_count_in(fixture_db), 5);
    assert_string_equal(get("gradus.db.audit-head"), "new head");
    assert_string_equal(get("keys/issuer-0001.key"), "new 1");
    assert_null(get("keys/issuer-0002.key"));       /* of an academy whose keys were replaced */
    assert_string_equal(get("lab.key"), "old lab"); /* not in that backup */
    assert_null(get("restore-ready/plan"));
    assert_int_not_equal(access(fixture_path("restore-ready"), F_OK), 0);
    assert_int_not_equal(access(fixture_path(".restoring"), F_OK), 0);
    /* The old one is whole. */
    assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore")), 9);
    assert_string_equal(get("gradus.db.before-restore.audit-head"), "old head");
    assert_string_equal(get("keys.before-restore/issuer-0001.key"), "old 1");
    assert_string_equal(get("keys.before-restore/issuer-0002.key"), "old 2");
}

static const char *backup_of_five(void) {
    fixture_fill(5);
    const char *backup = fixture_path("b.db");
    assert_int_equal(store_backup(fixture_db, backup, &fixture_arena, &why), OK);
    unlink(fixture_db);
    return backup;
}

static void interrupt_at_each_step(void **state, bool again) {
    bool whole = false;
    for (int steps = 0; !whole; steps++) {
        assert_true(steps < 20);
        if (steps || again) {
            teardown(state);
            assert_int_equal(fixture_setup(state), 0);
        }
        const char *backup = backup_of_five();
        begin_academy();
        struct store_stage s;
        lay_out(&s, backup);
        store_stage_stop_after = steps;
        enum err e = store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why);
        whole = e == OK;
        if (!whole) assert_non_null(strstr(why, "Nothing is lost"));
        store_stage_stop_after = -1;
        store_stage_end(&s, &fixture_arena);
        /* Whoever comes next: a server, or another restore. */
        if (steps % 2) assert_true(store_close(fixture_open(), 1000));
        else {
            assert_int_equal(store_stage_begin(&s, fixture_db, true, &fixture_arena, &why), OK);
            store_stage_end(&s, &fixture_arena);
        }
        is_new();
    }
}

static void an_interrupted_restore_is_finished_by_the_next_open(void **state) {
    interrupt_at_each_step(state, false);
    static const int linkless[] = {EPERM, EOPNOTSUPP, EMLINK};
    for (size_t i = 0; i < COUNT_OF(linkless); i++) {
        no_links = linkless[i];
        interrupt_at_each_step(state, true);
    }
    no_links = 0;
}

/* A restore that fails is as if it had not been tried: the old database is where it was, and
 * nothing is kept of it twice. */
static void a_failed_restore_leaves_everything_as_it_was(void **state) {
    static const int links[] = {0, EPERM, EIO};
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        if (i) {
            teardown(state);
            assert_int_equal(fixture_setup(state), 0);
        }
        const char *backup = backup_of_five();
        begin_academy();
        struct store_stage s;
        lay_out(&s, backup);
        no_links = links[i];
        no_moment = links[i] != EIO;
        assert_int_equal(store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why),
                         ERR_IO);
        no_moment = false;
        no_links = 0;
        assert_non_null(strstr(why, "gradus.db cannot be put in place: "));
        assert_non_null(strstr(why, "Input/output error"));
        store_stage_end(&s, &fixture_arena);
        assert_int_equal(fixture_count_in(fixture_db), 9);
        assert_string_equal(get("gradus.db.audit-head"), "old head");
        assert_string_equal(get("keys/issuer-0001.key"), "old 1");
        static const char *const left[] = {"gradus.db.before-restore",
                                           "gradus.db.before-restore.audit-head",
                                           "keys.before-restore", ".restoring", "restore-ready"};
        for (size_t k = 0; k < COUNT_OF(left); k++)
            if (access(fixture_path(left[k]), F_OK) == 0) fail_msg("%s is left", left[k]);
        lay_out(&s, backup);
        assert_int_equal(store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why), OK);
        store_stage_end(&s, &fixture_arena);
        is_new();
    }
}

/* A plan of more than 64 KiB could once not be read any more, and the restore never ended. */
static void a_restore_over_many_files_ends(void **state) {
    (void)state;
    const char *backup = backup_of_five();
    begin_academy();
    for (int i = 0; i < 2000; i++) {
        int fd = open(
            fixture_path(arena_printf(&fixture_arena, "keys/a-file-that-somebody-put-here-%d", i)),
            O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    struct store_stage s;
    lay_out(&s, backup);
    enum err e = store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why);
    store_stage_end(&s, &fixture_arena);
    for (int i = 0; i < 2000; i++)
        for (int k = 0; k < 2; k++)
            unlink(
                fixture_path(arena_printf(&fixture_arena, "keys%s/a-file-that-somebody-put-here-%d",
                                          k ? "" : ".before-restore", i)));
    assert_int_equal(e, OK);
    is_new();
}

static void before_its_moment_nothing_has_happened(void **state) {
    (void)state;
    const char *backup = backup_of_five();
    begin_academy();
    struct store_stage s;
    lay_out(&s, backup);
    file_unlock(s.lock); /* it dies here */
    assert_true(store_close(fixture_open(), 1000));
    assert_int_equal(fixture_count_in(fixture_db), 9);
    assert_string_equal(get("keys/issuer-0001.key"), "old 1");
    assert_string_equal(get("gradus.db.audit-head"), "old head");
    /* What it left is no hindrance for the next one. */
    lay_out(&s, backup);
    assert_int_equal(store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why), OK);
    store_stage_end(&s, &fixture_arena);
    is_new();
}

/* What a backup does not bring stays: its keys above all. */
static void a_restore_of_one_file_leaves_the_keys(void **state) {
    (void)state;
    const char *backup = backup_of_five();
    begin_academy();
    assert_int_equal(store_restore(backup, fixture_db, true, &fixture_arena, &why), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
    assert_string_equal(get("keys/issuer-0001.key"), "old 1");
    assert_string_equal(get("keys/issuer-0002.key"), "old 2");
    assert_int_not_equal(access(fixture_path("keys.before-restore"), F_OK), 0);
    /* The head is the old log's. */
    assert_null(get("gradus.db.audit-head"));
    assert_string_equal(get("gradus.db.before-restore.audit-head"), "old head");
}

/* Somebody names a file twice: it is put in place once, and kept once. */
static void a_name_that_comes_twice_is_one(void **state) {
    (void)state;
    static const char *const twice[] = {"gradus.db.audit-head", "gradus.db", "keys/issuer-0001.key",
                                        "gradus.db.audit-head", "keys/issuer-0001.key"};
    const char *backup = backup_of_five();
    begin_academy();
    struct store_stage s;
    lay_out(&s, backup);
    assert_int_equal(store_stage_commit(&s, twice, COUNT_OF(twice), &fixture_arena, &why), OK);
    store_stage_end(&s, &fixture_arena);
    is_new();
}

static void a_place_to_lay_out_that_is_taken_is_told(void **state) {
    (void)state;
    struct store_stage s;
    put(".restoring", "a file of somebody");
    assert_int_equal(store_stage_begin(&s, fixture_db, false, &fixture_arena, &why), ERR_IO);
    assert_non_null(strstr(why, "/.restoring cannot be made: File exists."));
    assert_string_equal(get(".restoring"), "a file of somebody");
}

static unsigned mode_of(const char *name) {
    struct stat st;
    assert_int_equal(stat(fixture_path(name), &st), 0);
    return st.st_mode & 07777;
}

/* Keys lie there. */
static void what_is_laid_out_is_nobody_elses(void **state) {
    (void)state;
    struct store_stage s;
    mode_t before = umask(0);
    assert_int_equal(
        store_stage_begin(&s, fixture_path("new/gradus.db"), false, &fixture_arena, &why), OK);
    (void)store_stage_file(&s, "keys/a.key", &fixture_arena);
    assert_int_equal(mode_of("new"), 0700);
    assert_int_equal(mode_of("new/.restoring"), 0700);
    assert_int_equal(mode_of("new/.restoring/keys"), 0700);
    store_stage_end(&s, &fixture_arena);
    umask(before);
    assert_int_not_equal(access(fixture_path("new"), F_OK), 0);
}

/* The second one is told that the place is in use, and takes nothing from the first. */
static void a_second_restore_leaves_the_first_alone(void **state) {
    (void)state;
    const char *backup = backup_of_five();
    begin_academy();
    struct store_stage first, second;
    lay_out(&first, backup);
    assert_int_equal(store_stage_begin(&second, fixture_db, true, &fixture_arena, &why), ERR_BUSY);
    assert_non_null(strstr(why, "in use"));
    assert_int_equal(store_stage_commit(&first, names, COUNT_OF(names), &fixture_arena, &why), OK);
    store_stage_end(&first, &fixture_arena);
    is_new();
}

/* The same where the first one made the folder, and its lock with it. */
static void a_second_restore_leaves_the_lock_of_the_first(void **state) {
    (void)state;
    const char *path = fixture_path("new/gradus.db");
    struct store_stage first, others;
    assert_int_equal(store_stage_begin(&first, path, false, &fixture_arena, &why), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_stage_begin(&others, path, false, &fixture_arena, &why), ERR_BUSY);
    store_stage_end(&first, &fixture_arena);
    assert_int_not_equal(access(fixture_path("new"), F_OK), 0);
}

/* What an interrupted restore has put in place is there already, and replaced by nobody who did not
 * say so. */
static void without_replace_nothing_is_replaced(void **state) {
    (void)state;
    const char *backup = backup_of_five();
    struct store_stage s;
    lay_out(&s, backup);
    store_stage_stop_after = 0;
    assert_int_equal(store_stage_commit(&s, names, COUNT_OF(names), &fixture_arena, &why), ERR_IO);
    store_stage_stop_after = -1;
    store_stage_end(&s, &fixture_arena);
    assert_int_not_equal(access(fixture_db, F_OK), 0);
    assert_int_equal(store_stage_begin(&s, fixture_db, false, &fixture_arena, &why), ERR_CONFLICT);
    assert_non_null(strstr(why, "--replace"));
    assert_int_equal(fixture_count_in(fixture_db), 5);
    assert_int_not_equal(access(fixture_path(".restoring"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_interrupted_restore_is_finished_by_the_next_open,
                                        fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_restore_leaves_everything_as_it_was, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_restore_over_many_files_ends, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(before_its_moment_nothing_has_happened, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_restore_of_one_file_leaves_the_keys, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_laid_out_is_nobody_elses, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_comes_twice_is_one, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_to_lay_out_that_is_taken_is_told, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_second_restore_leaves_the_first_alone, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_second_restore_leaves_the_lock_of_the_first,
                                        fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(without_replace_nothing_is_replaced, fixture_setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
