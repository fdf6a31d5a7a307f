/* Workers that somebody has taken over (tool/hostile_labs.c): each attempt is made with all that a
 * worker has, and it is told what refused it. Beside them a run of somebody else goes on, in the
 * same template, and so does the server. */
#include "unit/lab/lab_runs.h"

#include "base/clock.h"
#include "sandbox/wire.h"

#include <sqlite3.h>

#define HOSTILE "/tests/sandbox/tool/hostile_labs"

static const char *hostile_program(struct arena *a) {
    const char *build = GRADUS_LABS;
    return arena_printf(a, "%.*s" HOSTILE, (int)(strrchr(build, '/') - build), build);
}

static const char *attempt_text(struct arena *a, const char *name) {
    return arena_printf(a, "{\"kind\":\"api\",\"path\":\"hostile:%s\"}", name);
}

/* What refuses it. */
enum refusal {
    BY_FILTER,  /* seccomp ends the worker at the call */
    BY_EACCES,  /* the call fails, since libc makes it on its own */
    BY_ENOMEM,  /* the limit of address space */
    BY_MEMORY,  /* the processor's protection of memory */
    BY_ITSELF,  /* the worker finds a fault, and gives up */
    BY_ENDING,  /* it left, and is missed */
    BY_TIME,    /* the deadline of whoever asks */
    BY_READER,  /* whoever reads the answer finds that it is none, and ends the worker */
    BY_REFUSAL, /* the answer is no message of this protocol, or is not taken for one */
    BY_CLEANER, /* the answer is taken, without what is not allowed in it */
};

static const struct {
    const char *name;
    enum refusal by;
} attempts[] = {
    {"open", BY_EACCES},
    {"openat", BY_EACCES},
    {"proc_mem", BY_EACCES},
    {"stat", BY_EACCES},
    {"readlink", BY_EACCES},
    {"openat2", BY_FILTER},
    {"creat", BY_FILTER},
    {"unlink", BY_FILTER},
    {"mkdir", BY_FILTER},
    {"chdir", BY_FILTER},
    {"mount", BY_FILTER},
    {"socket", BY_FILTER},
    {"netlink", BY_FILTER},
    {"socketpair", BY_FILTER},
    {"fork", BY_FILTER},
    {"vfork_clone3", BY_FILTER},
    {"execve", BY_FILTER},
    {"execveat", BY_FILTER},
    {"ptrace", BY_FILTER},
    {"kill_all", BY_FILTER},
    {"tgkill", BY_FILTER},
    {"pidfd_open", BY_FILTER},
    {"vm_writev", BY_FILTER},
    {"memfd", BY_FILTER},
    {"memfd_secret", BY_FILTER},
    {"io_uring", BY_FILTER},
    {"userfaultfd", BY_FILTER},
    {"bpf", BY_FILTER},
    {"perf", BY_FILTER},
    {"keyctl", BY_FILTER},
    {"add_key", BY_FILTER},
    {"prctl_dumpable", BY_FILTER},
    {"seccomp", BY_FILTER},
    {"shmget", BY_FILTER},
    {"msgget", BY_FILTER},
    {"mq_open", BY_FILTER},
    {"inotify", BY_FILTER},
    {"fanotify", BY_FILTER},
    {"epoll", BY_FILTER},
    {"eventfd", BY_FILTER},
    {"timerfd", BY_FILTER},
    {"signalfd", BY_FILTER},
    {"setuid", BY_FILTER},
    {"setns", BY_FILTER},
    {"chroot", BY_FILTER},
    {"ioctl", BY_FILTER},
    {"fcntl", BY_FILTER},
    {"sendmsg", BY_FILTER},
    {"recvmsg", BY_FILTER},
    {"read_other_fd", BY_FILTER},
    {"write_other_fd", BY_FILTER},
    {"mmap_exec", BY_FILTER},
    {"mprotect", BY_FILTER},
    {"pkey_mprotect", BY_FILTER},
    {"futex_wait", BY_FILTER},
    {"rseq", BY_FILTER},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    {"sigaction", BY_FILTER},
    {"memory", BY_ENOMEM},
    {"stack", BY_MEMORY},
    {"wild_write", BY_MEMORY},
    {"text_write", BY_MEMORY},
#endif
    {"setrlimit", BY_FILTER},
    {"nice", BY_FILTER},
    {"settime", BY_FILTER},
    {"reboot", BY_FILTER},
    {"abort", BY_ITSELF},
    {"exit", BY_ENDING},
    {"spin", BY_TIME},
    {"silence", BY_TIME},
    {"half_a_frame", BY_TIME},
    {"short_payload", BY_TIME},
    {"drip", BY_TIME},
    {"huge_length", BY_READER},
    {"too_long", BY_READER},
    {"endless", BY_READER},
    {"no_head", BY_READER},
    {"no_json", BY_READER},
    {"deep_json", BY_READER},
    {"other_operation", BY_REFUSAL},
    {"set_cookie", BY_CLEANER},
    {"location", BY_CLEANER},
    {"split_header", BY_CLEANER},
    {"header_name", BY_CLEANER},
    {"link_elsewhere", BY_CLEANER},
    {"html", BY_CLEANER},
    {"status", BY_CLEANER},
    {"redirect", BY_CLEANER},
    {"many_headers", BY_CLEANER},
};

/* ---- One attempt ---------------------------------------------------------------------------- */
static enum worker_cause cause_of(enum refusal by) {
    return by == BY_FILTER   ? WORKER_FORBIDDEN
           : by == BY_MEMORY ? WORKER_CRASHED
           : by == BY_ITSELF ? WORKER_FAULT
                             : WORKER_ENDED;
}

/* Nothing of what was not allowed is left in an answer that is taken. */
static void check_clean(const char *name, const struct lab_answer *answer) {
    if (answer->status < 200 || answer->status > 599) fail_msg("%s: %d", name, answer->status);
    if (answer->status >= 300 && answer->status < 400) fail_msg("%s: a redirect", name);
    if (strcmp(answer->type, "application/json") != 0) fail_msg("%s: %s", name, answer->type);
    assert_true(answer->header_count <= 10);
    for (int i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, "X-A") != 0) fail_msg("%s passed a header", name);
}

static void check(struct zygote *z, struct worker *w, const char *name, enum refusal by, enum err e,
                  const struct lab_answer *answer) {
    const enum err died = by == BY_TIME ? ERR_BUSY : by == BY_REFUSAL ? ERR_INVALID : ERR_IO;
    if (by == BY_EACCES || by == BY_ENOMEM || by == BY_CLEANER) {
        if (e == ERR_IO && by == BY_CLEANER) return; /* refused as a whole */
        if (e) fail_msg("%s: %s, %s", name, err_name(e), worker_cause_words(zygote_cause(z, w)));
        const char *want = by == BY_EACCES   ? "{\"hostile\":\"EACCES\"}"
                           : by == BY_ENOMEM ? "{\"hostile\":\"ENOMEM\"}"
                                             : "{}";
        assert_int_equal(answer->body_len, strlen(want));
        if (memcmp(answer->body, want, strlen(want)) != 0) fail_msg("%s: %s", name, answer->body);
        if (by == BY_CLEANER) check_clean(name, answer);
        return;
    }
    if (e != died) fail_msg("%s: %s, %.80s", name, err_name(e), e ? "" : answer->body);
    if (by == BY_REFUSAL) return;
    assert_int_equal(w->fd, -1);
    if (by == BY_TIME || by == BY_READER) return;
    enum worker_cause cause = zygote_cause(z, w);
    if (cause != cause_of(by)) fail_msg("%s: %s", name, worker_cause_words(cause));
}

/* RULE lab-jail: what a worker that was taken over tries is refused, and by what is expected to. */
static void test_attempts(void **state) {
    struct zygote *z;
    const char *why, *before, *after;
    signal(SIGPIPE, SIG_IGN);
    if (zygote_start(&z, hostile_program(*state), *state, &why)) fail_msg("%s", why);
    const struct lab_scenario *s = fixture_scenario(*state);
    const struct worker_base base = {s->pack, s->pack_len, CHOICE};
    struct worker neighbour;
    assert_int_equal(
        client_start(&neighbour, z, s->pack, s->pack_len, CHOICE, 5, NULL, 0, *state, &why), OK);
    assert_int_equal(client_hash(&neighbour, *state, &before), OK);
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct arena a;
        struct worker w;
        struct lab_answer answer;
        arena_init(&a, (size_t)16 << 20);
        assert_int_equal(zygote_spawn(z, &base, &a, &w, &why), OK);
        w.deadline_ms = attempts[i].by == BY_TIME ? 200 : 20000;
        enum err e = client_step(&w, attempt_text(&a, attempts[i].name), &a, &answer);
        check(z, &w, attempts[i].name, attempts[i].by, e, &answer);
        worker_end(&w);
        arena_release(&a);
    }
    assert_int_equal(client_hash(&neighbour, *state, &after), OK);
    assert_string_equal(before, after);
    assert_int_equal(access("/tmp/gradus-hostile", F_OK), -1);
    worker_end(&neighbour);
    zygote_stop(z);
}

/* What was sent unasked is not taken for the answer to the next question. */
static void test_a_second_answer(void **state) {
    struct zygote *z;
    struct worker w;
    struct lab_answer answer;
    const char *why, *hash;
    if (zygote_start(&z, hostile_program(*state), *state, &why)) fail_msg("%s", why);
    const struct lab_scenario *s = fixture_scenario(*state);
    const struct worker_base base = {s->pack, s->pack_len, CHOICE};
    assert_int_equal(zygote_spawn(z, &base, *state, &w, &why), OK);
    assert_int_equal(client_step(&w, attempt_text(*state, "two_answers"), *state, &answer), OK);
    for (int i = 0; i < 200; i++) usleep(1000);
    assert_int_equal(client_hash(&w, *state, &hash), ERR_IO);
    assert_int_equal(w.fd, -1);
    zygote_stop(z);
}

/* ---- Crafted snapshots ---------------------------------------------------------------------- */
static void no_function(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)count, (void)values;
    sqlite3_result_null(c);
}

static struct worker bare_worker(struct arena *a, const struct lab_scenario *s) {
    const struct worker_base base = {s->pack, s->pack_len, CHOICE};
    struct worker w;
    const char *why;
    unsigned said;
    char *answer;
    size_t len;
    int64_t end_ms = clock_monotonic_ms() + 20000;
    assert_int_equal(zygote_spawn(fixture_zygote(), &base, a, &w, &why), OK);
    assert_true(wire_send(w.fd, WIRE_RUN, "5", 1, end_ms));
    assert_true(wire_receive(w.fd, &said, &answer, &len, 1000, a, end_ms));
    w.deadline_ms = 20000;
    return w;
}

/* Loads what is no snapshot, or one that was changed, and uses it. Whatever comes of it, it comes
 * in time: an answer, a refusal, or the worker's end. */
static void try_snapshot(struct arena *a, const struct lab_scenario *s, const unsigned char *image,
                         size_t len) {
    struct worker w = bare_worker(a, s);
    const char *answer;
    size_t n;
    enum err e = client_load(&w, image, len, a);
    if (!e)
        e = client_view(&w, "{\"limit\":5,\"object\":\"crm.contact\",\"view\":\"list\"}", a,
                        &answer, &n);
    if (!e) e = client_hash(&w, a, &answer);
    assert_true(e == OK || e == ERR_INVALID || e == ERR_IO);
    worker_end(&w);
}

static void test_crafted_snapshots(void **state) {
    const struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 5);
    const unsigned char *image;
    const char *before, *after;
    size_t len;
    assert_int_equal(client_save(&w, *state, &image, &len), OK);
    assert_int_equal(client_hash(&w, *state, &before), OK);
    unsigned char *copy = arena_alloc(*state, len);
    static const size_t lengths[] = {0, 1, 15, 16, 99, 100, 512, 1023, 1024, 5000};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) try_snapshot(*state, s, image, lengths[i]);
    memset(copy, 0, len);
    try_snapshot(*state, s, copy, 4096);
    memset(copy, 0xff, len);
    try_snapshot(*state, s, copy, 4096);
    for (unsigned i = 0; i < 40; i++) { /* of the head, of the first pages, anywhere */
        memcpy(copy, image, len);
        size_t at = i < 16 ? 16 + 5 * i : i < 28 ? 100 + 131 * i : (size_t)i * 7919 % len;
        copy[at] ^= (unsigned char)(i % 3 ? 0xff : 1);
        try_snapshot(*state, s, copy, len);
    }
    assert_int_equal(client_hash(&w, *state, &after), OK);
    assert_string_equal(before, after);
    worker_end(&w);
}

/* Views and triggers of somebody's own, in a snapshot: no view is read, no trigger runs. */
static void test_a_snapshot_with_a_schema_of_its_own(void **state) {
    const struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 5);
    const unsigned char *image;
    size_t len;
    sqlite3 *db;
    sqlite3_int64 size;
    assert_int_equal(client_save(&w, *state, &image, &len), OK);
    worker_end(&w);
    unsigned char *copy = sqlite3_malloc64(len);
    memcpy(copy, image, len);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_deserialize(db, "main", copy, (sqlite3_int64)len, (sqlite3_int64)len,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
        SQLITE_OK);
    sqlite3_create_function(db, "tidy", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, no_function,
                            NULL, NULL);
    sqlite3_create_function(db, "digits", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, no_function,
                            NULL, NULL);
    char *said = NULL;
    if (sqlite3_exec(db,
                     "CREATE VIEW truth AS SELECT * FROM sim_person;"
                     "CREATE TRIGGER spy AFTER INSERT ON event BEGIN UPDATE event SET detail = "
                     "(SELECT group_concat(person) FROM sim_person); END",
                     NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s", said);
    unsigned char *changed = sqlite3_serialize(db, "main", &size, 0);
    w = bare_worker(*state, s);
    assert_int_equal(client_load(&w, changed, (size_t)size, *state), OK);
    assert_int_equal(fixture_sql(*state, &w, "SELECT * FROM truth").status, 422);
    fixture_step(*state, &w, "{\"advance_ms\":3600000,\"kind\":\"clock\"}");
    struct lab_answer answer = fixture_sql(
        *state, &w,
        "SELECT count(*), sum(detail IS NOT NULL AND detail GLOB '[0-9]*,*') FROM event");
    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.body, "[[0,"));
    assert_non_null(strstr(answer.body, ",0]]"));
    sqlite3_free(changed);
    sqlite3_close(db);
    worker_end(&w);
}

/* ---- Beside the runs of others -------------------------------------------------------------- */
static void open_hostile(struct arena *a) {
    struct zygote *z;
    const char *why = "";
    close_labs();
    if (labs_prepare(&z, hostile_program(a), a, &why)) fail_msg("%s", why);
    struct store_options options = {.path = arena_printf(a, "%s/gradus.db", folder)};
    if (store_open(&app.store, &options, a, &why)) fail_msg("%s", why);
    if (labs_open(&app.labs, &app, z, 8, a, &why)) fail_msg("%s", why);
}

static enum err last_incident(struct db *db, struct arena *a, void *arg) {
    const struct lab_run_row *run = arg;
    struct lab_incident_row *rows;
    size_t count;
    enum err e = lab_store_incidents(db, a, run->id, &rows, &count);
    if (e || count != 1) return e ? e : ERR_NOT_FOUND;
    return strstr(rows[0].detail,
                  "ended two workers, the second because it made a system call that is not allowed")
               ? OK
               : ERR_INVALID;
}

/* RULE lab-cause: the action is tried once more, then refused; the record has the incident, with
 * what ended the workers and the action; the run, its record and the runs of others are whole. */
static void test_an_incident_has_its_cause(void **state) {
    open_hostile(*state);
    struct lab_run_row mine = new_run(*state), other = new_run(*state);
    const char *id = first_contact(*state, &mine), *theirs = first_contact(*state, &other);
    act(*state, &mine, renaming(*state, id, 1));
    act(*state, &other, renaming(*state, theirs, 1));
    struct lab_ask *ask = ask_of(*state, &mine);
    ask->action = attempt_text(*state, "execve");
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_LIMIT);
    assert_string_equal(ask->error, "lab_error_stopped");
    assert_int_equal(app.labs->died, 2);
    act(*state, &other, renaming(*state, theirs, 2));
    assert_int_equal(effective(*state, &other), 2);
    assert_int_equal(effective(*state, &mine), 1);
    verified(*state, &mine);
    verified(*state, &other);
    close_labs();
    struct store_options options = {.path = arena_printf(*state, "%s/gradus.db", folder)};
    const char *why;
    assert_int_equal(store_open(&app.store, &options, *state, &why), OK);
    assert_int_equal(store_read(app.store, last_incident, &mine, *state), OK);
    assert_true(store_close(app.store, 5000));
    open_labs(*state, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_attempts), TEST(test_a_second_answer), TEST(test_crafted_snapshots),
        TEST(test_a_snapshot_with_a_schema_of_its_own), LABS(test_an_incident_has_its_cause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
