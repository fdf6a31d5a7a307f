/* The PDF and the badge carry the credential, are the same each time, and survive strange names and damaged files. */
#include "unit/check.h"

#include <pthread.h>

#include "base/text.h"
#include "cert/cert_draw.h"
#include "unit/cert/sample.h"

/* Fontconfig keeps what it read for the life of the process, and does not say so to the leak checker. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

/* These libraries guard what they share with atomics and locks that the race checker does not see. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) {
    return "called_from_lib:libfontconfig.so\ncalled_from_lib:libglib-2.0.so\n"
           "called_from_lib:libgobject-2.0.so\ncalled_from_lib:libpango-1.0.so\n"
           "called_from_lib:libpangoft2-1.0.so\ncalled_from_lib:libpangocairo-1.0.so\n"
           "called_from_lib:libcairo.so\ncalled_from_lib:libharfbuzz.so\n"
           "called_from_lib:libfreetype.so\ncalled_from_lib:libqpdf.so\n";
}

#define CREDENTIAL "{\"name\":\"naïve ไทย عربي\"}"

typedef enum err (*make_fn)(struct arena *, const struct cert_paper *, unsigned char **, size_t *);
typedef char *(*read_fn)(struct arena *, const unsigned char *, size_t, const char **);

static void the_credential_comes_back(void **state) {
    static const make_fn make[] = {cert_pdf, cert_png};
    static const read_fn read[] = {cert_pdf_credential, cert_png_credential};
    struct arena *a = *state;
    struct cert_paper p = sample_paper("Ada Example", CREDENTIAL);
    for (int i = 0; i < 2; i++) {
        unsigned char *bytes, *again;
        size_t len, again_len;
        const char *why = "";
        assert_int_equal(make[i](a, &p, &bytes, &len), OK);
        assert_int_equal(make[i](a, &p, &again, &again_len), OK);
        assert_int_equal(len, again_len);
        assert_memory_equal(bytes, again, len);
        const char *text = read[i](a, bytes, len, &why);
        if (!text) fail_msg("%s", why);
        assert_string_equal(text, CREDENTIAL);
    }
}

static void strange_names(void **state) {
    struct arena *a = *state;
    char *wide = arena_alloc(a, 201);
    memset(wide, 'W', 200);
    const char *const names[] = {"",
                                 "นาย กรรณิการ์ ศรีสุวรรณ",
                                 "نور حداد الأمين",
                                 "\u202egnorw\u202c",
                                 "a\tb\nc",
                                 "王小明 李四",
                                 "👩‍💻",
                                 "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
                                 wide,
                                 "נועה לוי",
                                 "'\\<&>\""};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct cert_paper p = sample_paper(names[i], CREDENTIAL);
        unsigned char *bytes;
        size_t len;
        const char *why = "";
        assert_int_equal(cert_pdf(a, &p, &bytes, &len), OK);
        assert_non_null(cert_pdf_credential(a, bytes, len, &why));
        assert_int_equal(cert_png(a, &p, &bytes, &len), OK);
    }
}

static void damaged_pictures(void **state) {
    struct arena *a = *state;
    struct cert_paper p = sample_paper("Ada", CREDENTIAL);
    unsigned char *png;
    size_t len;
    const char *why = NULL;
    assert_int_equal(cert_png(a, &p, &png, &len), OK);
    const size_t end = 33 + 12 + 24 + sizeof CREDENTIAL -
                       1; /* signature and IHDR, then our chunk */
    for (size_t cut = 0; cut < len;
         cut += cut < 200 ? 1 : 997) { /* cut anywhere before the end of the chunk: none */
        const char *text = cert_png_credential(a, (unsigned char *)arena_copy(a, (char *)png, cut),
                                               cut, &why);
        if (cut < end) assert_null(text);
    }
    for (size_t i = 8; i < end; i++) { /* one flipped bit in header or chunk */
        unsigned char *bad = (unsigned char *)arena_copy(a, (char *)png, len);
        bad[i] ^= 0x10;
        const char *text = cert_png_credential(a, bad, len, &why);
        assert_null(text);
        assert_non_null(why);
    }
    assert_null(cert_png_credential(a, (const unsigned char *)"GIF89a", 6, &why));
}

static void what_is_no_pdf(void **state) {
    static const char *const texts[] = {"", "%PDF-1.7", "%PDF-1.7\n%%EOF", "{\"a\":1}"};
    const char *why = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_null(
            cert_pdf_credential(*state, (const unsigned char *)texts[i], strlen(texts[i]), &why));
        assert_non_null(why);
    }
}

static void printed_as_stored(void **state) {
    assert_string_equal(draw_plain(*state, "a\u202eb\u2066c\u200fd\te\x7f"), "abcd e ");
    assert_string_equal(draw_plain(*state, "نور ไทย ÅŁ"), "نور ไทย ÅŁ");
    assert_true(draw_is_backward("Ada نور"));
    assert_false(draw_is_backward("Ada ไทย"));
}

/* Several at once, as the server draws them: each as if it were alone. */
struct drawing {
    pthread_t thread;
    const char *name;
    bool same;
};

static void *draw(void *arg) {
    struct drawing *d = arg;
    struct arena a;
    arena_init(&a, (size_t)64 << 20);
    struct cert_paper p = sample_paper(d->name, CREDENTIAL);
    unsigned char *first = NULL, *bytes;
    size_t first_len = 0, len;
    d->same = true;
    for (int i = 0; i < 6; i++) {
        if ((i & 1 ? cert_png : cert_pdf)(&a, &p, &bytes, &len) != OK) d->same = false;
        if (i & 1) continue;
        if (first) d->same = d->same && len == first_len && memcmp(first, bytes, len) == 0;
        first = bytes;
        first_len = len;
    }
    arena_release(&a);
    return NULL;
}

static void at_once(void **state) {
    (void)state;
    struct drawing all[] = {
        {.name = "Ada"}, {.name = "นายกรรณิการ์"}, {.name = "نور حداد"}, {.name = "Дарья"}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, draw, &all[i]), 0);
    for (size_t i = 0; i < COUNT_OF(all); i++) pthread_join(all[i].thread, NULL);
    for (size_t i = 0; i < COUNT_OF(all); i++) assert_true(all[i].same);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_credential_comes_back), TEST(strange_names),
        TEST(damaged_pictures),          TEST(what_is_no_pdf),
        TEST(printed_as_stored),         TEST(at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
