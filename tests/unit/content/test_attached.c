/* Videos, sounds and files to be saved: what is opened, what is refused, what the page makes of
 * them. */
#include "unit/content/fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "content/content_attached.h"
#include "unit/doc/html_walk.c" /* shared with another room */

#define FILES "content/p/modules/files/"

static const char *at_root(const char *path) { return arena_printf(&arena, "%s/%s", root, path); }

static void put_bytes(const char *path, const void *bytes, size_t len) {
    put_file(path, "%s", "");
    assert_true(file_write(at_root(path), bytes, len, 0644));
}

/* NULL when it is opened, else reason not. */
static const char *refusal(const char *name) {
    struct attached f;
    const char *reason = NULL;
    bool ok = attached_check(&arena, at_root("content/p/modules"), name, &f, &reason);
    assert_int_equal(f.fd, -1);
    return ok ? NULL : reason;
}

static void test_names(void **state) {
    static const struct {
        const char *url, *name;
    } cases[] = {{"files/a.csv", "a.csv"},
                 {"./files/a.csv", "a.csv"},
                 {"files/a%20b.csv", "a b.csv"},
                 {"files/a b.csv#x", "a b.csv"},
                 {"files/100%.csv", "100%.csv"},
                 {"files/%C3%BC.csv", "ü.csv"},
                 {"files/a/b.csv", NULL},
                 {"files/a%2fb.csv", NULL},
                 {"files/..", NULL},
                 {"files/..%2f..%2fx.csv", NULL},
                 {"files/../x.csv", NULL},
                 {"files/.x.csv", NULL},
                 {"files/%2ex.csv", NULL},
                 {"files/a%00.csv", NULL},
                 {"files/a%0a.csv", NULL},
                 {"files/a\\b.csv", NULL},
                 {"files/%ff.csv", NULL},
                 {"files/", NULL},
                 {"a.csv", NULL},
                 {"/files/a.csv", NULL},
                 {"img/a.csv", NULL}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = attached_name(&arena, cases[i].url, "files/");
        if (!str_eq(name, cases[i].name)) fail_msg("%s: %s", cases[i].url, name ? name : "none");
    }
}

/* RULE attached-size, on both sides of its edge; and what is no file of the module's own. */
static void test_refused(void **state) {
    (void)state;
    put_file(FILES "a.csv", "a,b\n");
    put_file("secret.csv", "s\n");
    assert_null(refusal("a.csv"));
    assert_string_equal(refusal("gone.csv"), "does not exist");
    assert_string_equal(refusal("../../../secret.csv"), "does not exist");
    assert_int_equal(symlink(at_root("secret.csv"), at_root(FILES "link.csv")), 0);
    assert_non_null(strstr(refusal("link.csv"), "symbolic link"));
    assert_int_equal(mkdir(at_root(FILES "folder.csv"), 0755), 0);
    assert_string_equal(refusal("folder.csv"), "is no file");
    assert_int_equal(mkfifo(at_root(FILES "pipe.csv"), 0644), 0); /* nobody waits for its end */
    assert_string_equal(refusal("pipe.csv"), "is no file");
    put_bytes(FILES "large.mp4",
              "\0\0\0\x10"
              "ftypisom\0\0\0\0",
              16);
    assert_null(refusal("large.mp4"));
    assert_int_equal(truncate(at_root(FILES "large.mp4"), (off_t)2048 * 1024 * 1024), 0);
    assert_null(refusal("large.mp4"));
    assert_int_equal(truncate(at_root(FILES "large.mp4"), (off_t)2048 * 1024 * 1024 + 1), 0);
    assert_string_equal(refusal("large.mp4"), "is larger than 2048 MiB");
    put_file(FILES "large.csv", "a");
    assert_int_equal(truncate(at_root(FILES "large.csv"), (off_t)256 * 1024 * 1024 + 1), 0);
    assert_string_equal(refusal("large.csv"), "is larger than 256 MiB");
    /* The folder itself leads elsewhere. */
    assert_int_equal(rename(at_root("content/p/modules/files"), at_root("elsewhere")), 0);
    assert_int_equal(symlink(at_root("elsewhere"), at_root("content/p/modules/files")), 0);
    assert_non_null(strstr(refusal("a.csv"), "symbolic link"));
}

static void test_beginnings(void **state) {
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        bool fine;
    } cases[] = {
        {"a.mp4",
         "\0\0\0\x10"
         "ftypisom",
         12, true},
        {"a.mp4", "<!doctype html>", 15, false},
        {"a.webm", "\x1a\x45\xdf\xa3", 4, true},
        {"a.webm",
         "\0\0\0\x10"
         "ftyp",
         8, false},
        {"a.mp3", "ID3\4", 4, true},
        {"a.mp3", "\xff\xfb\x90", 3, true},
        {"a.mp3", "\xff\x1b\x90", 3, false},
        {"a.ogg", "OggS", 4, true},
        {"a.wav", "RIFF\0\0\0\0WAVE", 12, true},
        {"a.wav", "RIFF\0\0\0\0AVI ", 12, false},
        {"a.vtt", "WEBVTT", 6, true},
        {"a.vtt", "\xEF\xBB\xBFWEBVTT\n", 10, true},
        {"a.vtt", "WEBVTTX", 7, false},
        {"a.vtt", "<html>WEBVTT", 12, false},
        {"a.pdf", "%PDF-1.7", 8, true},
        {"a.pdf", "PDF", 3, false},
        {"a.xlsx", "PK\3\4", 4, true},
        {"a.xlsx", "a,b\n", 4, false},
        {"a.csv", "a,b\n", 4, true},
        {"a.csv", "a\0b", 3, false},
        {"a.csv", "", 0, false},
        {"a.html", "<p>", 3, false},
        {"a.js", "1", 1, false},
        {"a.exe", "MZ", 2, false},
        {"a.CSV", "a,b\n", 4, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put_bytes(arena_printf(&arena, FILES "%s", cases[i].name), cases[i].bytes, cases[i].len);
        if ((refusal(cases[i].name) == NULL) != cases[i].fine)
            fail_msg("%zu: %s", i, cases[i].name);
    }
}

/* moov > trak > tkhd, 640 by 360; its matrix turned when it was filmed upright. */
static size_t mp4(unsigned char *out, bool turned) {
    static const char head[] = "\0\0\0\x10"
                               "ftypisom\0\0\0\0"
                               "\0\0\0\x0c"
                               "free\0\0\0\0"
                               "\0\0\0\x6c"
                               "moov"
                               "\0\0\0\x64"
                               "trak"
                               "\0\0\0\x5c"
                               "tkhd";
    size_t n = sizeof head - 1;
    memset(out, 0, 200);
    memcpy(out, head, n);
    unsigned char *box = out + n, *matrix = box + 4 + 20 + 16;
    matrix[turned ? 5 : 1] = 1;
    matrix[turned ? 13 : 17] = 1;
    matrix[36] = 640 >> 8;
    matrix[37] = 640 & 255;
    matrix[40] = 360 >> 8;
    matrix[41] = 360 & 255;
    return n + 84;
}

static bool size_of(const char *name, int *width, int *height) {
    struct attached f;
    const char *reason;
    *width = *height = 0;
    assert_true(attached_open(&arena, at_root("content/p/modules"), name, &f, &reason));
    bool found = attached_video_size(f.fd, f.size, f.kind, width, height);
    close(f.fd);
    return found;
}

static void test_sizes(void **state) {
    static const char webm[] =
        "\x1a\x45\xdf\xa3\x84\0\0\0\0"                     /* header */
        "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" /* segment, of unknown length */
        "\xec\x81\0"                                       /* void */
        "\x16\x54\xae\x6b\x8c"
        "\xae\x8a"
        "\xe0\x88"
        "\xb0\x82\x02\x80"
        "\xba\x82\x01\x68";
    unsigned char bytes[200];
    int width, height;
    (void)state;
    put_bytes(FILES "a.mp4", bytes, mp4(bytes, false));
    assert_true(size_of("a.mp4", &width, &height));
    assert_int_equal(width, 640);
    assert_int_equal(height, 360);
    put_bytes(FILES "a.mp4", bytes, mp4(bytes, true));
    assert_true(size_of("a.mp4", &width, &height));
    assert_int_equal(width, 360);
    assert_int_equal(height, 640);
    put_bytes(FILES "a.webm", webm, sizeof webm - 1);
    assert_true(size_of("a.webm", &width, &height));
    assert_int_equal(width, 640);
    assert_int_equal(height, 360);
    /* Cut anywhere, and with any byte changed, it ends. */
    size_t len = mp4(bytes, false);
    for (size_t i = 12; i < len; i++) {
        put_bytes(FILES "a.mp4", bytes, i);
        assert_false(size_of("a.mp4", &width, &height));
        bytes[i] ^= 0xff;
        put_bytes(FILES "a.mp4", bytes, len);
        (void)size_of("a.mp4", &width, &height);
        bytes[i] ^= 0xff;
    }
    for (size_t i = 4; i < sizeof webm - 1; i++) {
        char other[sizeof webm];
        memcpy(other, webm, sizeof webm);
        other[i] = (char)~other[i];
        put_bytes(FILES "a.webm", other, sizeof webm - 1);
        (void)size_of("a.webm", &width, &height);
        put_bytes(FILES "a.webm", webm, i);
        assert_false(size_of("a.webm", &width, &height));
    }
}

static const char *page_of(const char *body) {
    struct body_context context = {.module_id = "a",
                                   .programme = "p",
                                   .root = root,
                                   .folder = "content/p/modules",
                                   .lang = "en"};
    struct render_hooks hooks;
    struct diag_list diags;
    struct doc d;
    struct buf out;
    const char *source = arena_printf(&arena, "---\nid: a\n---\n%s", body);
    diag_init(&diags, &arena);
    assert_int_equal(doc_parse(&d, "a.md", source, strlen(source), &arena, &diags), OK);
    content_hooks(&hooks, &context);
    buf_init(&out, &arena);
    doc_render(&d, cmark_node_first_child(d.body), NULL, &hooks, &out, NULL, NULL);
    const char *html = buf_text(&out), *problem = html_problem(html, out.len);
    if (problem) fail_msg("%s\n%s", problem, html);
    return html;
}

/* RULE clip-for-all. */
static void test_clips(void **state) {
    (void)state;
    unsigned char bytes[200];
    put_bytes(FILES "a b.mp4", bytes, mp4(bytes, false));
    assert_string_equal(
        page_of("![What <it> shows](files/a%20b.mp4)\n"),
        "<figure class=\"clip\"><video controls preload=\"metadata\" playsinline width=\"640\" height=\"360\" src=\"/modules/a/files/a%20b.mp4\" aria-label=\"What &lt;it&gt; shows\"></video>\n"
        "<figcaption><span class=\"clip-kind\">Video</span> What &lt;it&gt; shows</figcaption>\n</figure>\n");
    put_file(FILES "a b.vtt", "WEBVTT\n");
    put_file(FILES "a b.ar.vtt", "WEBVTT\n");
    put_file(FILES "a b.th.vtt", "<html>");
    put_file(FILES "a b.jpg", "x");
    put_file(FILES "a b.transcript.md",
             "## One\n\nSaid *so*. ![x](files/a%%20b.mp4)\n\n<script>x</script>\n");
    const char *html = page_of("![It](files/a%20b.mp4)\n");
    assert_non_null(strstr(html, "poster=\"/modules/a/files/a%20b.jpg\""));
    assert_non_null(strstr(
        html,
        "<track kind=\"captions\" src=\"/modules/a/files/a%20b.ar.vtt\" srclang=\"ar\" label=\"العربية\">"
        "<track kind=\"captions\" src=\"/modules/a/files/a%20b.vtt\" srclang=\"en\" label=\"English\" default></video>"));
    assert_null(strstr(html, "a%20b.th.vtt"));
    assert_non_null(strstr(
        html,
        "<details class=\"transcript\"><summary>Transcript</summary>\n<div>\n<h4 id=\"transcript-1-one\">"));
    assert_non_null(strstr(html, "Said <em>so</em>. x</p>"));
    assert_non_null(strstr(html, "&lt;script&gt;"));
    /* Not alone in its paragraph: a link, and within a link its words. What is not there: its
     * words. */
    assert_string_equal(page_of("See ![it](files/a%20b.mp4).\n"),
                        "<p>See <a href=\"/modules/a/files/a%20b.mp4\">it</a>.</p>\n");
    assert_string_equal(page_of("[![it](files/a%20b.mp4)](https://a.example)\n"),
                        "<p><a href=\"https://a.example\" rel=\"noopener external\">it</a></p>\n");
    assert_string_equal(page_of("![it](files/gone.mp4)\n"), "<p>it</p>\n");
    assert_string_equal(page_of("![it](https://a.example/x.mp4)\n"), "<p>it</p>\n");
    assert_string_equal(page_of("![it](files/../a.mp4)\n"), "<p>it</p>\n");
    put_bytes(FILES "t.wav", "RIFF\0\0\0\0WAVE", 12);
    assert_string_equal(
        page_of("![A talk](files/t.wav)\n"),
        "<figure class=\"clip\"><audio controls preload=\"metadata\" src=\"/modules/a/files/t.wav\" aria-label=\"A talk\"></audio>\n"
        "<figcaption><span class=\"clip-kind\">Audio</span> A talk</figcaption>\n</figure>\n");
}

static void test_downloads(void **state) {
    (void)state;
    put_file(FILES "a.csv", "a,b\n");
    assert_string_equal(
        page_of("[The *sheet*](files/a.csv)\n"),
        "<p><a href=\"/modules/a/files/a.csv\" download>The <em>sheet</em> <span class=\"file-note\">(CSV, 1 kB)</span></a></p>\n");
    assert_int_equal(truncate(at_root(FILES "a.csv"), 1001), 0);
    put_file(FILES "b.txt", "%*s", 1001, "x");
    assert_non_null(strstr(page_of("[b](files/b.txt)\n"), "(TXT, 2 kB)"));
    put_file(FILES "b.txt", "%*s", 10000000, "x");
    assert_non_null(strstr(page_of("[b](files/b.txt)\n"), "(TXT, 10 MB)"));
    assert_string_equal(page_of("[x](files/x.csv) [y](files/y.html) [z](z.xlsx)\n"),
                        "<p>x y z</p>\n");
    put_file("content/p/modules/img/d.svg", "<svg/>");
    assert_string_equal(page_of("[d](img/d.svg)\n"),
                        "<p><a href=\"/modules/a/files/d.svg\">d</a></p>\n");
}

static void test_diagrams(void **state) {
    (void)state;
    assert_string_equal(
        page_of(
            "```mermaid\nflowchart LR\n  accTitle: A & B\n  accDescr: One <two>\n  A-->B\n```\n"),
        "<figure class=\"diagram\"><figcaption><span class=\"clip-kind\">Diagram</span> <strong>A &amp; B</strong> <span class=\"diagram-text\">One &lt;two&gt;</span></figcaption>\n"
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-mermaid\" translate=\"no\">flowchart LR\n  A--&gt;B\n</code></pre></figure>\n");
    assert_string_equal(
        page_of("```mermaid\npie\n  accDescr {\n  One\n  two\n  }\n  \"accDescr\": 4\n```\n"),
        "<figure class=\"diagram\"><figcaption><span class=\"clip-kind\">Diagram</span> <span class=\"diagram-text\">One two</span></figcaption>\n"
        "<pre class=\"code\" tabindex=\"0\"><code class=\"language-mermaid\" translate=\"no\">pie\n  &quot;accDescr&quot;: 4\n</code></pre></figure>\n");
    assert_string_equal(page_of("38 % and 2.5 %, a %, `4 %`\n"),
                        "<p>38\xc2\xa0% and 2.5\xc2\xa0%, a %, <code>4 %</code></p>\n");
    assert_string_equal(doc_diagram_description(&arena, "x\naccDescr {\n  One\n  two\n}\ny"),
                        "One two");
    assert_string_equal(doc_diagram_description(&arena, "x accDescr: y\n"), "");
    assert_string_equal(doc_diagram_description(&arena, "accDescr:\n"), "");
    assert_string_equal(doc_diagram_description(&arena, "accDescr { never closed"), "never closed");
}

/* The authors' table and the code: the same endings, the same limits. */
static void test_documented(void **state) {
    static const struct {
        const char *row;
        enum attached_use use;
    } rows[] = {{"Pictures, in `img`", ATTACHED_PICTURE},
                {"Videos", ATTACHED_VIDEO},
                {"Sounds", ATTACHED_AUDIO},
                {"Captions", ATTACHED_CAPTIONS},
                {"Files to be saved", ATTACHED_FILE}};
    size_t len = 0;
    const char *text = file_read(&arena, "content/gradus/modules/what-a-page-can-hold.md",
                                 1024 * 1024, &len);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf row;
        buf_init(&row, &arena);
        buf_printf(&row, "\n| %s | `", rows[i].row);
        for (const char *p = attached_endings(&arena, rows[i].use); *p; p++) {
            if (*p == ',') buf_puts(&row, "`");
            else if (*p == ' ') buf_puts(&row, " `");
            else buf_putc(&row, *p);
        }
        buf_printf(&row, "` | %lld MiB |\n", (long long)attached_max_mb(rows[i].use));
        if (!strstr(text, buf_text(&row))) fail_msg("the table lacks %s", buf_text(&row));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_beginnings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sizes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_clips, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_downloads, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_documented, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_diagrams, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
