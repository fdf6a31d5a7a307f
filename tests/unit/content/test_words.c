/* Words of many scripts as the index knows them, and excerpts that mark them. */
#include "unit/content/fixture.h"

#include <string.h>

#include "base/text.h"

static const char *words_of(const char *text) {
    struct words *w = content_words();
    struct buf b;
    buf_init(&b, &arena);
    words_index(w, text, &b);
    return str_trim(&arena, buf_text(&b));
}

static void test_words(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {{"Lead Scoring", "lead scoring"},
                 {"Łódź, São Paulo, naïve café", "lodz sao paulo naive cafe"},
                 {"Straße ÆON", "strasse æon"},
                 {"campaigns processes queries keys status business",
                  "campaign processe query key status business"},
                 {"don't 3.5 A/B-test", "don t 3 5 a b test"},
                 {"العَرَبِيَّة", "عربيه"},
                 {"كـــتاب", "كتاب"},
                 {"أحمد إسلام آخر", "احمد اسلام اخر"},
                 {"", ""},
                 {"… — !", ""},
                 {"Ｆｕｌｌ ｗｉｄｔｈ ﬁne", "full width fine"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(words_of(cases[i].text), cases[i].words);
    /* Thai has no blanks: the dictionary finds the words. */
    const char *thai = words_of("การตลาดดิจิทัล");
    assert_non_null(strchr(thai, ' '));
    assert_non_null(strstr(thai, "ตลาด"));
}

/* The article goes with what is written together with it, and nothing else does. */
static void test_arabic_articles(void **state) {
    (void)state;
    static const char *const same[][8] = {
        {"بيانات", "البيانات", "وبالبيانات", "بالبيانات", "والبيانات", "كالبيانات", "للبيانات"},
        {"بيانات", "فالبيانات", "فبالبيانات", "وكالبيانات", "فكالبيانات", "وللبيانات", "فللبيانات"},
        {"بيانات", "الْبَيَانَات", "البيانـــات", "والـبيانات"},
        {"التزام", "الالتزام", "بالالتزام"},
        {"إلكتروني", "الإلكتروني", "الكتروني", "والإلكتروني"},
        {"أداة", "الأداة", "الاداة"},
        {"CRM", "الـCRM"},
        {"والدين", "الوالدين"}};
    for (size_t i = 0; i < COUNT_OF(same); i++)
        for (size_t k = 1; k < COUNT_OF(same[i]) && same[i][k]; k++)
            assert_string_equal(words_of(same[i][k]), words_of(same[i][0]));
    static const char *const different[][2] = {
        {"الله", "له"},       {"وزير", "زير"},    {"وصل", "صل"},     {"بلد", "لد"},
        {"كتاب", "تاب"},      {"فريق", "ريق"},    {"لون", "ون"},     {"والدين", "دين"},
        {"ألعاب", "عاب"},     {"ألوان", "وان"},   {"بالغين", "غين"}, {"وكالات", "ات"},
        {"وكالة", "ه"},       {"بالون", "ون"},    {"مال", "م"},      {"بيانات", "بيان"},
        {"حالة", "حل"},       {"مقالات", "مقات"}, {"رسالة", "رسه"},  {"التي", "تي"},
        {"ببيانات", "بيانات"}};
    for (size_t i = 0; i < COUNT_OF(different); i++)
        assert_string_not_equal(words_of(different[i][0]), words_of(different[i][1]));
}

/* What makes a noun goes with its word, and does not when it stands alone or is part of a word. */
static void test_thai_nouns(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"การตลาด", "ตลาด"}, {"ความเข้าใจ", "เข้าใจ"},   {"การเรียนรู้", "เรียน รู้"}, {"การ", "การ"},
        {"ความ", "ความ"},    {"การ ตลาด", "การ ตลาด"}, {"การเมือง", "การเมือง"}, {"บริการ", "บริการ"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(words_of(cases[i][0]), cases[i][1]);
    struct word_list q = words_query(content_words(), &arena, "การ ตลาด ความ");
    assert_int_equal(q.count, 1);
    assert_string_equal(q.items[0], "ตลาด");
    assert_int_equal(words_query(content_words(), &arena, "การ").count, 1);
    assert_int_equal(words_query(content_words(), &arena, "การ ความ").count, 2);
    const char *e = words_excerpt(content_words(), &arena, "เรื่องการตลาดดิจิทัล",
                                  &(struct word_list){(const char *[]){"ตลาด"}, 1}, 60);
    assert_non_null(strstr(e, "<mark>การตลาด</mark>"));
}

static void test_bad_words(void **state) {
    (void)state;
    char *word = arena_alloc(&arena, 3000001);
    memset(word, 'x', 3000000);
    assert_true(strlen(words_of(word)) <= 64 * 3000000 / 64);
    (void)words_of("\xff\xfe broken \xe2\x82");
    struct word_list q = words_query(content_words(), &arena,
                                     "one two one \" OR * ( NEAR/2 ) : - ^ {title}");
    assert_int_equal(q.count, 6);
    assert_string_equal(q.items[2], "or");
    struct buf many;
    buf_init(&many, &arena);
    for (int i = 0; i < 100; i++) buf_printf(&many, "w%d ", i);
    assert_int_equal(words_query(content_words(), &arena, buf_text(&many)).count, 12);
}

static void test_excerpts(void **state) {
    (void)state;
    struct words *w = content_words();
    struct word_list q = words_query(w, &arena, "lead scor");
    const char *e = words_excerpt(
        w, &arena, "A long text about nothing much at all. Then <b>Lead</b> scoring & more.", &q,
        60);
    assert_non_null(strstr(e, "<mark>Lead</mark>"));
    assert_non_null(strstr(e, "<mark>scoring</mark>"));
    assert_non_null(strstr(e, "&lt;"));
    assert_null(strstr(e, "<b>"));
    e = words_excerpt(w, &arena, "การตลาดดิจิทัลและข้อมูล",
                      &(struct word_list){(const char *[]){"ตลาด"}, 1}, 60);
    assert_non_null(strstr(e, "<mark>"));
    assert_string_equal(words_excerpt(w, &arena, "", &q, 60), "");
    assert_string_equal(words_excerpt(w, &arena, "Nothing of it", &q, 60), "Nothing of it");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_words), CASE(test_arabic_articles),
                                       CASE(test_thai_nouns), CASE(test_bad_words),
                                       CASE(test_excerpts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
