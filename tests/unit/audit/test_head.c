/* Head and log: what is refused, by whom, and how it goes on. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/clock.h"

/* A file system without locks: it stands before the C library's. */
static int no_locks;     /* errno; 0: there are locks */
static int no_locks_for; /* so many calls; 0: for all */
static int lock_calls;   /* of those that do not wait */

int flock(int fd, int operation) {
    lock_calls += operation == (LOCK_EX | LOCK_NB);
    if (!no_locks) return (int)syscall(SYS_flock, fd, operation);
    errno = no_locks;
    if (no_locks_for && --no_locks_for == 0) no_locks = 0;
    return -1;
}

static void head_now(int64_t *seq, char hash[SHA256_HEX_BYTES]) {
    struct audit_head head;
    const char *why;
    assert_int_equal(audit_head_read(&arena, head_file, &head, &why), OK);
    *seq = head.seq;
    memcpy(hash, head.hash, sizeof head.hash);
}

/* RULE audit-head, both sides of the edge: a log that ends one row before its head is refused
 * everywhere, one that ends with it is not, and nothing that is tried in between lowers the head.
 */
static void the_head_never_goes_down(void **state) {
    (void)state;
    fill();
    int64_t seq;
    char hash[SHA256_HEX_BYTES], before[SHA256_HEX_BYTES];
    head_now(&seq, before);
    assert_int_equal(seq, ROWS);
    const char *why;
    struct store *s = open_checked(&why);
    assert_non_null(s);
    assert_true(store_close(s, 1000));
    tamper("DELETE FROM audit_log WHERE seq = 7"); /* as a lost -wal does it */
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "ends with row 6, but row 7 was written"));
    assert_non_null(strstr(why, "gradus audit accept"));
    s = open_store(); /* somebody who did not ask */
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), ERR_IO);
    assert_true(store_close(s, 1000));
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS);
    assert_string_equal(hash, before);
    struct audit_report r;
    assert_int_equal(verify(&r), ERR_INVALID);
    assert_int_equal(r.rows, ROWS - 1);
}

/* Two processes write one log, and the slower one comes last with its head. */
static void the_slower_of_two_takes_no_head_back(void **state) {
    (void)state;
    fill();
    struct audit_head old = {.seq = ROWS - 1};
    memset(old.hash, 'a', sizeof old.hash - 1);
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
    audit_head_write(path, &old, sizeof old);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS);
    assert_string_not_equal(hash, old.hash);
    old.seq = ROWS; /* nor does another hash take the place of that row's */
    audit_head_write(path, &old, sizeof old);
    head_now(&seq, hash);
    assert_string_not_equal(hash, old.hash);
    /* Nothing is behind, so that nobody has to catch up. */
    struct store *s = open_store();
    const char *aside = arena_printf(&arena, "%s.aside", head_file);
    assert_int_equal(rename(head_file, aside), 0);
    audit_head_catch_up(store_reader(s));
    assert_int_not_equal(access(head_file, F_OK), 0);
    assert_int_equal(rename(aside, head_file), 0);
    assert_true(store_close(s, 1000));
    old.seq = ROWS + 1;
    audit_head_write(path, &old, sizeof old);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 1);
    assert_string_equal(hash, old.hash);
}

/* A program that is stopped, or `flock DATA sleep 12`, holds up no save: the head stays behind,
 * which is allowed, and is brought up as soon as it can be. */
static void a_held_lock_holds_up_no_save(void **state) {
    (void)state;
    fill();
    int64_t seq, start_ms;
    char hash[SHA256_HEX_BYTES];
    int holder = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(holder, LOCK_EX), 0);
    alarm(10);
    struct store *s = open_store();
    start_ms = clock_monotonic_ms();
    /* The first of them tries 20 times, and once it is behind each but once. */
    for (int i = 0; i < 20; i++) {
        lock_calls = 0;
        assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
        assert_int_equal(lock_calls, i ? 1 : 20);
    }
    assert_in_range(clock_monotonic_ms() - start_ms, 0, 5000);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS);
    audit_head_catch_up(store_reader(s)); /* it is held still */
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS);
    close(holder);
    audit_head_catch_up(store_reader(s));
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 20);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 21);
    assert_true(store_close(s, 1000));
    alarm(0);
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
}

static void without_locks_the_head_is_written(void **state) {
    (void)state;
    struct store *s = open_store(); /* the store's own locks come first */
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
    no_locks = ENOLCK;
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
        head_now(&seq, hash);
        assert_int_equal(seq, i);
    }
    no_locks = 0;
    assert_true(store_close(s, 1000));
}

/* A signal is no other program. */
static void a_lock_that_a_signal_interrupts_is_asked_for_again(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
    no_locks = EINTR;
    no_locks_for = 2;
    lock_calls = 0;
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    assert_int_equal(lock_calls, 3);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 1);
    assert_true(store_close(s, 1000));
}

/* A head that is not one of ours is left as it is, for good; one that cannot be read now is written
 * when it can be. */
static void a_head_that_is_none_is_left_alone(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    size_t len;
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
    assert_true(file_write(head_file, "no head", 7, 0600));
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    audit_head_catch_up(store_reader(s));
    assert_string_equal(file_read(&arena, head_file, 1024, &len), "no head");
    unlink(head_file);
    audit_head_catch_up(store_reader(s)); /* it was not behind */
    assert_int_not_equal(access(head_file, F_OK), 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, head_file);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    close(fd);
    unlink(head_file);
    audit_head_catch_up(store_reader(s));
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 2);
    assert_true(store_close(s, 1000));
}

/* A head that stayed behind, and an academy that has no log yet: an empty one has no head. */
static void an_empty_log_gets_no_head(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    int holder = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(holder, LOCK_EX), 0);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    close(holder);
    assert_true(store_close(s, 1000));
    begin_anew();
    s = open_store();
    audit_head_catch_up(store_reader(s));
    assert_int_not_equal(access(head_file, F_OK), 0);
    assert_int_equal(say(s, (struct fact){"p", "a.b", "s", NULL, OK}), OK);
    assert_int_equal(access(head_file, F_OK), 0);
    assert_true(store_close(s, 1000));
}

static void the_head_is_nobody_elses(void **state) {
    (void)state;
    mode_t before = umask(0);
    fill();
    umask(before);
    struct stat st;
    assert_int_equal(stat(head_file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* What the text of a head may be, to the byte. */
static void heads_are_read_to_the_byte(void **state) {
    (void)state;
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const struct {
        const char *before, *after;
        int64_t seq; /* 0: it is none */
    } cases[] = {{"1 ", "\n", 1},
                 {"9223372036854775807 ", "\n", INT64_MAX},
                 {"9223372036854775808 ", "\n", 0},
                 {"00000000000000000000007 ", "\n", 7},
                 {"000000000000000000000007 ", "\n", 0},
                 {"0 ", "\n", 0},
                 {"-1 ", "\n", 0},
                 {" ", "\n", 0},
                 {"", "\n", 0},
                 {"1", "\n", 0},
                 {"1 ", "", 0},
                 {"1 ", " ", 0},
                 {"1 0", "\n", 0},
                 {"1 ", "\n\n", 0},
                 {"1  ", "\n", 0}};
    struct audit_head head;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *text = arena_printf(&arena, "%s%s%s", cases[i].before, hash, cases[i].after);
        bool is = audit_head_parse(text, strlen(text), &head);
        if (is != (cases[i].seq != 0)) fail_msg("%s", text);
        if (is) {
            assert_int_equal(head.seq, cases[i].seq);
            assert_string_equal(head.hash, hash);
        }
    }
    char zero[SHA256_HEX_BYTES + 8];
    int n = snprintf(zero, sizeof zero, "1 %s\n", hash);
    zero[20] = '\0';
    assert_false(audit_head_parse(zero, (size_t)n, &head));
    assert_false(audit_head_parse("", 0, &head));
}

/* A head of a row that is there, with another's hash; and without one in a log that has rows. */
static void a_head_that_does_not_agree_is_refused(void **state) {
    (void)state;
    fill();
    size_t len;
    const char *why, *head = file_read(&arena, head_file, 1024, &len);
    const char *other = arena_printf(&arena, "3 %s", strchr(head, ' ') + 1);
    assert_true(file_write(head_file, other, strlen(other), 0600));
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "Row 3 of the audit log is not the row that was written"));
    assert_non_null(strstr(why, "gradus audit accept"));
    assert_true(file_write(head_file, "no head", 7, 0600));
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "is not a head that Gradus wrote: a cut tail"));
    unlink(head_file);
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "is missing, while the audit log has 7 rows"));
    assert_true(file_write(head_file, head, len, 0600));
    struct store *s = open_checked(&why);
    assert_non_null(s);
    assert_true(store_close(s, 1000));
}

static void keys_without_a_database_begin_nothing(void **state) {
    (void)state;
    fill();
    const char *why;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        unlink(arena_printf(&arena, "%s%s", path, suffixes[i]));
    assert_null(open_checked(&why)); /* its head */
    assert_non_null(strstr(why, "audit-head is there"));
    unlink(head_file);
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "/seal.key is there"));
    unlink(arena_printf(&arena, "%s/seal.key", folder));
    const char *keys = arena_printf(&arena, "%s/keys", folder),
               *key = arena_printf(&arena, "%s/issuer-0007.key", keys),
               *lab = arena_printf(&arena, "%s/lab.key", folder);
    assert_int_equal(mkdir(keys, 0700), 0);
    assert_true(file_write(key, "x", 1, 0600));
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "/keys is there"));
    assert_int_not_equal(access(path, F_OK), 0);
    unlink(key);
    assert_true(file_write(lab, "x", 1, 0600));
    assert_null(open_checked(&why));
    assert_non_null(strstr(why, "/lab.key is there"));
    unlink(lab);
    struct store *s = open_checked(&why); /* an empty folder is nobody's */
    assert_non_null(s);
    assert_true(store_close(s, 1000));
    rmdir(keys);
}

/* Whoever only reads is told nothing about the head, and whoever wants one that exists begins none.
 */
static void readers_are_not_held_up(void **state) {
    (void)state;
    const char *why = NULL;
    struct store *s = NULL;
    assert_int_equal(
        audit_open(&s, &(struct store_options){.path = path, .must_exist = true}, &arena, &why),
        ERR_NOT_FOUND);
    assert_null(s);
    assert_true(file_write(head_file, "no head", 7, 0600));
    assert_int_equal(
        audit_open(&s, &(struct store_options){.path = path, .must_exist = true}, &arena, &why),
        ERR_NOT_FOUND);
    assert_int_not_equal(
        audit_open(&s, &(struct store_options){.path = path, .read_only = true}, &arena, &why),
        ERR_INVALID);
    assert_null(s);
    unlink(head_file);
    fill();
    assert_true(file_write(head_file, "no head", 7, 0600));
    assert_int_equal(
        audit_open(&s, &(struct store_options){.path = path, .read_only = true}, &arena, &why), OK);
    assert_non_null(s);
    assert_true(store_close(s, 0));
    assert_null(open_checked(&why));
}

/* RULE audit-accept. */
static void what_was_asked_after_is_accepted(void **state) {
    (void)state;
    fill();
    const char *why;
    struct audit_row *rows;
    size_t count, len;
    struct store *s = open_store();
    assert_int_equal(audit_accept(s, &arena, "root", "nothing is wrong here", NULL, &why),
                     ERR_CONFLICT);
    assert_non_null(strstr(why, "there is nothing to accept"));
    assert_int_equal(audit_list(store_reader(s), &arena, NULL, 6, 1, &rows, &count), OK);
    const char *fifth = rows[0].hash;
    assert_true(store_close(s, 1000));
    /* The end is cut off; the head goes; the head is another text. */
    for (int i = 0; i < 3; i++) {
        const char *head = file_read(&arena, head_file, 1024, &len);
        const char *aside = arena_printf(&arena, i < 2 ? "%s.set-aside" : "%s.set-aside.2",
                                         head_file);
        if (i == 0) tamper("DELETE FROM audit_log WHERE seq > 5");
        else if (i == 1) unlink(head_file);
        else assert_true(file_write(head_file, "no head", 7, 0600));
        assert_null(open_checked(&why));
        s = open_store();
        assert_int_equal(audit_accept(s, &arena, "root", "the disk was full",
                                      i ? NULL : "{\"p1\":\"admin\"}", &why),
                         OK);
        assert_int_equal(audit_list(store_reader(s), &arena, NULL, 0, 1, &rows, &count), OK);
        assert_string_equal(rows[0].actor, "system");
        assert_string_equal(rows[0].action, "audit.accept");
        assert_int_equal(rows[0].seq, 6 + i);
        if (i == 0) {
            const char *detail = arena_printf(
                &arena,
                "{\"reason\":\"the disk was full\",\"by\":\"root\",\"problem\":\"The audit log ends "
                "with row 5, but row 7 was written (%s): its end was cut off, for example with a lost "
                "-wal file.\",\"head\":[7,\"%.64s\"],\"log\":[5,\"%s\"],\"people\":{\"p1\":\"admin\"}}",
                head_file, head + 2, fifth);
            assert_string_equal(rows[0].detail, detail);
        } else assert_non_null(strstr(rows[0].detail, "\"head\":[0,\"\"],"));
        assert_true(store_close(s, 1000));
        /* What the head was is kept. */
        if (i != 1) assert_string_equal(file_read(&arena, aside, 1024, &len), i ? "no head" : head);
        assert_int_not_equal(
            access(arena_printf(&arena, "%s.set-aside.%d", head_file, 2 + i / 2), F_OK), 0);
        struct audit_report r;
        assert_int_equal(verify(&r), OK);
        s = open_checked(&why);
        assert_non_null(s);
        assert_true(store_close(s, 1000));
    }
}

/* What cannot be written is not accepted, and the head stays where it was. */
static void what_is_not_accepted_changes_nothing(void **state) {
    (void)state;
    fill();
    assert_true(file_write(head_file, "no head", 7, 0600));
    const char *why;
    size_t len;
    const char *aside = arena_printf(&arena, "%s.set-aside", head_file);
    char *people = arena_alloc(&arena, AUDIT_DETAIL_MAX + 1);
    memset(people, 'x', AUDIT_DETAIL_MAX);
    people[AUDIT_DETAIL_MAX] = '\0';
    struct store *s = open_store();
    assert_int_equal(audit_accept(s, &arena, "root", "it is known", people, &why), ERR_LIMIT);
    assert_non_null(strstr(why, "So many people"));
    tamper(
        "CREATE TRIGGER refused BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(audit_accept(s, &arena, "root", "it is known", NULL, &why), ERR_CONFLICT);
    assert_string_equal(why, "The audit log cannot be written. Nothing was changed.");
    assert_string_equal(file_read(&arena, head_file, 1024, &len), "no head");
    assert_int_not_equal(access(aside, F_OK), 0);
    tamper("DROP TRIGGER refused");
    assert_int_equal(audit_accept(s, &arena, "root", "it is known", NULL, &why), OK);
    assert_true(store_close(s, 1000));
}

/* A head that cannot be set aside, in a folder of somebody else. */
static void a_head_that_cannot_be_set_aside_is_told(void **state) {
    (void)state;
    fill();
    assert_true(file_write(head_file, "no head", 7, 0644));
    const char *why;
    size_t len;
    struct store *s = open_store();
    assert_non_null(store_reader(s));
    bool root = geteuid() == 0;
    chmod(folder, 0555);
    if (root) assert_int_equal(seteuid(65534), 0);
    enum err e = audit_accept(s, &arena, "root", "it is known", NULL, &why);
    if (root) assert_int_equal(seteuid(0), 0);
    chmod(folder, 0700);
    assert_int_equal(e, ERR_IO);
    assert_non_null(strstr(why, "cannot be set aside"));
    assert_string_equal(file_read(&arena, head_file, 1024, &len), "no head");
    struct audit_head last;
    assert_int_equal(audit_last(store_reader(s), &arena, &last), OK);
    assert_int_equal(last.seq, ROWS);
    assert_true(store_close(s, 1000));
}

/* The log is accepted while another program holds the lock of its folder: said once more, it is
 * done. */
static void an_accepted_log_whose_head_stays_behind_is_told(void **state) {
    (void)state;
    fill();
    unlink(head_file);
    const char *why;
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
    struct store *s = open_store();
    int holder = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(holder, LOCK_EX), 0);
    assert_int_equal(audit_accept(s, &arena, "root", "it is known", NULL, &why), ERR_BUSY);
    assert_non_null(strstr(why, "accept once more"));
    close(holder);
    assert_int_equal(audit_accept(s, &arena, "root", "it is known", NULL, &why), OK);
    head_now(&seq, hash);
    assert_int_equal(seq, ROWS + 2);
    assert_true(store_close(s, 1000));
}

/* RULE audit-accept: a row that was signed and is gone keeps its number, and nothing else takes
 * one. */
static void what_is_accepted_follows_all_that_was_signed(void **state) {
    (void)state;
    static const struct {
        const char *fault;
        int64_t seq;
    } cases[] = {{"DELETE FROM audit_log WHERE seq > 7", 9},   /* the row that was signed */
                 {"DELETE FROM audit_log WHERE seq = 10", 10}, /* one behind it */
                 {"DELETE FROM audit_log WHERE seq = 3", 11}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        begin_signing();
        fill();
        const char *why;
        struct audit_head last;
        struct audit_report r;
        struct store *s = open_store();
        assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
        assert_int_equal(say(s, (struct fact){"p", "test.fact", "s", NULL, OK}), OK);
        assert_int_equal(say(s, (struct fact){"p", "test.fact", "s", NULL, OK}), OK);
        assert_true(store_close(s, 1000));
        tamper(cases[i].fault);
        s = open_store();
        assert_int_equal(audit_accept(s, &arena, "root", "it is known", NULL, &why), OK);
        assert_int_equal(audit_last(store_reader(s), &arena, &last), OK);
        assert_int_equal(last.seq, cases[i].seq);
        assert_true(store_close(s, 1000));
        audit_signer_set(NULL);
        if (verify(&r) != OK) fail_msg("%s: %s", cases[i].fault, r.problem);
    }
}

/* RULE audit-accept: a fault inside of the log, and what comes after it was accepted. */
static void a_fault_inside_is_accepted_as_it_stands(void **state) {
    (void)state;
    static const char *const faults[] = {
        "DELETE FROM audit_log WHERE seq = 4",
        "UPDATE audit_log SET detail = '{\"n\":2}' WHERE seq = 3",
        "UPDATE audit_log SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 5",
        "INSERT INTO audit_log SELECT -5, at_ms, actor, action, subject, detail, hash FROM audit_log "
        "WHERE seq = 1",
        "UPDATE audit_log SET detail = hex(zeroblob(8000000)) WHERE seq = 6",
    };
    static const char *const later[] = {"DELETE FROM audit_log WHERE seq = 2",
                                        "UPDATE audit_log SET subject = 'x' WHERE seq = 7",
                                        "UPDATE audit_log SET detail = 'x' WHERE seq = 8"};
    const char *why;
    struct audit_report r;
    for (size_t i = 0; i < COUNT_OF(faults) * COUNT_OF(later); i++) {
        if (i) begin_anew();
        fill();
        tamper(faults[i % COUNT_OF(faults)]);
        assert_int_equal(verify(&r), ERR_INVALID);
        struct store *s = open_store();
        assert_int_equal(audit_accept(s, &arena, "root", "it was looked into", NULL, &why), OK);
        assert_int_equal(say(s, (struct fact){"p", "test.fact", "one", NULL, OK}), OK);
        assert_true(store_close(s, 1000));
        if (verify(&r) != OK) fail_msg("%s: %s", faults[i % COUNT_OF(faults)], r.problem);
        assert_int_equal(r.rows, ROWS + 2);
        s = open_store();
        assert_int_equal(audit_accept(s, &arena, "root", "nothing is wrong now", NULL, &why),
                         ERR_CONFLICT);
        assert_true(store_close(s, 1000));
        tamper(later[i / COUNT_OF(faults)]);
        if (verify(&r) != ERR_INVALID)
            fail_msg("%s after %s", later[i / COUNT_OF(faults)], faults[i % COUNT_OF(faults)]);
    }
}

/* Where there is no room to write a head, nobody's file is closed: a lock that was not taken is no
 * number 0. */
static void a_head_without_room(void **state) {
    (void)state;
    static char far[300 * 1024];
    const struct audit_head head = {.seq = 1, .hash = {'a'}};
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC), standard = dup(STDIN_FILENO);
    assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    memset(far, 'a', sizeof far - 1);
    audit_head_write(far, &head, sizeof head);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    if (standard >= 0) dup2(standard, STDIN_FILENO), close(standard);
    close(input);
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_head_never_goes_down, setup, teardown),
        cmocka_unit_test_setup_teardown(the_slower_of_two_takes_no_head_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_lock_holds_up_no_save, setup, teardown),
        cmocka_unit_test_setup_teardown(without_locks_the_head_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lock_that_a_signal_interrupts_is_asked_for_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_head_that_is_none_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_log_gets_no_head, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_are_not_held_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_head_is_nobody_elses, setup, teardown),
        cmocka_unit_test_setup_teardown(heads_are_read_to_the_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_that_does_not_agree_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_without_a_database_begin_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_asked_after_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_accepted_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_that_cannot_be_set_aside_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(an_accepted_log_whose_head_stays_behind_is_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_accepted_follows_all_that_was_signed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_fault_inside_is_accepted_as_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_without_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
