/* Rules about people, passwords, throttling and CSV. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "account/account_private.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

static struct arena arena;

static void test_people(void **state) {
    (void)state;
    assert_null(account_person_problem(&arena, "ana", "Ana Ruiz", "ana@example.org"));
    assert_null(account_person_problem(&arena, "som-chai.2", "สมชาย ใจดี", "s@example.org"));
    assert_null(account_person_problem(&arena, "sri", "\u0DC1\u0DCA\u200D\u0DBB\u0DD3",
                                       "s@example.org")); /* a joiner that its script needs */
    assert_null(account_person_problem(&arena, "layla", "ليلى حداد", "l@example.org"));
    char name[1201];
    memset(name, 'x', sizeof name - 1);
    name[200] = '\0';
    assert_null(account_person_problem(&arena, "ana", name, "ana@example.org"));
    name[200] = 'x';
    name[1000] = '\0';
    static const struct {
        const char *login, *name, *email;
    } bad[] = {
        {"Ana", "Ana", "a@b.c"},
        {"a", "Ana", "a@b.c"},
        {"ana ruiz", "Ana", "a@b.c"},
        {NULL, "Ana", "a@b.c"},
        {"ana", "", "a@b.c"},
        {"ana", "   ", "a@b.c"},
        {"ana", "A\nB", "a@b.c"},
        {"ana", "A\u202Egnp", "a@b.c"},
        {"ana", "A\u200Bna", "a@b.c"},
        {"ana", "A\u061Cna", "a@b.c"},
        {"ana", "A\u2060na", "a@b.c"},
        {"ana", "A\u00ADna", "a@b.c"},
        {"ana", "A\U000E0041", "a@b.c"},
        {"ana", "A\uFFF9na", "a@b.c"},
        {"ana", "A\xC2\x85na", "a@b.c"},
        {"ana", "A\xffna", "a@b.c"},
        {"ana", "Ana", "ab.c"},
        {"ana", "Ana", "@b.c"},
        {"ana", "Ana", "a@@b.c"},
        {"ana", "Ana", "a b@c.d"},
        {"ana", "Ana", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_non_null(account_person_problem(&arena, bad[i].login, bad[i].name, bad[i].email));
    assert_non_null(account_person_problem(&arena, "ana", name, "ana@example.org"));
}

static void test_passwords(void **state) {
    (void)state;
    assert_null(account_password_problem("four unrelated words here", "ana"));
    assert_null(account_password_problem("รหัสผ่านยาวพอ", "ana"));
    assert_non_null(account_password_problem("short", "ana"));
    assert_non_null(account_password_problem("password123", "bob"));
    assert_non_null(account_password_problem("xxxxxxxxxxxx", "bob"));
    assert_non_null(account_password_problem("my ana password", "ana"));
    assert_non_null(account_password_problem(NULL, "ana"));
    char *made = account_random_password(&arena);
    assert_int_equal(strlen(made), 23);
    assert_null(account_password_problem(made, "ana"));
    assert_string_not_equal(made, account_random_password(&arena));
}

static void test_roles(void **state) {
    (void)state;
    unsigned roles;
    assert_true(account_roles_parse("learner,assessor", &roles));
    assert_int_equal(roles, ROLE_LEARNER | ROLE_ASSESSOR);
    assert_string_equal(account_roles_text(&arena, roles), "learner,assessor");
    assert_false(account_roles_parse("learner,root", &roles));
    assert_false(account_roles_parse("", &roles));
    assert_false(account_roles_parse("learner,,admin", &roles));
}

static void test_throttle(void **state) {
    (void)state;
    int64_t now = 1000 * MS_MINUTE;
    struct login_history h = {
        .pair_failures = 4, .pair_last_ms = now, .login_failures = 4, .login_last_ms = now};
    assert_int_equal(account_throttle_ms(&h, now), 0);
    h.pair_failures = 5;
    assert_int_equal(account_throttle_ms(&h, now), MS_SECOND);
    assert_int_equal(account_throttle_ms(&h, now + MS_SECOND), 0);
    h.pair_failures = 8;
    assert_int_equal(account_throttle_ms(&h, now), 8 * MS_SECOND);
    h.pair_failures = 100000; /* never for ever */
    assert_int_equal(account_throttle_ms(&h, now), 15 * MS_MINUTE);
    /* The owner at home waits ten seconds at most, whatever an attacker does elsewhere. */
    struct login_history attacked = {.login_failures = 1000000, .login_last_ms = now};
    assert_int_equal(account_throttle_ms(&attacked, now), 10 * MS_SECOND);
    attacked.known_client =
        true; /* where the owner has signed in before, nobody elsewhere is in the way */
    assert_int_equal(account_throttle_ms(&attacked, now), 0);
    attacked.pair_failures = 6;
    attacked.pair_last_ms = now;
    assert_int_equal(account_throttle_ms(&attacked, now), 2 * MS_SECOND);
    assert_string_equal(account_client_key(&arena, "203.0.113.9"), "203.0.113.9");
    assert_string_equal(account_client_key(&arena, "2001:db8:1:2:3:4:5:6"),
                        account_client_key(&arena, "2001:db8:1:2::ffff"));
    assert_string_not_equal(account_client_key(&arena, "2001:db8:1:2::1"),
                            account_client_key(&arena, "2001:db8:1:3::1"));
    assert_string_equal(account_client_key(&arena, "unknown"), "unknown");
    struct login_history sprayed = {.client_failures = 60, .client_last_ms = now};
    assert_int_equal(account_throttle_ms(&sprayed, now), 30 * MS_SECOND);
}

static void test_hash(void **state) {
    (void)state;
    char *one = account_hash(&arena, "four unrelated words"),
         *two = account_hash(&arena, "four unrelated words");
    assert_non_null(one);
    assert_string_not_equal(one, two); /* salted */
    assert_true(str_has_prefix(one, "$argon2id$"));
}

static void test_csv(void **state) {
    (void)state;
    static const char text[] =
        "\xEF\xBB\xBFlogin,name\r\nana,\"Ruiz, \"\"Ana\"\"\"\n\nbob,\"two\nlines\"\nlast,x";
    struct csv_row *rows;
    size_t count;
    assert_int_equal(csv_parse(&arena, text, sizeof text - 1, &rows, &count), OK);
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].cells[0], "login");
    assert_string_equal(rows[1].cells[1], "Ruiz, \"Ana\"");
    assert_int_equal(rows[2].line, 4);
    assert_string_equal(rows[2].cells[1], "two\nlines");
    assert_int_equal(rows[3].line, 6);
    for (size_t i = 0; i < count; i++) assert_null(rows[i].problem);
}

/* What is no row takes one line with it, not the rest of the file. */
static void test_csv_broken(void **state) {
    (void)state;
    static const char text[] = "a,\"open\nb,fine\r\nc,\"x\"y\nd,\"fine, too\"\ne,\xFF\nf,\"open";
    static const char *const says[] = {"does not end", NULL,    "not doubled",
                                       NULL,           "UTF-8", "does not end"};
    struct csv_row *rows;
    size_t count;
    assert_int_equal(csv_parse(&arena, text, sizeof text - 1, &rows, &count), OK);
    assert_int_equal(count, COUNT_OF(says));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].line, i + 1);
        if (!says[i]) assert_null(rows[i].problem);
        else assert_non_null(strstr(rows[i].problem, says[i]));
    }
    assert_string_equal(rows[3].cells[1], "fine, too");
    char *wide = arena_alloc(&arena, 65);
    memset(wide, ',', 64);
    wide[64] = '\n';
    assert_int_equal(csv_parse(&arena, wide, 65, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_non_null(strstr(rows[0].problem, "more cells"));
    size_t many = (size_t)2 * (CSV_ROWS + 1);
    char *tall = arena_alloc(&arena, many);
    for (size_t i = 0; i < many; i += 2) memcpy(tall + i, "a\n", 2);
    struct arena large;
    arena_init(&large, (size_t)512 * 1024 * 1024);
    assert_int_equal(csv_parse(&large, tall, many, &rows, &count), ERR_LIMIT);
    arena_release(&large);
}

static int setup(void **state) {
    (void)state;
    codec_start();
    arena_init(&arena, 64 * 1024 * 1024);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),     cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_roles),      cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_hash),       cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_broken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
