/* The site: opening, texts and fallbacks, static files, files that change or break under a running
 * server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/text.h"
#include "page/page.h"
#include "page/site_private.h"

struct place {
    char root[64];
    struct arena arena;
    struct site *site;
    const char *why;
};

static char *path_in(struct place *p, const char *name) {
    return arena_printf(&p->arena, "%s/site/%s", p->root, name);
}

static void put(struct place *p, const char *name, const char *text) {
    /* Renamed into place, as an editor does: a new inode, so that a change within one clock tick is
     * seen. */
    assert_true(file_write(path_in(p, name), text, strlen(text), 0644));
}

static int begin(void **state) {
    static const char *const folders[] = {"",          "templates", "locale",      "locale/en",
                                          "locale/pl", "static",    "static/fonts"};
    struct place *p = calloc(1, sizeof *p);
    arena_init(&p->arena, 64u << 20);
    snprintf(p->root, sizeof p->root, "/tmp/gradus-site-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        assert_int_equal(mkdir(path_in(p, folders[i]), 0755), 0);
    put(p, "templates/hello.mustache", "<p>{{t.hello}}</p>{{>part}}");
    put(p, "templates/part.mustache", "<i>{{name}}</i>");
    put(p, "locale/en/a.json", "{\"hello\": \"Hello {name}\", \"only_en\": \"English\"}");
    put(p, "locale/pl/a.json", "{\"hello\": \"Cześć {name}\"}");
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    site_close(p->site);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", p->root);
    assert_int_equal(system(command), 0);
    arena_release(&p->arena);
    free(p);
    return 0;
}

static enum err open_site(struct place *p) {
    return site_open(&p->site, p->root, &p->arena, &p->why);
}

static const char *shown(struct place *p, const char *template, const char *locale) {
    struct view *v = view_new(&p->arena);
    view_text(v, "name", "<Ann>");
    struct buf out;
    buf_init(&out, &p->arena);
    enum err e = page_render(p->site, template, locale, v, &out);
    return e == OK ? buf_text(&out) : "(none)";
}

static void pages_and_languages(void **state) {
    struct place *p = *state;
    assert_int_equal(open_site(p), OK);
    assert_null(p->why);
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
    assert_string_equal(shown(p, "hello", "pl"), "<p>Cześć &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
    assert_string_equal(shown(p, "hello", "pl-PL"), "<p>Cześć &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
    assert_string_equal(shown(p, "hello", "xx"), "<p>Hello &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
    assert_string_equal(shown(p, "hello", NULL), "<p>Hello &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
    assert_string_equal(shown(p, "absent", "en"), "(none)");
    assert_string_equal(shown(p, "../hello", "en"), "(none)");
    struct view *v = view_new(&p->arena);
    view_text(v, "name", "<Ann>");
    assert_string_equal(page_text(p->site, "pl", "hello", v, &p->arena), "Cześć <Ann>");
    assert_string_equal(page_text(p->site, "pl", "only_en", NULL, &p->arena), "English");
    assert_string_equal(page_text(p->site, "pl", "no_such_key", NULL, &p->arena), "no_such_key");
    assert_string_equal(page_negotiate(p->site, "de, pl;q=0.5"), "pl");
    assert_string_equal(page_negotiate(p->site, "de"), "en");
    assert_true(page_locale_known(p->site, "pl"));
    assert_false(page_locale_known(p->site, "de"));
    const char *const *names;
    assert_int_equal(page_locales(p->site, &names, &p->arena), 2);
    assert_string_equal(names[0], "en");
}

static void a_missing_text_is_told_and_shows_its_key(void **state) {
    struct place *p = *state;
    put(p, "templates/new.mustache", "{{t.not_written}} {{t.only_en}}");
    assert_int_equal(open_site(p), OK);
    assert_non_null(strstr(p->why, "warning: the text \"not_written\" is used but missing"));
    assert_string_equal(shown(p, "new", "pl"), "not_written English");
}

/* How often the text "hello" is reported while it is made twice of `v`. */
static int reports_of(struct place *p, struct view *v) {
    char said[2048] = "";
    int pipes[2], old = dup(STDERR_FILENO), count = 0;
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[1]);
    (void)page_text(p->site, "en", "hello", v, &p->arena);
    (void)page_text(p->site, "en", "hello", v, &p->arena);
    dup2(old, STDERR_FILENO);
    close(old);
    assert_true(read(pipes[0], said, sizeof said - 1) >= 0);
    close(pipes[0]);
    for (const char *at = said; (at = strstr(at, "text_parameter_missing")); at++) count++;
    assert_true(count == 0 || strstr(said, "hello: {name}"));
    return count;
}

static void a_parameter_that_no_view_has_is_told_once(void **state) { /* RULE text-parameters */
    struct place *p = *state;
    assert_int_equal(open_site(p), OK);
    struct view *given = view_new(&p->arena), *absent = view_new(&p->arena);
    view_text(given, "name", "Ann");
    view_text(absent, "name", NULL);
    assert_int_equal(reports_of(p, given), 0);
    assert_int_equal(reports_of(p, absent), 0);
    assert_int_equal(reports_of(p, view_new(&p->arena)), 1);
    assert_int_equal(reports_of(p, NULL), 0); /* it has been told */
}

static void what_is_broken_at_start_refuses(void **state) {
    struct place *p = *state;
    put(p, "templates/bad.mustache", "<p>\n{{#open}}");
    put(p, "templates/worse.mustache", "{{> nowhere}} {{asset.nowhere}} <p style=\"x\">");
    put(p, "locale/en/b.json", "{\"x\": 5,\n \"y\": \"{n, plural, one {a}}\"}");
    put(p, "locale/pl/c.json", "{\"hello\": ");
    assert_int_equal(open_site(p), ERR_INVALID);
    assert_null(p->site);
    static const char *const said[] = {
        "site/templates/bad.mustache:2:1: error:",
        "site/templates/worse.mustache:1:1: error: there is no template",
        "worse.mustache:1:15: error: site/static has no file",
        "a style attribute",
        "site/locale/en/b.json:1:2: error: \"x\"",
        "site/locale/en/b.json:2:2: error: \"y\"",
        "site/locale/pl/c.json:0:0: error:",
    };
    for (size_t i = 0; i < COUNT_OF(said); i++)
        if (!strstr(p->why, said[i])) fail_msg("not reported: %s\nin: %s", said[i], p->why);
}

static void a_folder_without_a_site_refuses(void **state) {
    struct place *p = *state;
    struct site *s = (struct site *)p;
    const char *why;
    assert_int_equal(site_open(&s, "/nonexistent", &p->arena, &why), ERR_INVALID);
    assert_null(s);
    assert_non_null(why);
}

static void changes_show_and_breakage_does_not(void **state) {
    struct place *p = *state;
    assert_int_equal(open_site(p), OK);
    assert_false(site_refresh(p->site));
    put(p, "templates/part.mustache", "<b>{{name}}</b>");
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><b>&lt;Ann&gt;</b>");
    put(p, "templates/part.mustache", "<b>{{#name}}</b>");
    put(p, "locale/en/a.json", "{\"hello\": \"Hello {name\"}");
    log_threshold(LOG_ERROR + 1);
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><b>&lt;Ann&gt;</b>");
    assert_string_equal(page_text(p->site, "en", "only_en", NULL, &p->arena), "English");
    /* Still broken when something else changes: the good version is kept further. */
    put(p, "templates/other.mustache", "other");
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><b>&lt;Ann&gt;</b>");
    assert_string_equal(shown(p, "other", "en"), "other");
    put(p, "templates/part.mustache", "mended");
    put(p, "locale/en/a.json", "{\"hello\": \"Hi\"}");
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "hello", "en"), "<p>Hi</p>mended");
    assert_int_equal(unlink(path_in(p, "templates/other.mustache")), 0);
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "other", "en"), "(none)");
    log_threshold(LOG_INFO);
}

static void static_files(void **state) {
    struct place *p = *state;
    struct buf css;
    buf_init(&css, &p->arena);
    buf_puts(
        &css,
        "@font-face{src:url(fonts/a.woff2)}i{background:url(\"fonts/a.woff2\") url('data:x') url(nowhere.png)}");
    for (int i = 0; i < 200; i++) buf_printf(&css, "\n.x%d{color:red}", i);
    put(p, "static/app.css", css.data);
    put(p, "static/fonts/a.woff2", "font");
    put(p, "static/strange.exe", "x");
    put(p, "static/.hidden.css", "x");
    put(p, "templates/page.mustache", "{{asset.app_css}} {{asset.fonts_a_woff2}}");
    assert_int_equal(open_site(p), OK);
    assert_non_null(strstr(p->why, "strange.exe:0:0: warning"));
    struct static_file f, font;
    bool immutable = true;
    assert_true(site_static(p->site, "app.css", &f, &immutable));
    assert_false(immutable);
    assert_string_equal(f.type, "text/css; charset=utf-8");
    const char *urls = shown(p, "page", "en");
    char sheet[100], font_url[100];
    assert_int_equal(sscanf(urls, "/static/%99s /static/%99s", sheet, font_url), 2);
    assert_true(site_static(p->site, sheet, &f, &immutable));
    assert_true(immutable);
    assert_true(site_static(p->site, font_url, &font, &immutable));
    assert_true(immutable);
    assert_null(font.gzip);
    assert_int_equal(font.len, 4);
    /* The sheet names the font by its content; what it does not know stays. */
    char *want = arena_printf(
        &p->arena,
        "url(/static/%s)}i{background:url(\"/static/%s\") url('data:x') url(nowhere.png)", font_url,
        font_url);
    assert_non_null(strstr((const char *)f.bytes, want));
    unsigned char plain[20000];
    z_stream z = {.next_in = (Bytef *)f.gzip,
                  .avail_in = (uInt)f.gzip_len,
                  .next_out = plain,
                  .avail_out = sizeof plain};
    assert_non_null(f.gzip);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, f.len);
    assert_memory_equal(plain, f.bytes, f.len);
    inflateEnd(&z);
    static const char *const absent[] = {
        "",      "nowhere.css", "strange.exe",       ".hidden.css", "../templates/page.mustache",
        "fonts", "/app.css",    "app.0000000000.css"};
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        assert_false(site_static(p->site, absent[i], &font, &immutable));
    assert_false(site_static(p->site, NULL, &font, &immutable));
    /* A changed font changes the sheet's address; the old bytes stay readable for who holds them.
     */
    char before[64];
    snprintf(before, sizeof before, "%s", f.etag);
    put(p, "static/fonts/a.woff2", "FONT");
    assert_true(site_refresh(p->site));
    assert_memory_equal(plain, f.bytes, f.len);
    assert_true(site_static(p->site, "app.css", &f, &immutable));
    assert_string_not_equal(f.etag, before);
    assert_false(site_static(p->site, sheet, &font, &immutable));
}

static atomic_bool stop;

/* When `fails`, memory ends in the middle: the generation must not stay held for ever. */
static void read_once(struct place *p, bool fails) {
    struct arena a;
    arena_init(&a, 1u << 20);
    if (ARENA_GUARD(&a) == 0) {
        struct view *v = view_new(&a);
        view_text(v, "name", "N");
        struct buf out;
        buf_init(&out, &a);
        if (fails) arena_fail_at(1);
        if (page_render(p->site, "hello", "pl", v, &out) != OK || strncmp(out.data, "<p>", 3) != 0)
            BUG("wrong page");
    }
    arena_fail_at(0);
    arena_release(&a);
}

static void *read_on(void *arg) {
    for (long round = 0; !atomic_load(&stop); round++) read_once(arg, round % 7 == 0);
    return NULL;
}

static void threads_read_while_files_change(void **state) {
    struct place *p = *state;
    assert_int_equal(open_site(p), OK);
    pthread_t threads[3];
    atomic_store(&stop, false);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_on, p), 0);
    for (int i = 0; i < 60; i++) {
        char text[64];
        snprintf(text, sizeof text, "<b>%d {{name}}</b>", i);
        put(p, "templates/part.mustache", text);
        site_refresh(p->site);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    site_refresh(p->site);
    assert_non_null(strstr(shown(p, "hello", "en"), "59 "));
}

static bool render_fails_at(struct place *p, long nth) {
    struct arena a;
    arena_init(&a, 1u << 20);
    arena_fail_at(nth);
    if (ARENA_GUARD(&a) == 0) {
        struct view *v = view_new(&a);
        view_text(v, "name", "N");
        struct buf out;
        buf_init(&out, &a);
        if (page_render(p->site, "hello", "en", v, &out) != OK) BUG("not rendered");
        (void)page_text(p->site, "en", "hello", v, &a);
    }
    bool failed = arena_failed_as_asked();
    arena_fail_at(0);
    arena_release(&a);
    return failed;
}

static void memory_may_end_while_rendering(void **state) {
    struct place *p = *state;
    assert_int_equal(open_site(p), OK);
    long nth = 1;
    while (render_fails_at(p, nth)) nth++;
    assert_true(nth > 5);
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><i>&lt;Ann&gt;</i>");
}

/* A reading that ends for want of memory or descriptors gives nothing, rather than a site without a
 * file or with an old one. */
static void a_reading_that_memory_ends_is_none(void **state) {
    struct place *p = *state;
    struct problem_log *problems = calloc(1, sizeof *problems);
    struct generation *g;
    struct rlimit before, few;
    put(p, "static/app.css", "i{}");
    put(p, "locale/en/b.json", "{\"more\": \"More\"}");
    assert_int_equal(open_site(p), OK);
    const struct generation *old = atomic_load(&p->site->current);
    long nth = 0;
    for (bool failed = true; failed;) {
        arena_fail_at(++nth);
        enum err e = generation_load(p->site, old, problems, &g);
        failed = arena_failed_as_asked();
        arena_fail_at(0);
        if (e != (failed ? ERR_BUSY : OK) || problems->len)
            fail_msg("allocation %ld: %s %s", nth, err_name(e), problems->text);
    }
    generation_free(g);
    assert_true(nth > 50);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    int refused = 0;
    for (few = before, few.rlim_cur = (rlim_t)lowest;; few.rlim_cur++, refused++) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        enum err e = generation_load(p->site, old, problems, &g);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_string_equal(problems->text, "");
        if (e == OK) break;
        assert_int_equal(e, ERR_BUSY);
    }
    assert_true(refused > 3);
    generation_free(g);
    free(problems);
}

/* RULE site-passing, by the system's news and by the list of a folder. */
static void what_stands_there_for_a_moment_is_not_read(void **state) {
    static const char *const suffixes[] = {"~", ".tmp", ".dpkg-new", ".dpkg-tmp"};
    struct place *p = *state;
    struct problem_log *problems = calloc(1, sizeof *problems);
    struct generation *g;
    put(p, "static/app.css", "b{}");
    assert_int_equal(open_site(p), OK);
    unsigned edition = page_edition(p->site);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char name[64];
        snprintf(name, sizeof name, "static/app.css%s", suffixes[i]);
        put(p, name, "i{}");
        assert_false(site_refresh(p->site));
    }
    assert_int_equal(page_edition(p->site), edition);
    assert_int_equal(generation_load(p->site, NULL, problems, &g), OK);
    assert_string_equal(problems->text, "");
    generation_free(g);
    /* Another file of a type that is not served is told of. */
    put(p, "static/app.css.old", "i{}");
    assert_int_equal(generation_load(p->site, NULL, problems, &g), OK);
    assert_non_null(strstr(problems->text, "static/app.css.old:0:0: warning"));
    generation_free(g);
    free(problems);
}

/* What the system tells of is read whatever its time and size say. */
static void a_change_within_one_tick_is_seen(void **state) {
    struct place *p = *state;
    struct stat st;
    assert_int_equal(open_site(p), OK);
    int fd = open(path_in(p, "templates/part.mustache"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pwrite(fd, "<u>{{name}}</u>", 15, 0), 15);
    assert_int_equal(futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim}), 0);
    close(fd);
    assert_true(site_refresh(p->site));
    assert_string_equal(shown(p, "hello", "en"), "<p>Hello &lt;Ann&gt;</p><u>&lt;Ann&gt;</u>");
}

/* The files of this repository open without a problem: no missing text, no broken template. */
static void our_own_site_is_sound(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 64u << 20);
    struct site *s;
    const char *why;
    enum err e = site_open(&s, ".", &a, &why);
    if (e != OK || why) fail_msg("%s", why ? why : "site_open failed");
    site_close(s);
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_and_languages, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_text_is_told_and_shows_its_key, begin, end),
        cmocka_unit_test_setup_teardown(a_parameter_that_no_view_has_is_told_once, begin, end),
        cmocka_unit_test_setup_teardown(what_is_broken_at_start_refuses, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_without_a_site_refuses, begin, end),
        cmocka_unit_test_setup_teardown(changes_show_and_breakage_does_not, begin, end),
        cmocka_unit_test_setup_teardown(static_files, begin, end),
        cmocka_unit_test_setup_teardown(a_reading_that_memory_ends_is_none, begin, end),
        cmocka_unit_test_setup_teardown(what_stands_there_for_a_moment_is_not_read, begin, end),
        cmocka_unit_test_setup_teardown(a_change_within_one_tick_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(threads_read_while_files_change, begin, end),
        cmocka_unit_test_setup_teardown(memory_may_end_while_rendering, begin, end),
        cmocka_unit_test(our_own_site_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
