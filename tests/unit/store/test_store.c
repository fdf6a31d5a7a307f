/* Opening a store: what is made, what is refused and how that is said; readers, processes,
 * numbers. */
#include "unit/store/fixture.h"

#include <pthread.h>

static void put(const char *path, const void *bytes, size_t len) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void overwrite(const char *path, long at, const void *bytes, size_t len) {
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void files_are_private(void **state) {
    (void)state;
    umask(0);
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    static const char *const names[] = {"gradus.db", "gradus.db-wal", "gradus.db-shm",
                                        "gradus.db.lock"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct stat st;
        assert_int_equal(stat(fixture_path(names[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_true(store_close(s, 1000));
}

static void what_was_saved_is_there_again(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct store *s = fixture_open();
        assert_int_equal(fixture_count(s), i);
        assert_int_equal(fixture_save(s, i, "a"), OK);
        assert_true(store_close(s, 1000));
    }
}

static void strange_places_are_refused(void **state) {
    (void)state;
    assert_non_null(
        strstr(fixture_refused(fixture_path("no/such/folder.db"), false, ERR_IO), "No such file"));
    assert_non_null(strstr(fixture_refused(fixture_folder, false, ERR_IO), "cannot be opened"));
    assert_non_null(strstr(fixture_refused(fixture_path("absent.db"), true, ERR_NOT_FOUND),
                           "no academy at this place"));
    assert_int_not_equal(access(fixture_path("absent.db"), F_OK), 0);
    assert_int_not_equal(access(fixture_path("absent.db.lock"), F_OK), 0);
    char long_name[5000];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_non_null(strstr(fixture_refused(long_name, false, ERR_IO), "too long"));
    char lock[PATH_MAX + 32];
    snprintf(lock, sizeof lock, "%s.lock", fixture_folder);
    unlink(lock);
}

/* A mistyped folder does not become an academy. */
static void what_must_exist_is_not_made(void **state) {
    (void)state;
    static const char *const names[] = {"absent.db", "no/such/folder.db"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct store *s = NULL;
        const char *why = NULL;
        struct store_options options = {.path = fixture_path(names[i]), .must_exist = true};
        assert_int_equal(store_open(&s, &options, &fixture_arena, &why), ERR_NOT_FOUND);
        assert_null(s);
        assert_non_null(strstr(why, "no academy at this place"));
    }
    assert_int_not_equal(access(fixture_path("absent.db"), F_OK), 0);
    assert_int_not_equal(access(fixture_path("absent.db.lock"), F_OK), 0);
    assert_int_not_equal(access(fixture_path("no"), F_OK), 0);
}

/* One server; a command beside it opens as before. */
static void a_second_server_is_refused(void **state) {
    (void)state;
    struct store_options serving = {.path = fixture_db, .serving = true};
    struct store *first = NULL, *second = NULL;
    const char *why = NULL;
    assert_int_equal(store_open(&first, &serving, &fixture_arena, &why), OK);
    assert_int_equal(store_open(&second, &serving, &fixture_arena, &why), ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(why, "is served by another process already"));
    struct store *command = fixture_open();
    assert_int_equal(fixture_save(command, 1, "beside it"), OK);
    assert_true(store_close(command, 1000));
    assert_int_equal(fixture_save(first, 2, "and it goes on"), OK);
    assert_true(store_close(first, 1000));
    assert_int_equal(store_open(&second, &serving, &fixture_arena, &why), OK);
    assert_int_equal(fixture_count(second), 2);
    assert_true(store_close(second, 1000));
    unlink(fixture_path("gradus.db.serving"));
}

static void damaged_files_are_refused_and_kept(void **state) {
    (void)state;
    struct store *s = fixture_open();
    for (int i = 0; i < 300; i++)
        assert_int_equal(fixture_save(s, i, "some text that fills pages"), OK);
    assert_true(store_close(s, 1000));
    char zeros[4096] = {0};
    static const struct {
        const char *what;
        long at;
        size_t len;
        const char *says;
    } cases[] = {
        {"no database at all", 0, 16, "is not a database"},
        {"the page size", 16, 2, "is not a database"},
        {"the schema's page", 100, 3996, "damaged"},
    };
    char *whole = arena_alloc(&fixture_arena, 1 << 20),
         *after = arena_alloc(&fixture_arena, 1 << 20);
    FILE *f = fopen(fixture_db, "rb");
    size_t size = fread(whole, 1, 1 << 20, f);
    fclose(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put(fixture_db, whole, size);
        overwrite(fixture_db, cases[i].at, zeros, cases[i].len);
        for (int read_only = 0; read_only < 2; read_only++) {
            struct store *none = NULL;
            const char *why = NULL;
            struct store_options options = {.path = fixture_db, .read_only = read_only};
            assert_int_not_equal(store_open(&none, &options, &fixture_arena, &why), OK);
            assert_null(none);
            if (!strstr(why, cases[i].says)) fail_msg("%s: %s", cases[i].what, why);
            assert_non_null(strstr(why, "Nothing was changed."));
        }
        f = fopen(fixture_db, "rb");
        assert_int_equal(fread(after, 1, 1 << 20, f), size);
        fclose(f);
        assert_memory_equal(after + 4096, whole + 4096, size - 4096);
    }
    put(fixture_db,
        "a text file, rather longer than a hundred bytes, since SQLite looks at the first hundred of them "
        "only...",
        102);
    assert_non_null(strstr(fixture_refused(fixture_db, false, ERR_IO), "is not a database"));
    put(fixture_db, whole, size);
    s = fixture_open();
    assert_int_equal(fixture_count(s), 300);
    assert_true(store_close(s, 1000));
}

/* Half a file: reads fail when they come to the missing half, and say so. */
static void a_truncated_file_is_an_error_not_a_crash(void **state) {
    (void)state;
    struct store *s = fixture_open();
    for (int i = 0; i < 2000; i++)
        assert_int_equal(fixture_save(s, i, "some text that fills pages, page by page"), OK);
    assert_true(store_close(s, 1000));
    struct stat st;
    assert_int_equal(stat(fixture_db, &st), 0);
    assert_int_equal(truncate(fixture_db, st.st_size / 4096 / 2 * 4096), 0);
    s = NULL;
    const char *why = NULL;
    enum err e = store_open(&s, &(struct store_options){.path = fixture_db}, &fixture_arena, &why);
    if (e == OK) {
        struct stmt *q = db_query(store_reader(s), Q(NOTE_ALL), "");
        int rows = 0;
        while (stmt_row(q)) rows++;
        assert_int_equal(stmt_end(q), ERR_IO);
        assert_true(rows < 2000);
        assert_true(store_close(s, 1000));
    } else assert_non_null(strstr(why, "damaged"));
}

/* Root may write everywhere, so a child becomes nobody. */
static void read_only_places_say_so(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become somebody else\n");
        skip();
    }
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    assert_true(store_close(s, 1000));
    static const struct {
        mode_t folder, file;
        bool read_only, fine;
    } cases[] = {
        {0755, 0644, false, false}, /* nothing may be written */
        {0777, 0644, false, false}, /* the file may not */
        {0755, 0644, true, true},   /* and nothing need be */
        {0755, 0600, true, false},
    };
    unlink(fixture_path("gradus.db.lock"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        chmod(fixture_folder, cases[i].folder);
        chmod(fixture_db, cases[i].file);
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            if (setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
            const char *why = NULL;
            struct store_options options = {.path = fixture_db, .read_only = cases[i].read_only};
            enum err e = store_open(&s, &options, &fixture_arena, &why);
            if (e == OK && cases[i].fine)
                _exit(fixture_count(s) == 1 && store_close(s, 10) ? 0 : 1);
            if (e == OK || cases[i].fine) {
                fprintf(stderr, "%s\n", why ? why : "opened");
                _exit(2);
            }
            bool clear = strstr(why, "read-only for this user") &&
                         strstr(why, "Nothing was changed");
            if (!clear) fprintf(stderr, "%s\n", why);
            _exit(clear ? 0 : 3);
        }
        int status = -1;
        waitpid(child, &status, 0);
        if (status != 0) fail_msg("case %zu: status %x", i, (unsigned)status);
    }
}

/* In a folder where SQLite cannot make its shared memory, it is given the path as a URI: whatever
 * characters that has, this file is read and no other. */
static void a_strange_path_is_read_in_a_read_only_folder(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become somebody else\n");
        skip();
    }
    fixture_fill(3);
    const char *folder = fixture_path("a %41?b=c#d&é"),
               *strange = arena_printf(&fixture_arena, "%s/x.db", folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(rename(fixture_db, strange), 0);
    chmod(strange, 0644);
    chmod(fixture_folder, 0755);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
        const char *why = NULL;
        enum err e = store_check_backup(strange, &fixture_arena, &why);
        if (e != OK) fprintf(stderr, "%s\n", why);
        _exit(e == OK ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    unlink(strange);
    rmdir(folder);
}

static void reading_needs_no_writer(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    struct store *r = fixture_open_with(
        (struct store_options){.read_only = true}); /* beside a running one */
    assert_int_equal(fixture_count(r), 1);
    assert_int_equal(fixture_save(s, 2, "b"), OK);
    assert_int_equal(fixture_count(r), 2);
    assert_int_equal(fixture_save(r, 3, "c"), ERR_DENIED);
    assert_true(store_healthy(r));
    struct store_stats stats;
    store_stats(r, &stats);
    assert_true(stats.file_bytes > 0);
    assert_int_equal(stats.jobs, 0);
    assert_true(store_close(r, 0));
    assert_true(store_close(s, 1000));
}

static struct store *shared;
static struct db *seen[8];
static void *lease(void *arg) {
    int i = (int)(intptr_t)arg;
    seen[i] = store_reader(shared);
    if (seen[i] != store_reader(shared)) seen[i] = NULL;
    return NULL;
}

static void each_thread_has_its_reader(void **state) {
    (void)state;
    shared = fixture_open();
    pthread_t threads[8];
    for (intptr_t i = 0; i < 8; i++) pthread_create(&threads[i], NULL, lease, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    struct db *mine = store_reader(shared);
    for (int i = 0; i < 8; i++) assert_non_null(seen[i]);
    /* Connections of threads that ended are closed: many threads, one after another, need few
     * descriptors. */
    for (intptr_t i = 0; i < 2000; i++) {
        pthread_create(&threads[0], NULL, lease, (void *)0);
        pthread_join(threads[0], NULL);
        assert_non_null(seen[0]);
    }
    assert_ptr_equal(mine, store_reader(shared));
    assert_true(store_close(shared, 1000));
}

static void two_stores_in_one_process(void **state) {
    (void)state;
    struct store *a = fixture_open(),
                 *b = fixture_open_with((struct store_options){.path = fixture_path("b.db")});
    assert_int_equal(fixture_save(a, 1, "a"), OK);
    assert_int_equal(fixture_count(a), 1);
    assert_int_equal(fixture_count(b), 0);
    assert_true(store_close(a, 1000));
    assert_int_equal(fixture_save(b, 1, "b"), OK);
    assert_int_equal(fixture_count(b), 1);
    assert_true(store_close(b, 1000));
}

/* A command line beside a running server: both write, nobody loses. */
static void two_processes_may_write(void **state) {
    (void)state;
    fflush(NULL);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(ready[1]);
        if (read(ready[0], &byte, 1) != 0) _exit(9);
        struct store *mine = fixture_open();
        for (int i = 1000; i < 1100; i++)
            if (fixture_save(mine, i, "child") != OK) _exit(7);
        _exit(store_close(mine, 1000) ? 0 : 6);
    }
    struct store *s = fixture_open();
    close(ready[0]);
    close(ready[1]);
    for (int i = 0; i < 100; i++) assert_int_equal(fixture_save(s, i, "parent"), OK);
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(fixture_count(s), 200);
    assert_true(store_close(s, 1000));
}

static void the_wal_does_not_grow_for_ever(void **state) {
    (void)state;
    struct store *s = fixture_open();
    char *text = arena_alloc(&fixture_arena, 200 * 1024);
    memset(text, 'x', 200 * 1024 - 1);
    struct store_stats stats;
    int64_t largest = 0;
    for (int i = 0; i < 400; i++) { /* 80 MB */
        assert_int_equal(fixture_save(s, i, text), OK);
        store_stats(s, &stats);
        if (stats.wal_bytes > largest) largest = stats.wal_bytes;
    }
    assert_true(stats.file_bytes > 60 * 1024 * 1024);
    assert_true(largest < 40 * 1024 * 1024);
    assert_true(stats.commit_us_total > 0);
    assert_true(store_close(s, 5000));
    assert_int_not_equal(access(fixture_path("gradus.db-wal"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_private, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_saved_is_there_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(strange_places_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_must_exist_is_not_made, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_second_server_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged_files_are_refused_and_kept, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_truncated_file_is_an_error_not_a_crash, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(read_only_places_say_so, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_strange_path_is_read_in_a_read_only_folder, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(reading_needs_no_writer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(each_thread_has_its_reader, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(two_stores_in_one_process, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(two_processes_may_write, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_wal_does_not_grow_for_ever, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
