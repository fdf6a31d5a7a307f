/* The program of the lab workers: what is taken for it, what it is given, what it shares with the
 * server. */
#include "unit/lab/lab_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/sandbox.h"

/* A program that says `line` where the server listens. */
static const char *program(struct arena *a, const char *line) {
    const char *path = arena_printf(a, "/tmp/gradus-labs-test-%d", (int)getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", line);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

/* RULE lab-program: none, one of another build, one that fails; each has its own answer. */
static void test_programs_that_are_none(void **state) {
    const char *version = worker_version();
    const struct {
        const char *line;
        enum err e;
        const char *said;
    } cases[] = {
        {"exec " GRADUS_LABS, OK, NULL},
        {arena_printf(*state, "printf '+%s' >&3; cat <&3", version), ERR_IO, "starts no worker"},
        {arena_printf(*state, "printf '+%s.' >&3; cat <&3", version), ERR_CONFLICT, "version"},
        {arena_printf(*state, "printf '+%.*s' >&3; cat <&3", (int)strlen(version) - 1, version),
         ERR_CONFLICT, "version"},
        {"printf + >&3; cat <&3", ERR_CONFLICT, "version"},
        {arena_printf(*state, "printf '%s' >&3", version), ERR_CONFLICT, "version"},
        {"printf '%s' '-Cells are closed today.' >&3", ERR_IO, "Cells are closed today."},
        {"exit 1", ERR_IO, "does not start"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct zygote *z;
        const char *why = NULL, *path = program(*state, cases[i].line);
        enum err e = zygote_start(&z, path, *state, &why);
        unlink(path);
        if (e != cases[i].e) fail_msg("%s: %s, %s", cases[i].line, err_name(e), why ? why : "");
        if (cases[i].said && !strstr(why, cases[i].said)) fail_msg("%s", why);
        assert_true((z != NULL) == (e == OK));
        zygote_stop(z);
    }
    struct zygote *z;
    const char *why = NULL;
    assert_int_equal(zygote_start(&z, "/nowhere/gradus-labs", *state, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why, "/nowhere/gradus-labs"));
}

/* This program is a test: there is none beside it, nor installed with it. */
static void test_the_one_that_belongs_to_this_program(void **state) {
    struct zygote *z;
    const char *why = NULL;
    assert_int_equal(zygote_start(&z, NULL, *state, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why, "/sandbox/gradus-labs"));
    assert_non_null(strstr(why, "/libexec/gradus/gradus-labs"));
}

static size_t read_of(pid_t pid, const char *name, char *out, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(out, 1, size - 1, f);
    fclose(f);
    out[n] = '\0';
    return n;
}

static int descriptors_of(pid_t pid, int *highest) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    *highest = -1;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        if (atoi(e->d_name) > *highest) *highest = atoi(e->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

static void test_what_it_is_given(void **state) {
    (void)state;
    char text[4096];
    int secret = open("/dev/null", O_RDONLY); /* a descriptor that does not close by itself */
    assert_int_equal(setenv("GRADUS_TEST_SECRET", "hidden", 1), 0);
    const char *why;
    struct zygote *z;
    if (zygote_start(&z, GRADUS_LABS, *state, &why)) fail_msg("%s", why);
    size_t len = read_of(zygote_pid(z), "environ", text, sizeof text);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_int_equal(len, 0);
#endif
    assert_true(len < sizeof text);
    read_of(zygote_pid(z), "comm", text, sizeof text);
    assert_string_equal(text, "gradus-labs\n");
    /* While it starts it reads files of its own; what it was given stays open. */
    int highest = -1, count = 0;
    for (int i = 0; i < 500 && !(highest == SANDBOX_FD && count == SANDBOX_FD + 1); i++) {
        if (i) usleep(10000);
        count = descriptors_of(zygote_pid(z), &highest);
    }
    assert_int_equal(highest, SANDBOX_FD);
    assert_int_equal(count, SANDBOX_FD + 1);
    close(secret);
    zygote_stop(z);
}

/* Where the C library stands in a process, from its list of mappings. */
static unsigned long libc_of(pid_t pid) {
    static char text[256 * 1024];
    read_of(pid, "maps", text, sizeof text);
    char *hit = strstr(text, "/libc.so");
    assert_non_null(hit);
    while (hit > text && hit[-1] != '\n') hit--;
    return strtoul(hit, NULL, 16);
}

/* What somebody learns of a worker's addresses says nothing of the server's. */
static void test_its_own_layout(void **state) {
    (void)state;
    if (personality(0xffffffff) & ADDR_NO_RANDOMIZE) skip();
    unsigned long theirs = libc_of(zygote_pid(fixture_zygote()));
    assert_true(theirs != 0);
    assert_true(theirs != libc_of(getpid()));
}

/* ---- Starting again ------------------------------------------------------------------------- */
static bool makes_a_worker(struct zygote *z) { return zygote_try(z) == OK; }

/* Waits for what the keeper does by itself. */
static bool comes_true(bool (*condition)(struct zygote *z, pid_t pid), struct zygote *z,
                       pid_t pid) {
    for (int i = 0; i < 3000 && !condition(z, pid); i++) usleep(10000);
    return condition(z, pid);
}
static bool is_another(struct zygote *z, pid_t pid) {
    pid_t now = zygote_pid(z);
    return now && now != pid;
}
static bool fails(struct zygote *z, pid_t pid) {
    (void)pid;
    return zygote_failing(z);
}
static bool works(struct zygote *z, pid_t pid) {
    (void)pid;
    return !zygote_failing(z) && makes_a_worker(z);
}

static void *ask_all_the_time(void *arg) {
    for (int made = 0; made < 30; made += makes_a_worker(arg)) usleep(1000);
    return NULL;
}

/* Killed and stopped, whoever is there, also during asks; each is followed by another, none is left
 * as a zombie. */
static void test_one_after_another(void **state) {
    static const int signals[] = {SIGKILL, SIGSTOP, SIGKILL};
    const char *why;
    struct zygote *z;
    pthread_t askers[3];
    if (zygote_start(&z, GRADUS_LABS, *state, &why)) fail_msg("%s", why);
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        pid_t pid = zygote_pid(z);
        assert_int_equal(kill(pid, signals[i]), 0);
        assert_true(makes_a_worker(z));
        assert_int_not_equal(zygote_pid(z), pid);
        errno = 0;
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(errno, ESRCH);
    }
    zygote_stop(z);
    if (zygote_start(&z, GRADUS_LABS, *state, &why)) fail_msg("%s", why);
    for (size_t i = 0; i < COUNT_OF(askers); i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask_all_the_time, z), 0);
    for (int i = 0; i < 4; i++) {
        pid_t pid = zygote_pid(z);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_true(comes_true(is_another, z, pid));
        assert_true(comes_true(works, z, 0));
    }
    for (size_t i = 0; i < COUNT_OF(askers); i++) pthread_join(askers[i], NULL);
    pid_t last = zygote_pid(z);
    zygote_stop(z);
    assert_int_equal(kill(last, 0), -1);
}

/* Runs `work` in a process of its own and becomes the parent of all that it leaves behind; how many
 * those are. While this process has no other children. */
static int left_behind(void (*work)(void)) {
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    pid_t pid = fork();
    if (pid == 0) work();
    int count = -1;
    while (wait(NULL) > 0) count++;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
    return count;
}

static void start_and_stop(void) {
    struct arena a;
    struct zygote *z;
    struct worker w[5];
    const char *why;
    arena_init(&a, (size_t)64 << 20);
    const struct lab_scenario *s = fixture_scenario(&a);
    if (zygote_start(&z, GRADUS_LABS, &a, &why)) _exit(1);
    for (size_t i = 0; i < COUNT_OF(w); i++)
        if (client_start(&w[i], z, s->pack, s->pack_len, CHOICE, i, NULL, 0, &a, &why)) _exit(1);
    for (size_t i = 0; i < COUNT_OF(w); i++) worker_end(&w[i]);
    zygote_stop(z);
    _exit(0);
}

static void refuse_to_serve(void) {
    char path[] = GRADUS_LABS;
    *strrchr(path, '-') = '\0';
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    execl(path, path, "serve", "--port", "0", "--data", "/proc/nowhere/data", NULL);
    _exit(1);
}

/* Not everywhere somebody reaps what has lost its parent. */
static void test_nothing_is_left_behind(void **state) {
    (void)state;
    assert_int_equal(left_behind(start_and_stop), 0);
    assert_int_equal(left_behind(refuse_to_serve), 0);
}

/* RULE lab-starts: while the program cannot be executed, whoever asks is told at once, and when it
 * can be again, workers are made again; nobody has to ask for that. */
static void test_a_program_that_is_away_for_a_while(void **state) {
    const char *why, *path = program(*state, "exec " GRADUS_LABS);
    const char *away = arena_printf(*state, "%s-away", path);
    struct zygote *z;
    if (zygote_start(&z, path, *state, &why)) fail_msg("%s", why);
    assert_false(zygote_failing(z));
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(kill(zygote_pid(z), SIGKILL), 0);
    assert_true(comes_true(fails, z, 0));
    assert_false(makes_a_worker(z));
    assert_int_equal(zygote_pid(z), 0);
    assert_int_equal(rename(away, path), 0);
    for (int i = 0; i < 3000 && zygote_failing(z); i++) usleep(10000);
    assert_false(zygote_failing(z));
    assert_true(makes_a_worker(z));
    unlink(path);
    zygote_stop(z);
}

/* One that says that it is ready and starts nothing is no way out of an outage. */
static void test_a_program_that_starts_nothing(void **state) {
    const char *why, *path = program(*state, "exec " GRADUS_LABS);
    struct zygote *z;
    if (zygote_start(&z, path, *state, &why)) fail_msg("%s", why);
    program(*state, arena_printf(*state, "printf '+%s' >&3; read -r x <&3", worker_version()));
    assert_int_equal(kill(zygote_pid(z), SIGKILL), 0);
    assert_true(comes_true(fails, z, 0));
    program(*state, "exec " GRADUS_LABS);
    assert_true(comes_true(works, z, 0));
    unlink(path);
    zygote_stop(z);
}

/* RULE lab-starts: no busy loop. A program that fails is started a few times in a second, not a
 * thousand times. */
static void test_failing_starts_are_few(void **state) {
    const char *why, *path = program(*state, "exec " GRADUS_LABS);
    const char *count = arena_printf(*state, "%s-count", path);
    struct zygote *z;
    struct stat st;
    if (zygote_start(&z, path, *state, &why)) fail_msg("%s", why);
    program(*state, arena_printf(*state, "printf x >>%s", count));
    assert_int_equal(kill(zygote_pid(z), SIGKILL), 0);
    int64_t began = clock_monotonic_ms();
    assert_true(comes_true(fails, z, 0));
    usleep(1000000);
    int64_t took_ms = clock_monotonic_ms() - began;
    zygote_stop(z);
    assert_int_equal(stat(count, &st), 0);
    /* Pauses of 100, 200, 400 … milliseconds lie between them. */
    int64_t most = 1;
    for (int64_t at_ms = 0, pause_ms = 100; at_ms + pause_ms <= took_ms; most++) {
        at_ms += pause_ms;
        if (pause_ms < 5000) pause_ms *= 2;
    }
    assert_in_range(st.st_size, 2, most);
    unlink(count);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_nothing_is_left_behind),
                                       TEST(test_programs_that_are_none),
                                       TEST(test_the_one_that_belongs_to_this_program),
                                       TEST(test_what_it_is_given),
                                       TEST(test_its_own_layout),
                                       TEST(test_one_after_another),
                                       TEST(test_a_program_that_is_away_for_a_while),
                                       TEST(test_a_program_that_starts_nothing),
                                       TEST(test_failing_starts_are_few)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
