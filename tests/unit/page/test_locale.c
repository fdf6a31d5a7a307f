/* Languages: plural rules, numbers, dates, negotiation, direction, the syntax of texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "page/mustache.h"

static struct arena arena;

static int begin(void **state) {
    (void)state;
    arena_init(&arena, 64u << 20);
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A text rendered in a language with n, name and kind. */
static const char *text(const char *language, const char *source, int64_t n, const char *name) {
    const char *why = NULL;
    struct message *m = message_parse(&arena, source, &why);
    if (!m) fail_msg("%s: %s", source, why);
    const struct message *texts[] = {m};
    struct locale *l = language ? locale_new(&arena, language) : NULL;
    struct mustache_env env = {.texts = texts, .locale = l};
    struct view *v = view_new(&arena);
    view_int(v, "n", n);
    view_text(v, "name", name);
    view_text(view_object(v, "me"), "name", "Nok");
    view_html(v, "link", "<a href=\"/x\">x</a>");
    struct buf out;
    buf_init(&out, &arena);
    mustache_text(&env, 0, v, true, &out);
    locale_free(l);
    return buf_text(&out);
}

static void plurals(void **state) {
    (void)state;
    static const char en[] = "{n, plural, =0 {nothing} one {# item} other {# items}}";
    static const char pl[] =
        "{n, plural, one {# moduł} few {# moduły} many {# modułów} other {# modułu}}";
    static const char ar[] =
        "{n, plural, zero {0} one {1} two {2} few {few} many {many} other {other}}";
    static const char place[] = "{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}";
    static const struct {
        const char *language, *source;
        int64_t n;
        const char *want;
    } cases[] = {
        {"en", en, 0, "nothing"},
        {"en", en, 1, "1 item"},
        {"en", en, 2, "2 items"},
        {"en", en, 12345, "12,345 items"},
        {NULL, en, 1, "1 item"},
        {NULL, en, 5, "5 items"},
        {"pl", pl, 1, "1 moduł"},
        {"pl", pl, 3, "3 moduły"},
        {"pl", pl, 5, "5 modułów"},
        {"pl", pl, 22, "22 moduły"},
        {"ar", ar, 0, "0"},
        {"ar", ar, 1, "1"},
        {"ar", ar, 2, "2"},
        {"ar", ar, 5, "few"},
        {"ar", ar, 11, "many"},
        {"ar", ar, 100, "other"},
        {"th", "{n, plural, other {# บท}}", 1, "1 บท"},
        {"en", place, 1, "1st"},
        {"en", place, 2, "2nd"},
        {"en", place, 3, "3rd"},
        {"en", place, 11, "11th"},
        {"en", place, 22, "22nd"},
        {"en", "{n, plural, offset:1 =1 {only you} one {you and one more} other {you and # more}}",
         1, "only you"},
        {"en", "{n, plural, offset:1 =1 {only you} one {you and one more} other {you and # more}}",
         2, "you and one more"},
        {"en", "{n, plural, offset:1 =1 {only you} one {you and one more} other {you and # more}}",
         4, "you and 3 more"},
        {"en", "{n, plural, other {#}}", INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(text(cases[i].language, cases[i].source, cases[i].n, NULL),
                            cases[i].want);
}

static void parameters(void **state) {
    (void)state;
    assert_string_equal(text("en", "Hello {name}, {me.name}", 0, "<b>"), "Hello &lt;b&gt;, Nok");
    assert_string_equal(text("en", "See {link}", 0, NULL), "See <a href=\"/x\">x</a>");
    assert_string_equal(text("en", "{n} {n, number} {n, plain}", 12345, NULL),
                        "12,345 12,345 12345");
    assert_string_equal(text("de", "{n}", 12345, NULL), "12.345");
    assert_string_equal(text("ar-EG", "{n}", 12345, NULL), "١٢٬٣٤٥");
    assert_string_equal(text("en", "{name, select, open {Open} other {Closed}}", 0, "open"),
                        "Open");
    assert_string_equal(text("en", "{name, select, open {Open} other {Closed}}", 0, "no"),
                        "Closed");
    assert_string_equal(text("en", "{name, select, open {Open} other {Closed}}", 0, NULL),
                        "Closed");
    assert_string_equal(text("en", "It's '{'not'}' {missing}a parameter, can''t be", 0, NULL),
                        "It&#39;s {not} a parameter, can&#39;t be");
    assert_string_equal(
        text("en", "{n, plural, other {'#' is #, {name, select, a {x #} other {y}}}}", 7, "a"),
        "# is 7, x 7");
    assert_string_equal(text("en", "a & b < c", 0, NULL), "a &amp; b &lt; c");
}

static void broken_texts_say_why(void **state) {
    (void)state;
    static const char *const broken[] = {
        "{",
        "}",
        "{}",
        "{n",
        "{n,}",
        "{n, plural}",
        "{n, plural, one {x}}",
        "{n, plural, other x}",
        "{n, plural, other {x}",
        "{n, dance}",
        "{a b}",
        "{a..b}",
        "{a.b.c.d.e}",
        "{n, plural, =x {a} other {b}}",
        "{n, plural, offset:x other {b}}",
        "{n, plural, other {{n, plural, other {{n, plural, other {{n, plural, other {{n, plural, other {{n, plural, other {x}}}}}}}}}}}}",
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        const char *why = NULL;
        if (message_parse(&arena, broken[i], &why)) fail_msg("accepted: %s", broken[i]);
        assert_non_null(why);
    }
}

static void percents(void **state) {
    (void)state;
    static const struct {
        const char *language;
        int64_t permille;
        const char *want;
    } cases[] = {{"en", 823, "82.3%"}, {"en", 1000, "100%"}, {"en", 0, "0%"},
                 {"en", -5, "-0.5%"},  {NULL, 823, "82.3%"}, {"pl", 823, "82,3%"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;
        buf_init(&b, &arena);
        struct locale *l = cases[i].language ? locale_new(&arena, cases[i].language) : NULL;
        locale_percent(l, cases[i].permille, &b);
        assert_string_equal(buf_text(&b), cases[i].want);
        locale_free(l);
    }
}

static void hundredths(void **state) {
    (void)state;
    static const struct {
        const char *language;
        int64_t hundredths;
        const char *want;
    } cases[] = {{"en", 267, "2.67"},   {"en", 250, "2.5"},         {"en", 200, "2"},
                 {"en", 5, "0.05"},     {"en", -50, "-0.5"},        {"en", 0, "0"},
                 {NULL, 267, "2.67"},   {"en", 123456, "1,234.56"}, {"pl", 267, "2,67"},
                 {"ar-EG", 267, "٢٫٦٧"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b;
        buf_init(&b, &arena);
        struct locale *l = cases[i].language ? locale_new(&arena, cases[i].language) : NULL;
        locale_hundredths(l, cases[i].hundredths, &b);
        assert_string_equal(buf_text(&b), cases[i].want);
        locale_free(l);
    }
}

static const char *time_part(int64_t ms, const char *locale, const char *zone, const char *part) {
    struct view *v = view_new(&arena);
    view_time(v, "t", ms, locale, zone);
    const struct view *text_value = view_get(v, part, name_hash(part, strlen(part)));
    return text_value ? text_value->text.bytes : "(absent)";
}

static void times(void **state) {
    (void)state;
    int64_t noon;
    assert_true(time_parse_iso("2026-11-22T12:04:31Z", &noon));
    assert_string_equal(time_part(noon, "en", NULL, "t"), "22 Nov 2026, 12:04 UTC");
    assert_string_equal(time_part(noon, "en", NULL, "t_date"), "22 Nov 2026");
    assert_string_equal(time_part(noon, "en", NULL, "t_clock"), "12:04:31 UTC");
    assert_string_equal(time_part(noon, "en", NULL, "t_iso"), "2026-11-22T12:04:31Z");
    assert_string_equal(time_part(noon, "en", "Asia/Bangkok", "t"), "22 Nov 2026, 19:04");
    assert_string_equal(time_part(noon, "en", "Asia/Bangkok", "t_clock"), "19:04:31");
    assert_string_equal(time_part(noon, "en", "America/New_York", "t_date"), "22 Nov 2026");
    assert_string_equal(time_part(noon, "pl", "Europe/Warsaw", "t"), "22 lis 2026, 13:04");
    /* A zone that nobody knows is not believed. */
    assert_string_equal(time_part(noon, "en", "Moon/Base", "t"), "22 Nov 2026, 12:04 UTC");
    assert_string_equal(time_part(noon, "en", "../../etc/passwd", "t_clock"), "12:04:31 UTC");
    assert_string_equal(time_part(-1000, "en", NULL, "t_iso"), "1969-12-31T23:59:59Z");
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_string_equal(time_part(noon, longer, longer, "t"), "22 Nov 2026, 12:04 UTC");
    /* More languages and zones than a thread keeps. */
    static const char *const zones[] = {"Europe/Paris",    "Asia/Tokyo",   "Asia/Dubai",
                                        "Africa/Cairo",    "America/Lima", "Asia/Kolkata",
                                        "Australia/Perth", "Europe/Madrid"};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT_OF(zones); i++)
            assert_null(strstr(time_part(noon, "en", zones[i], "t"), "UTC"));
}

static void *times_on_a_thread(void *arg) {
    (void)arg;
    for (int i = 0; i < 300; i++) {
        struct arena a;
        arena_init(&a, 1u << 20);
        struct view *v = view_new(&a);
        view_time(v, "t", (int64_t)i * MS_DAY, i % 2 ? "ar" : "th",
                  i % 3 ? "Asia/Bangkok" : "Africa/Cairo");
        arena_release(&a);
    }
    return NULL;
}

static void threads_share_no_format(void **state) {
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, times_on_a_thread, NULL), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

static void negotiation(void **state) {
    (void)state;
    static const char *const names[] = {"en", "ar", "pl", "zh-Hant"};
    static const struct {
        const char *header;
        int want;
    } cases[] = {
        {NULL, -1},
        {"", -1},
        {"fr", -1},
        {"en", 0},
        {"EN-gb", 0},
        {"ar-EG,en;q=0.5", 1},
        {"fr,pl;q=0.3", 2},
        {"en;q=0.1, pl;q=0.2", 2},
        {"pl;q=0, en;q=0.1", 0},
        {"*", 0},
        {"zh-Hant-HK", 3},
        {"zh", -1},
        {"pl;q=1.5", 2},
        {";;;,,,q=1", -1},
        {"ar;q=0.8,pl;q=0.8", 1},
        {"pl;q=abc", -1},
        {"ar-u-nu-latn", 1},
        {"-", -1},
        {"pl;", 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int got = locale_negotiate(cases[i].header, names, COUNT_OF(names));
        if (got != cases[i].want)
            fail_msg("\"%s\": %d, wanted %d", cases[i].header ? cases[i].header : "(none)", got,
                     cases[i].want);
    }
    char *flood = arena_alloc(&arena, 1000001);
    memset(flood, ',', 1000000);
    assert_int_equal(locale_negotiate(flood, names, COUNT_OF(names)), -1);
    memset(flood, 'a', 1000000);
    assert_int_equal(locale_negotiate(flood, names, COUNT_OF(names)), -1);
}

static void directions(void **state) {
    (void)state;
    static const struct {
        const char *locale, *want;
    } cases[] = {{"en", "ltr"}, {"ar", "rtl"}, {"ar-EG", "rtl"}, {"he", "rtl"},     {"th", "ltr"},
                 {NULL, "ltr"}, {"", "ltr"},   {"?", "ltr"},     {"az-Arab", "rtl"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(page_direction(cases[i].locale), cases[i].want);
}

static void languages(void **state) {
    (void)state;
    static const struct {
        const char *tag, *want, *name;
    } cases[] = {{"ar", "ar", "العربية"},
                 {"AR", "ar", "العربية"},
                 {"th", "th", "ไทย"},
                 {"en", "en", "English"},
                 {"PT-br", "pt-BR", "Português (Brasil)"},
                 {"zh-hant-tw", "zh-Hant-TW", NULL},
                 {"draft", NULL, NULL},
                 {"en_GB", NULL, NULL},
                 {"en-", NULL, NULL},
                 {"", NULL, NULL},
                 {"und", NULL, NULL},
                 {"x-mine", NULL, NULL},
                 {"tmp", NULL, NULL},
                 {"en-abcdefghi-abcdefgh-abcdefgh-abcdefgh", NULL, NULL},
                 {"english", NULL, NULL},
                 {NULL, NULL, NULL}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = page_language(&arena, cases[i].tag);
        if (!str_eq(got, cases[i].want))
            fail_msg("\"%s\": %s, wanted %s", cases[i].tag, got, cases[i].want);
        if (cases[i].name)
            assert_string_equal(page_language_name(&arena, cases[i].tag), cases[i].name);
    }
}

static void languages_fit(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool want;
    } cases[] = {{"ar", "ar", true},          {"ar-EG", "ar", true},   {"pt", "pt-BR", true},
                 {"pt-PT", "pt-BR", true},    {"ar", "en", false},     {"zh-TW", "zh-Hant", true},
                 {"zh-TW", "zh-CN", false},   {"zh", "zh-Hans", true}, {"sr", "sr-Latn", false},
                 {"EN", "en", true},          {"?", "en", false},      {"", "", true},
                 {"ar-u-nu-latn", "ar", true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (page_language_fits(cases[i].a, cases[i].b) != cases[i].want)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
}

/* RULE reading-language, written by hand: explicit choice × setting × what the browser accepts ×
 * what there is. */
static void choosing(void **state) {
    (void)state;
    static const char *const english[] = {"en", "ar", "th", NULL},
                             *const thai[] = {"th", "en", NULL}, *const alone[] = {"ar", NULL},
                             *const twins[] = {"pt-PT", "pt-BR", NULL};
    static const struct {
        const char *asked, *reading, *setting, *accept;
        const char *const *names;
        const char *want;
    } cases[] = {
        {NULL, NULL, NULL, NULL, english, "en"},
        {NULL, NULL, NULL, "ar", english, "ar"},
        {NULL, NULL, NULL, "ar-EG, en;q=0.5", english, "ar"},
        {NULL, NULL, NULL, "en, ar;q=0.9", english, "en"},
        {NULL, NULL, NULL, "ar;q=0.5, th;q=0.6", english, "th"},
        {NULL, NULL, NULL, "ar;q=0, th;q=0.1", english, "th"},
        {NULL, NULL, NULL, "fr, de", english, "en"},
        {NULL, NULL, NULL, "*", english, "en"},
        {NULL, NULL, "th", "ar", english, "th"},
        {NULL, NULL, "fr", "ar", english, "ar"},
        {NULL, "en", "th", "ar", english, "en"},
        {NULL, "fr", "th", "ar", english, "th"},
        {"ar", "en", "th", "th", english, "ar"},
        {"fr", "en", "th", "th", english, "en"},
        {"fr", NULL, NULL, NULL, english, "en"},
        {NULL, NULL, NULL, "ar, en;q=0.1", thai, "en"},
        {NULL, NULL, NULL, "ar", thai, "th"},
        {"ar", NULL, "en", NULL, thai, "en"},
        {"th", NULL, "en", "en", thai, "th"},
        {"en", "en", "en", "en", alone, "ar"},
        {NULL, NULL, NULL, "pt", twins, "pt-PT"},
        {NULL, NULL, NULL, "pt-BR", twins, "pt-BR"},
        {NULL, NULL, "pt-br", "pt-PT", twins, "pt-BR"},
        {NULL, NULL, NULL, "pt-AO", twins, "pt-PT"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *wanted[] = {cases[i].asked, cases[i].reading, cases[i].setting};
        size_t count = 0;
        while (cases[i].names[count]) count++;
        size_t got = page_language_choose(wanted, 3, cases[i].accept, cases[i].names, count);
        if (!str_eq(cases[i].names[got], cases[i].want))
            fail_msg("case %zu: %s, wanted %s", i, cases[i].names[got], cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plurals, begin, end),
        cmocka_unit_test_setup_teardown(parameters, begin, end),
        cmocka_unit_test_setup_teardown(broken_texts_say_why, begin, end),
        cmocka_unit_test_setup_teardown(percents, begin, end),
        cmocka_unit_test_setup_teardown(hundredths, begin, end),
        cmocka_unit_test_setup_teardown(times, begin, end),
        cmocka_unit_test_setup_teardown(threads_share_no_format, begin, end),
        cmocka_unit_test_setup_teardown(negotiation, begin, end),
        cmocka_unit_test_setup_teardown(directions, begin, end),
        cmocka_unit_test_setup_teardown(languages, begin, end),
        cmocka_unit_test_setup_teardown(languages_fit, begin, end),
        cmocka_unit_test_setup_teardown(choosing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
