/* Solutions as files: what they name has to be there. */
#include "unit/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "labmodel/lab_solution.h"

static char root[] = "/tmp/gradus-solutions-XXXXXX";
static const char folder[] = "/labs/scenarios/tiny/solutions";

static int make_root(void **state) {
    (void)state;
    if (!mkdtemp(root)) return -1;
    for (const char *p = folder; (p = strchr(p + 1, '/')) != NULL;) {
        char path[256];
        snprintf(path, sizeof path, "%s%.*s", root, (int)(p - folder), folder);
        mkdir(path, 0777);
    }
    char path[256], here[256], schema[512];
    snprintf(path, sizeof path, "%s%s", root, folder);
    if (mkdir(path, 0777) != 0 || !getcwd(here, sizeof here)) return -1;
    snprintf(schema, sizeof schema, "%s/labs/schema", here);
    snprintf(path, sizeof path, "%s/labs/schema", root);
    return symlink(schema, path);
}

static void write_solution(struct arena *a, const char *name, const char *fails, const char *body) {
    FILE *f = fopen(arena_printf(a, "%s%s/%s.xml", root, folder, name), "w");
    assert_non_null(f);
    fprintf(f, "<solution xmlns=\"urn:gradus:lab:1\" title=\"t\"%s%s%s>\n%s\n</solution>\n",
            fails ? " fails=\"" : "", fails ? fails : "", fails ? "\"" : "", body);
    fclose(f);
}

/* What is found, a line each. */
static const char *load(struct arena *a) {
    static struct lab_solutions all;
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct diag_list diags;
    struct buf b;
    buf_init(&b, a);
    diag_init(&diags, a);
    s->id = "tiny";
    s->check_count = 2;
    s->checks[0] = (struct lab_check){.id = "one", .line = 4};
    s->checks[1] = (struct lab_check){.id = "two", .line = 9};
    bool fine = lab_solutions_load(&all, root, s, a, &diags);
    assert_int_equal(fine, diags.errors == 0);
    for (const struct diag *d = diags.first; d; d = d->next)
        buf_printf(&b, "%s:%d: %s\n", d->file + strlen("labs/scenarios/tiny/"), d->line,
                   d->message);
    return buf_text(&b);
}

static void plain(struct arena *a) {
    write_solution(a, "reference", NULL, "<part id=\"all\"><advance hours=\"1\"/></part>");
    write_solution(a, "a", "one", "");
    write_solution(a, "b", "one", "<include solution=\"reference\" except=\"all\"/>");
    write_solution(a, "c", "two", "<include solution=\"reference\" only=\"all\"/>");
}

/* RULE lab-proof-cover: with a check that no solution fails, and three wrong ones or two. */
static void test_each_check_is_failed(void **state) {
    struct arena *a = *state;
    plain(a);
    assert_string_equal(load(a), "");
    write_solution(a, "c", "one", "");
    assert_string_equal(
        load(a), "checks.md:9: No wrong solution names the check “two” in its fails=\"…\".\n");
    write_solution(a, "c", NULL, "");
    assert_non_null(
        strstr(load(a), "A scenario needs at least 3 planted wrong solutions; it has 2."));
    write_solution(a, "c", "one two three", "");
    assert_string_equal(load(a),
                        "solutions/c.xml:1: There is no check “three”; there are one and two.\n");
}

static void test_what_is_included_is_there(void **state) {
    struct arena *a = *state;
    plain(a);
    write_solution(a, "c", "two", "<include solution=\"nowhere\"/>");
    assert_string_equal(
        load(a),
        "solutions/c.xml:2: There is no solution “nowhere”; there are a, b, c and reference.\n");
    write_solution(a, "c", "two",
                   "<part id=\"x\">\n<include solution=\"reference\" except=\"some\"/></part>");
    assert_string_equal(load(a),
                        "solutions/c.xml:3: The solution “reference” has no part “some”.\n");
    write_solution(a, "c", "two", "<include solution=\"reference\" only=\"x\"/>");
    assert_string_equal(load(a), "solutions/c.xml:2: The solution “reference” has no part “x”.\n");
    write_solution(a, "c", "two", "<include solution=\"reference\" only=\"all\" except=\"all\"/>");
    assert_non_null(strstr(load(a), "solutions/c.xml:2: "));
}

static int remove_root(void **state) {
    static const char *const names[] = {"reference", "a", "b", "c"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s/%s.xml", root, folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/labs/schema", root);
    unlink(path);
    for (int end = (int)strlen(folder); end >= 0; end--) {
        if (folder[end] && folder[end] != '/') continue;
        snprintf(path, sizeof path, "%s%.*s", root, end, folder);
        rmdir(path);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_each_check_is_failed),
                                       TEST(test_what_is_included_is_there)};
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
