/* Rules about people, passwords and throttling. */
#include "unit/account/fixture.h"

#include "account/account_factor.h"
#include "account/account_import.h"
#include "account/account_private.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/text.h"

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
        {"a", "Ana", "a@b.c"},         {"ana ruiz", "Ana", "a@b.c"},
        {NULL, "Ana", "a@b.c"},        {"ana", "", "a@b.c"},
        {"ana", "   ", "a@b.c"},       {"ana", "A\nB", "a@b.c"},
        {"\u0130na", "Ana", "a@b.c"}, /* folds to a letter that is none from a to z */
        {"ana", "A\u200Bna", "a@b.c"}, {"ana", "A\u2060na", "a@b.c"},
        {"ana", "A\u00ADna", "a@b.c"}, {"ana", "A\U000E0041", "a@b.c"},
        {"ana", "A\uFFF9na", "a@b.c"}, {"ana", "A\xC2\x85na", "a@b.c"},
        {"ana", "A\xffna", "a@b.c"},   {"ana", "Ana", "ab.c"},
        {"ana", "Ana", "@b.c"},        {"ana", "Ana", "a@@b.c"},
        {"ana", "Ana", "a b@c.d"},     {"ana", "Ana", NULL},
    };
    const struct account_problem *p;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        p = account_person_problem(&arena, bad[i].login, bad[i].name, bad[i].email);
        assert_non_null(p);
        assert_int_equal(p->character != 0, str_eq(p->key, "account_problem_name_hidden"));
    }
    p = account_person_problem(&arena, "ana", name, "a@example.org");
    assert_non_null(p);
    assert_string_equal(p->key, "account_problem_name_long");
    assert_int_equal(p->character, 0); /* none is to blame */
}

static void test_passwords(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++) { /* handed over: 31 signs that nobody mistakes, in groups */
        const char *drawn = account_random_password(&arena);
        assert_true(strlen(drawn) == 23 && strspn(drawn, "abcdefghjkmnpqrstuvwxyz23456789-") == 23);
        assert_true(drawn[5] == '-' && drawn[11] == '-' && drawn[17] == '-');
    }
    assert_null(account_password_problem("four unrelated words here", "ana"));
    assert_null(account_password_problem("รหัสผ่านยาวพอ", "ana"));
    assert_non_null(account_password_problem("short", "ana"));
    assert_non_null(account_password_problem("password123", "bob"));
    static const struct {
        const char *password, *key; /* NULL: good */
    } passwords[] = {
        {"xxxxxxxxxxxx", "repeated"},   {"abcdabcdabcd", "repeated"},
        {"abcdeabcdeabcde", NULL},      {"my ana password", "login"},
        {"my ANA password", "login"},   {"Password123", "common"},
        {"qwertyuiop", "common"},       {"1234567890", "common"},
        {"MONKEY2024!!", "common"},     {"monkey7204913", NULL}, /* seven around it */
        {"7204913monkey", NULL},        {"1234567monkey", "common"},
        {"passwordpassword", "common"}, {"qwerty1234567890", "common"},
        {"!!dragon1999", "common"},     {"eight brown geese walk", NULL},
        {"!!amanda1999", "common"},     {"!!zxcvbn1999", "common"}, /* letters to the edge */
        {"steps-and-levels", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(passwords); i++) {
        const struct account_problem *p = account_password_problem(passwords[i].password, "ana");
        if (!passwords[i].key) assert_null(p);
        else {
            assert_non_null(p);
            assert_string_equal(
                p->key, arena_printf(&arena, "account_problem_password_%s", passwords[i].key));
        }
    }
    assert_non_null(account_password_problem(NULL, "ana"));
    /* What is longer than any password may be is no common one. */
    char *most = arena_alloc(&arena, 4 * ACCOUNT_PASSWORD_MAX + 2);
    memset(most, 'q', 4 * ACCOUNT_PASSWORD_MAX + 1);
    most[4 * ACCOUNT_PASSWORD_MAX + 1] = '\0';
    assert_false(account_password_common(most));
    char *made = account_random_password(&arena);
    assert_int_equal(strlen(made), 23);
    assert_null(account_password_problem(made, "nobody-who-is-in-it"));
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

static struct login_history failed(int n, int64_t newest_ms, int64_t apart_ms, bool pair) {
    struct login_history h = {0};
    for (int i = 0; i < n; i++) {
        account_throttle_add(&h.login, newest_ms - i * apart_ms);
        if (pair) account_throttle_add(&h.pair, newest_ms - i * apart_ms);
    }
    return h;
}

/* RULE sign-in-pace, at each edge. */
static void test_pace(void **state) {
    (void)state;
    const int64_t now = 1000 * MS_MINUTE;
    struct login_history h = failed(3, now, 0, true);
    assert_int_equal(account_throttle(&h, now).wait_ms, 0);
    h = failed(4, now, 0, true);
    assert_int_equal(account_throttle(&h, now).wait_ms, MS_MINUTE);
    assert_int_equal(account_throttle(&h, now + MS_MINUTE - 1).wait_ms, 1);
    assert_int_equal(account_throttle(&h, now + MS_MINUTE).wait_ms, 0);
    h = failed(4, now, 10 * MS_SECOND, true); /* the oldest of the four frees the next place */
    assert_int_equal(account_throttle(&h, now).wait_ms, 30 * MS_SECOND);
    /* Strangers do not stand in the way of whoever has signed in from here before. */
    h = failed(4, now, 0, false);
    h.known_client = true;
    assert_int_equal(account_throttle(&h, now).wait_ms, 0);
    h = failed(5, now, 0, true);
    h.known_client = true;
    assert_int_equal(account_throttle(&h, now).wait_ms, MS_MINUTE);
    /* Everybody together: nine. */
    h = failed(8, now, 0, false);
    h.known_client = true;
    assert_int_equal(account_throttle(&h, now).wait_ms, 0);
    h = failed(9, now, 0, false);
    h.known_client = true;
    assert_int_equal(account_throttle(&h, now).wait_ms, MS_MINUTE);
    h = failed(100, now, 0, false);
    assert_int_equal(h.login.count, THROTTLE_ALL);
    /* The pair's own wait doubles, and is never for ever. */
    static const int64_t waits[][2] = {{4, 0},    {5, 1},    {6, 2},       {8, 8},
                                       {14, 512}, {15, 900}, {100000, 900}};
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        struct login_history pair = {.pair_failures = waits[i][0], .pair_last_ms = now};
        assert_int_equal(account_throttle(&pair, now).wait_ms, waits[i][1] * MS_SECOND);
        assert_int_equal(account_throttle(&pair, now + waits[i][1] * MS_SECOND).wait_ms, 0);
    }
    /* An address of many guesses is slow for strangers, and never closed. */
    static const int64_t holds[][2] = {{59, 0},     {60, 250},   {119, 250},  {120, 500},
                                       {240, 1000}, {480, 2000}, {960, 4000}, {1000000, 4000}};
    for (size_t i = 0; i < COUNT_OF(holds); i++) {
        struct login_history sprayed = {.client_failures = holds[i][0]};
        assert_int_equal(account_throttle(&sprayed, now).wait_ms, 0);
        assert_int_equal(account_throttle(&sprayed, now).hold_ms, holds[i][1]);
        sprayed.known_client = true;
        assert_int_equal(account_throttle(&sprayed, now).hold_ms, 0);
    }
    assert_string_equal(account_client_key(&arena, "203.0.113.9"), "203.0.113.9");
    assert_string_equal(account_client_key(&arena, "2001:db8:1:2:3:4:5:6"),
                        account_client_key(&arena, "2001:db8:1:2::ffff"));
    assert_string_not_equal(account_client_key(&arena, "2001:db8:1:2::1"),
                            account_client_key(&arena, "2001:db8:1:3::1"));
    assert_string_equal(account_client_key(&arena, "1:2:a1b2:c3d4:5:6:7:8"), "1:2:a1b2:c3d4::/64");
    assert_string_equal(account_client_key(&arena, "unknown"), "unknown");
}

/* An attacker from everywhere, who tries whenever a guess is let through: never ten in any minute.
 */
static void test_pace_attack(void **state) {
    (void)state;
    int64_t looked[4096];
    int count = 0;
    for (int64_t now = 0; now < 30 * MS_MINUTE; now += 250)
        for (int known = 0; known <= 1; known++) {
            struct login_history h = {.known_client = known};
            for (int i = count - 1; i >= 0 && looked[i] / 2 > now - MS_MINUTE; i--) {
                account_throttle_add(&h.login, looked[i] / 2);
                if (known && looked[i] % 2) account_throttle_add(&h.pair, looked[i] / 2);
            }
            if (account_throttle(&h, now).wait_ms == 0) looked[count++] = now * 2 + known;
        }
    for (int i = 0; i + 9 < count; i++) assert_true(looked[i + 9] / 2 - looked[i] / 2 >= MS_MINUTE);
    assert_true(count >= 30 * THROTTLE_UNKNOWN); /* and the owner has chances */
}

/* RULE session-end, at each edge. */
static void test_sessions(void **state) {
    (void)state;
    static const struct {
        unsigned roles;
        int64_t idle_ms, most_ms;
    } kinds[] = {{ROLE_LEARNER, 3 * MS_DAY, 14 * MS_DAY},
                 {ROLE_INSTRUCTOR, MS_HOUR, 12 * MS_HOUR},
                 {ROLE_LEARNER | ROLE_ASSESSOR, MS_HOUR, 12 * MS_HOUR},
                 {ROLE_ADMIN, MS_HOUR, 12 * MS_HOUR}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        int64_t began = 500 * MS_DAY, end = began + kinds[i].most_ms;
        assert_int_equal(account_session_until(kinds[i].roles, began, began),
                         began + kinds[i].idle_ms);
        assert_int_equal(account_session_until(kinds[i].roles, began, began + MS_MINUTE),
                         began + MS_MINUTE + kinds[i].idle_ms);
        assert_int_equal(account_session_until(kinds[i].roles, began, end - kinds[i].idle_ms), end);
        assert_int_equal(account_session_until(kinds[i].roles, began, end - 1), end);
    }
}

/* RFC 6238, appendix B, by its last six digits; one step to each side is right, two are not. */
static void test_codes(void **state) {
    (void)state;
    static const unsigned char secret[] = "12345678901234567890";
    static const struct {
        int64_t at_s;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        int64_t at_s = vectors[i].at_s, first_s = at_s / FACTOR_STEP_S * FACTOR_STEP_S, step = 0;
        const int64_t right[] = {at_s, first_s - 30 > 0 ? first_s - 30 : 0, first_s + 59};
        const int64_t wrong[] = {first_s - 31 > 0 ? first_s - 31 : first_s + 60, first_s + 60};
        for (size_t k = 0; k < COUNT_OF(right); k++) {
            assert_true(
                factor_code_matches(secret, 20, right[k] * MS_SECOND, vectors[i].code, &step));
            assert_int_equal(step, at_s / FACTOR_STEP_S);
        }
        for (size_t k = 0; k < COUNT_OF(wrong); k++)
            assert_false(
                factor_code_matches(secret, 20, wrong[k] * MS_SECOND, vectors[i].code, &step));
    }
    int64_t step;
    static const char *const odd[] = {"", "28708", "2870822", "28708x", "+87082", " 287082"};
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        assert_false(factor_code_matches(secret, 20, 59 * MS_SECOND, odd[i], &step));
    assert_string_equal(factor_code_clean(&arena, " 287-082 "), "287082");
    assert_string_equal(factor_code_clean(&arena, "\tAZ-az@[ 09"), "azaz@[09");
    struct factor f = {.secret = secret, .secret_len = 20};
    assert_string_equal(factor_secret_base32(&arena, &f, true),
                        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    assert_string_equal(factor_uri(&arena, &f, "ana", "https://academy.example:8443"),
                        "otpauth://totp/Gradus%20academy.example:ana?secret="
                        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gradus%20academy.example");
}

static void test_hash(void **state) {
    (void)state;
    char *one = account_hash(&arena, "four unrelated words"),
         *two = account_hash(&arena, "four unrelated words");
    assert_non_null(one);
    assert_string_not_equal(one, two); /* salted */
    assert_true(str_has_prefix(one, "$argon2id$"));
}

/* RULE name-noncharacter, RULE name-shows. Both sides of each edge: the noncharacters and their
 * neighbours, controls, halves of pairs; what is dropped. */
static void test_name_characters(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t bad; /* 0: a good name */
    } names[] = {
        {"Ana\uFDCFx", 0},
        {"Ana\uFDD0x", 0xFDD0},
        {"Ana\uFDEFx", 0xFDEF},
        {"Ana\uFDF0x", 0},
        {"Ana\uFFFDx", 0},
        {"Ana\xEF\xBF\xBEx", 0xFFFE},
        {"Ana\xEF\xBF\xBFx", 0xFFFF},
        {"Ana\U0001FFFDx", 0},
        {"Ana\U0001FFFEx", 0x1FFFE},
        {"Ana\U0010FFFFx", 0x10FFFF},
        {"Ana\U0010FFFDx", 0},
        {"Ana\x1Fx", 0x1F},
        {"Ana\x7Fx", 0x7F},
        {"Ana\xC2\x80x", 0x80},
        {"Ana\xC2\x9Fx", 0x9F},
        {"Ana\xC2\xA0x", 0},
        {"Ana\xED\xA0\x80x", 0xD800},
        {"Ana\xED\xBF\xBFx", 0xDFFF},
        {"Ana\xED\x9F\xBFx", 0},
        {"Ana\xFFx", NAME_BROKEN_BYTE | 0xFF},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct account_problem *p = account_person_problem(&arena, "ana", names[i].name,
                                                                 "ana@example.org");
        if (!names[i].bad) assert_null(p);
        else {
            assert_non_null(p);
            assert_string_equal(p->key, "account_problem_name_hidden");
            assert_int_equal(p->character, names[i].bad);
        }
    }
    /* RULE name-shows: nothing that can be seen is no name; beside letters such characters may
     * stand. */
    static const char *const blank[] = {"\u00A0",       "\u3164\u3164",  "\u2800",       "\u034F",
                                        "\uFE0F\uFE00", "\u3000 \u2003", "\u115F\u1160", "\uFFA0",
                                        "\u200D",       "\u17B4\u180B",  "\u1680\u202F"};
    for (size_t i = 0; i < COUNT_OF(blank); i++) {
        const struct account_problem *p = account_person_problem(&arena, "ana", blank[i],
                                                                 "ana@example.org");
        assert_non_null(p);
        assert_string_equal(p->key, "account_problem_no_name");
        assert_null(account_person_problem(
            &arena, "ana", arena_printf(&arena, "A%s\u00A0B", blank[i]), "ana@example.org"));
    }
    int noncharacters = 0;
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        char text[5] = "";
        if (c < 0x800) snprintf(text, sizeof text, "%c%c", 0xC0 | c >> 6, 0x80 | (c & 63));
        else if (c < 0x10000)
            snprintf(text, sizeof text, "%c%c%c", 0xE0 | c >> 12, 0x80 | (c >> 6 & 63),
                     0x80 | (c & 63));
        else
            snprintf(text, sizeof text, "%c%c%c%c", 0xF0 | c >> 18, 0x80 | (c >> 12 & 63),
                     0x80 | (c >> 6 & 63), 0x80 | (c & 63));
        uint32_t bad = name_bad_character(text);
        assert_true(bad == 0 || bad == c);
        noncharacters += bad && ((c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF));
    }
    assert_int_equal(noncharacters, 66);
    assert_string_equal(name_of_character(&arena, 0xFFFE), "U+FFFE");
    assert_string_equal(name_of_character(&arena, 0x1FFFF), "U+1FFFF");
    assert_string_equal(
        account_name_clean(
            &arena,
            "\uFEFF \u200E\u202BAna\u2066 \u061CRuiz\u2069\u202C\u200F\u202A\u202D\u202E\u2067\u2068 "),
        "Ana Ruiz");
    assert_string_equal(account_name_clean(&arena, "\u0DC1\u0DCA\u200D\u0DBB"),
                        "\u0DC1\u0DCA\u200D\u0DBB");
}

/* RULE sign-in-name: case never matters, and one letter is one letter however it is composed. */
static void test_folding(void **state) {
    (void)state;
    assert_string_equal(account_login_clean(&arena, " Ana.RUIZ\u200E "), "ana.ruiz");
    assert_string_equal(account_login_clean(&arena, "\u212Aim"), "kim"); /* the Kelvin sign */
    assert_null(account_login_clean(&arena, NULL));
    static const char *const same[][2] = {
        {"Ana@Example.ORG", "ana@example.org"},
        {"\u00C9lise@example.org", "e\u0301lise@EXAMPLE.org"},
        {"STRASSE@example.org", "stra\u00DFe@example.org"},
        {"\u039F\u0394\u039F\u03A3@example.gr", "\u03BF\u03B4\u03BF\u03C2@example.gr"},
    };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        assert_string_equal(account_email_key(&arena, same[i][0]),
                            account_email_key(&arena, same[i][1]));
    assert_string_not_equal(account_email_key(&arena, "ana@example.org"),
                            account_email_key(&arena, "\u00E1na@example.org"));
}

static void test_queue(void **state) {
    (void)state;
    static struct queue_entry many[QUEUE_LIMIT + QUEUE_LIMIT_CLIENT];
    struct queue q = {0};
    struct queue_entry *out;
    char clients[4][8] = {"a", "b", "c", "d"};
    /* RULE sign-in-fair: of 100 from one address and one from another, that one is second. */
    for (int i = 0; i < 100; i++) {
        many[i] = (struct queue_entry){.client = "a"};
        assert_int_equal(queue_put(&q, &many[i], &out), QUEUE_WAITS);
    }
    struct queue_entry other = {.client = "b"}, known = {.client = "a", .known = true};
    assert_int_equal(queue_put(&q, &other, &out), QUEUE_WAITS);
    assert_int_equal(queue_put(&q, &known, &out), QUEUE_WAITS);
    assert_ptr_equal(queue_take(&q), &known);
    assert_ptr_equal(queue_take(&q), &many[0]);
    assert_ptr_equal(queue_take(&q), &other);
    assert_ptr_equal(queue_take(&q), &many[1]);
    while (queue_take(&q))
        ;
    /* One address never has all places; a full queue makes room for whoever would not be last. */
    int n = 0;
    for (; n < QUEUE_LIMIT_CLIENT; n++) {
        many[n] = (struct queue_entry){.client = clients[0]};
        assert_int_equal(queue_put(&q, &many[n], &out), QUEUE_WAITS);
    }
    struct queue_entry more = {.client = clients[0]};
    assert_int_equal(queue_put(&q, &more, &out), QUEUE_FULL);
    for (; n < QUEUE_LIMIT; n++) {
        many[n] = (struct queue_entry){.client = clients[1]};
        assert_int_equal(queue_put(&q, &many[n], &out), QUEUE_WAITS);
    }
    struct queue_entry late = {.client = clients[2]};
    assert_int_equal(queue_put(&q, &late, &out), QUEUE_WAITS);
    assert_ptr_equal(out, &many[QUEUE_LIMIT - 1]);
    assert_int_equal(q.length, QUEUE_LIMIT);
    while (queue_take(&q))
        ;
    /* One account never has more than its share. */
    for (n = 0; n < QUEUE_LIMIT_LOGIN; n++) {
        many[n] = (struct queue_entry){.client = clients[n % 4], .login = "ana"};
        assert_int_equal(queue_put(&q, &many[n], &out), QUEUE_WAITS);
    }
    more = (struct queue_entry){.client = "e", .login = "ana"};
    assert_int_equal(queue_put(&q, &more, &out), QUEUE_LOGIN_FULL);
    /* RULE known-apart: who is known has places of their own, and no more of them. */
    for (int i = 0; i < QUEUE_LIMIT_LOGIN; i++, n++) {
        many[n] = (struct queue_entry){.client = "home", .login = "ana", .known = true};
        assert_int_equal(queue_put(&q, &many[n], &out), QUEUE_WAITS);
    }
    struct queue_entry owner = {.client = "home", .login = "ana", .known = true};
    assert_int_equal(queue_put(&q, &owner, &out), QUEUE_LOGIN_FULL);
    assert_int_equal(queue_put(&q, &more, &out), QUEUE_LOGIN_FULL);
    more.login = "bo";
    assert_int_equal(queue_put(&q, &more, &out), QUEUE_WAITS);
}

/* A place in line is that of the last stranger who was taken: who comes later begins there. */
static void test_turns(void **state) {
    (void)state;
    struct queue q = {0};
    struct queue_entry a[4], b = {.client = "b"}, k[3], s[2], c = {.client = "c"}, *out;
    for (int i = 0; i < 4; i++) {
        a[i] = (struct queue_entry){.client = "a"};
        assert_int_equal(queue_put(&q, &a[i], &out), QUEUE_WAITS);
    }
    for (int i = 0; i < 3; i++) assert_ptr_equal(queue_take(&q), &a[i]);
    assert_int_equal(queue_put(&q, &b, &out), QUEUE_WAITS);
    assert_ptr_equal(queue_take(&q), &a[3]);
    assert_ptr_equal(queue_take(&q), &b);
    assert_null(queue_take(&q));
    /* Those who are known do not move it. */
    for (int i = 0; i < 2; i++) {
        s[i] = (struct queue_entry){.client = "s"};
        assert_int_equal(queue_put(&q, &s[i], &out), QUEUE_WAITS);
    }
    for (int i = 0; i < 3; i++) {
        k[i] = (struct queue_entry){.client = "k", .known = true};
        assert_int_equal(queue_put(&q, &k[i], &out), QUEUE_WAITS);
    }
    for (int i = 0; i < 3; i++) assert_ptr_equal(queue_take(&q), &k[i]);
    assert_int_equal(queue_put(&q, &c, &out), QUEUE_WAITS);
    assert_ptr_equal(queue_take(&q), &s[0]);
    assert_ptr_equal(queue_take(&q), &c);
    assert_ptr_equal(queue_take(&q), &s[1]);
    assert_int_equal(q.length, 0);
}

/* Networks of 64 bits are one; what is no IPv6 address is itself. */
static void test_clients(void **state) {
    (void)state;
    assert_string_equal(account_client_key(&arena, "1234:5678:9abc:def1:2345:6789:abcd:ef12"),
                        "1234:5678:9abc:def1::/64");
    assert_string_equal(account_client_key(&arena, "::1"), "0:0:0:0::/64");
    assert_string_equal(account_client_key(&arena, "10.0.0.1"), "10.0.0.1");
    assert_string_equal(account_client_key(&arena, ""), "");
}

/* A square of 21 with four around it; its corner is where it ends. */
static void test_drawing(void **state) {
    (void)state;
    const char *drawn = factor_qr_svg(&arena, "abc");
    assert_true(str_has_prefix(
        drawn,
        "<svg class=\"qr\" viewBox=\"0 0 29 29\" width=\"220\" height=\"220\" aria-hidden=\"true\" "
        "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h29v29H0z\"/>"
        "<path fill=\"#000\" d=\"M4 4h1v1h-1zM5 4h1v1h-1z"));
    /* The three eyes: 7 in a row at each end of the first, 7 below. */
    for (int i = 0; i < 7; i++) {
        static const int eyes[][2] = {{4, 4}, {18, 4}, {4, 18}};
        for (size_t e = 0; e < COUNT_OF(eyes); e++) {
            assert_non_null(
                strstr(drawn, arena_printf(&arena, "M%d %dh1v1h-1z", eyes[e][0] + i, eyes[e][1])));
            assert_non_null(strstr(
                drawn, arena_printf(&arena, "M%d %dh1v1h-1z", eyes[e][0] + i, eyes[e][1] + 6)));
        }
    }
    assert_null(strstr(drawn, "M11 4h")); /* beside an eye it is white */
    assert_null(strstr(drawn, "M3 "));
    assert_null(strstr(drawn, "M25 "));
    assert_null(strstr(drawn, " 25h"));
    assert_string_equal(drawn + strlen(drawn) - strlen("\"/></svg>"), "\"/></svg>");
}

/* From 10 to 200 characters, of whatever script. */
static void test_lengths(void **state) {
    (void)state;
    static const struct {
        int length;
        const char *key;
    } cases[] = {{9, "account_problem_password_short"},
                 {10, NULL},
                 {200, NULL},
                 {201, "account_problem_password_long"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;
        buf_init(&b, &arena);
        for (int k = 0; k < cases[i].length; k++)
            buf_printf(&b, "%s", k % 7 == 3 ? "\u0E01" : k % 5 == 2 ? "\u00E9" : k % 2 ? "k" : "v");
        const struct account_problem *p = account_password_problem(buf_text(&b), "ana");
        if (!cases[i].key) assert_null(p);
        else assert_string_equal(p->key, cases[i].key);
    }
    assert_true(account_password_common("QAZWSXEDC"));
    assert_false(account_password_common("7204913556")); /* not a letter in it */
    assert_null(account_password_problem("four unrelated words here", ""));
    assert_null(account_password_problem("four unrelated words here", NULL));
}

/* Repeated pieces of one to four, whichever length. */
static void test_repeated(void **state) {
    (void)state;
    assert_false(account_password_repeats(""));
    assert_true(account_password_repeats("a"));
    assert_true(account_password_repeats("abcdabcd"));
    assert_false(account_password_repeats("abcdeabcde"));
    assert_false(account_password_repeats("ababa"));
    assert_true(account_password_repeats("abcd"));
    assert_false(account_password_repeats("abcde"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_pace_attack),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_name_characters),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_drawing),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
