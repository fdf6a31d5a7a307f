/* The PDF and the badge carry the credential, are the same each time, and survive strange names and
 * damaged files. */
#include "unit/check.h"

#include <pthread.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "cert/cert_draw.h"
#include "unit/cert/sample.h"

/* Fontconfig keeps what it read for the life of the process, and does not say so to the leak
 * checker. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

/* These libraries guard what they share with atomics and locks that the race checker does not see.
 */
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

static int drawn_at(int level, int levels, double across, double down) {
    enum { SIDE = 200 };
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, SIDE, SIDE);
    cairo_t *cr = cairo_create(surface);
    draw_steps(cr, 0, 0, SIDE, level, levels, draw_white);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    int row = (int)(down * SIDE) * cairo_image_surface_get_stride(surface);
    int value = cairo_image_surface_get_data(surface)[row + (int)(across * SIDE)];
    cairo_surface_destroy(surface);
    return value;
}

/* The mark is a stair for any number of levels: free above on the left, full below on the right. A
 * programme with one level had a block. */
static void the_mark_is_no_block(void **state) {
    (void)state;
    for (int levels = 1; levels <= 8; levels++) {
        assert_int_equal(drawn_at(levels, levels, 0.1, 0.4), 0);
        assert_int_equal(drawn_at(levels, levels, 0.9, 0.9), 255);
        assert_int_equal(drawn_at(levels, levels, 0.1, 0.97), 255);
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

/* As other programs write: other order, compressed, a length elsewhere, several attachments,
 * another end of line. */
#define HEAD "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
#define PACKED                                                                                     \
    "\x78\xda\xab\x56\x4a\x54\xb2\x52\x32\x50\xaa\x05\x00\x0b\xda\x02\x4c" /* {"a":"0"} */

struct foreign {
    const char *text;
    size_t len;
    const char *credential; /* NULL: none */
};
#define FOREIGN(text, credential)                                                                  \
    { text, sizeof(text) - 1, credential }

static void foreign_pdfs(void **state) {
    static const struct foreign all[] = {
        FOREIGN(
            HEAD
            "1 0 obj\n<< /Length 9 /Type /EmbeddedFile >>\nstream\n{\"a\":\"0\"}\nendstream\nendobj\n",
            "{\"a\":\"0\"}"),
        FOREIGN(HEAD
                "1 0 obj<</Type/EmbeddedFile/Length 2 0 R>>stream\r\n{\"a\":\"0\"}\r\nendstream",
                "{\"a\":\"0\"}"),
        FOREIGN(HEAD "1 0 obj<</Length 99/Type/EmbeddedFile>>stream\n{\"a\":\"0\"}\nendstream",
                "{\"a\":\"0\"}"),
        FOREIGN(
            HEAD
            "1 0 obj<</Type/EmbeddedFile/Length 25>>stream\n{\"a\":\" endstream endobj\"}\nendstream",
            "{\"a\":\" endstream endobj\"}"),
        FOREIGN(
            HEAD
            "1 0 obj<</Params<</Size 9/Type/X>>/Type/EmbeddedFile/Filter/FlateDecode/Length 17>>stream\n" PACKED
            "\nendstream",
            "{\"a\":\"0\"}"),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile/Filter[/FlateDecode]>>stream\n" PACKED
                     "\nendstream",
                "{\"a\":\"0\"}"),
        FOREIGN(
            HEAD
            "1 0 obj<</A(\\(>>)/B<3e3e>/C[/Type/X]/Type/EmbeddedFile%>>\n>>stream\n{\"a\":\"0\"}\nendstream",
            "{\"a\":\"0\"}"),
        FOREIGN(
            HEAD
            "1 0 obj<</Type/EmbeddedFile>>stream\nhello\nendstream\nendobj\n2 0 obj<</Type/EmbeddedFile>>stream\n{\"a\":\"0\"}\nendstream",
            "{\"a\":\"0\"}"),
        /* in another stream's bytes; not an attachment; filters that are not for this; no text */
        FOREIGN(
            HEAD
            "1 0 obj<</Length 74>>stream\n2 0 obj<</Type/EmbeddedFile>>stream\n{\"a\":\"0\"}\nendstream\n                  \nendstream",
            NULL),
        FOREIGN(HEAD "1 0 obj<</Type/XObject>>stream\n{\"a\":\"0\"}\nendstream", NULL),
        FOREIGN(HEAD
                "1 0 obj<</Type/EmbeddedFile/Filter/LZWDecode>>stream\n{\"a\":\"0\"}\nendstream",
                NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile/Filter[/FlateDecode/FlateDecode]>>stream\n" PACKED
                     "\nendstream",
                NULL),
        FOREIGN(HEAD
                "1 0 obj<</Type/EmbeddedFile/Filter/FlateDecode>>stream\n{\"a\":\"0\"}\nendstream",
                NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile>>stream\n{\"a\":\"\xff\"}\nendstream", NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile>>stream\n{\"a\":\"\0\"}\nendstream", NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile>>", NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile", NULL),
        FOREIGN(HEAD "1 0 obj<</Type/EmbeddedFile/Length 99999999999999999999>>stream", NULL),
        FOREIGN(HEAD "1 0 obj(((", NULL),
        FOREIGN(HEAD "1 0 obj<", NULL),
        FOREIGN(HEAD "1 0 obj", NULL),
        FOREIGN("1 0 obj<</Type/EmbeddedFile>>stream\n{\"a\":\"0\"}\nendstream", NULL),
    };
    struct arena *a = *state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        const char *why = NULL;
        unsigned char *bytes = malloc(all[i].len); /* exactly: a byte read beyond is found */
        assert_non_null(bytes);
        memcpy(bytes, all[i].text, all[i].len);
        const char *text = cert_pdf_credential(a, bytes, all[i].len, &why);
        free(bytes);
        if (!text != !all[i].credential || (text && !str_eq(text, all[i].credential)))
            fail_msg("%zu: %s", i, text ? text : why);
    }
}

/* Unpacked, it would be larger than any credential. */
static void a_bomb_in_a_pdf(void **state) {
    struct arena *a = *state;
    const char *why = NULL;
    size_t room = (size_t)4 << 20;
    unsigned char *zeros = arena_alloc(a, room), *packed = arena_alloc(a, room);
    uLongf len = room;
    memset(zeros, ' ', room);
    zeros[0] = '{';
    assert_int_equal(compress2(packed, &len, zeros, room, 9), Z_OK);
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, HEAD);
    for (int i = 0; i < 40; i++) {
        buf_puts(&b, "1 0 obj<</Type/EmbeddedFile/Filter/FlateDecode>>stream\n");
        buf_add(&b, packed, len);
        buf_puts(&b, "\nendstream\nendobj\n");
    }
    assert_null(cert_pdf_credential(a, (const unsigned char *)buf_text(&b), b.len, &why));
    assert_non_null(why);
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
        TEST(the_credential_comes_back), TEST(strange_names),     TEST(the_mark_is_no_block),
        TEST(damaged_pictures),          TEST(what_is_no_pdf),    TEST(foreign_pdfs),
        TEST(a_bomb_in_a_pdf),           TEST(printed_as_stored), TEST(at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
