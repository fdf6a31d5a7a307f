/* gradus check for exams: what one file alone cannot tell. */
#include "unit/exam/sample.h"

#include "exam/exam.h"

static char root[128];
static struct arena arena;
static struct diag_list diags;

static void write_all(const char *bank, const char *def) {
    sample_write(root, "content/p/programme.md", sample_programme);
    sample_write(root, "content/p/modules/m.md", sample_module);
    sample_write(root, "content/p/modules/m.ar.md", "---\nid: broken\n");
    sample_write(root, "exams/p/bank/small.md", bank);
    sample_write(root, "exams/p/small.md", def);
}

static void check(void) {
    diag_init(&diags, &arena);
    exam_check_tree(root, &diags);
}

static const char *bank(const char *item_1_more, const char *objective_2) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "apply", "data", item_1_more);
    sample_item(&b, "keys-2", "keys", "remember", "data", "");
    sample_item(&b, arena_printf(&arena, "%s-3", objective_2), objective_2, "apply", "people", "");
    return buf_text(&b);
}

static int open_root(void **state) {
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    snprintf(root, sizeof root, "%s", sample_folder());
    return 0;
}
static int close_root(void **state) {
    (void)state;
    arena_release(&arena);
    sample_drop(root);
    return 0;
}

static int empty_root(void **state) {
    (void)state;
    sample_drop(root);
    snprintf(root, sizeof root, "%s", sample_folder());
    return 0;
}

static const char *rows = "| data | 1 | 1 |\n| people | 0 | 1 |\n";

static void test_fine(void **state) {
    (void)state;
    write_all(bank("", "no"), sample_def(&arena, "", rows));
    check();
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
}

static void test_the_exam_that_ships(void **state) {
    (void)state;
    diag_init(&diags, &arena);
    exam_check_tree(".", &diags);
    sample_print(&diags);
    assert_int_equal(diags.errors, 0);
}

static void test_wrong(void **state) {
    (void)state;
    const struct {
        const char *rule, *file, *bank, *def;
        int line;
    } bad[] = {
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-2]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-9]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-1]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"unknown-objective", "exams/p/bank/small.md", bank("", "yes"),
         sample_def(&arena, "", rows), 0},
        {"objective-without-item", "content/p/modules/m.md", bank("", "keys"),
         sample_def(&arena, "", rows), 7},
        {"blueprint", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "", "| data | 2 | 1 |\n"), 17},
        {"unknown-domain", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "", "| data | 1 | 1 |\n| moon | 0 | 0 |\n"), 17},
        {"blueprint", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "pilot_items: 1\n", rows), 18},
        {"unknown-objective", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "essential: [moon]\n", rows), 1},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        write_all(bad[i].bank, bad[i].def);
        check();
        bool found = false;
        for (const struct diag *d = diags.first; d; d = d->next)
            found |= str_eq(d->rule, bad[i].rule) && str_eq(d->file, bad[i].file) &&
                     (!bad[i].line || d->line == bad[i].line);
        if (!found) {
            sample_print(&diags);
            fail_msg("case %zu: %s", i, bad[i].rule);
        }
    }
    write_all(bank("", "no"), sample_def(&arena, "", "| data | 2 | 1 |\n| people | 0 | 3 |\n"));
    check();
    for (const struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, "blueprint"))
            assert_string_equal(
                d->message,
                "the banks cannot meet this blueprint: short by 1 remember item in data; short by 2 apply items in people");
}

static char *replace(const char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    assert_non_null(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void expect_only(const char *file) {
    check();
    for (const struct diag *d = diags.first; d; d = d->next)
        if (!str_eq(d->file, file)) {
            sample_print(&diags);
            fail_msg("follow-on: %s: %s", d->file, d->message);
        }
}

/* One problem, one report: what stands in a file that does not parse is not missing in the others.
 */
static void test_follow_on(void **state) {
    (void)state;
    const char *def = sample_def(&arena, "", rows), *good = bank("", "no");
    write_all(good, def);
    sample_write(root, "content/p/modules/m.md",
                 replace(sample_module, "title: ", "title: a: b: "));
    expect_only("");
    write_all(good, def);
    sample_write(root, "content/p/programme.md",
                 replace(sample_programme, "title: ", "title: a: b: "));
    expect_only("");
    write_all(replace(good, "title: ", "title: a: b: "), def);
    expect_only("exams/p/bank/small.md");
    assert_int_equal(diags.errors, 1);
    write_all(good, replace(def, "title: ", "title: a: b: "));
    expect_only("exams/p/small.md");
    assert_int_equal(diags.errors, 1);
}

static void test_names(void **state) {
    (void)state;
    /* A duplicate id is told where it stands, with the place of the first. */
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, bank("", "no"));
    sample_item(&b, "keys-1", "keys", "apply", "data", "");
    write_all(buf_text(&b), sample_def(&arena, "", rows));
    check();
    assert_true(sample_has(&diags, "duplicate-id"));
    for (const struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, "duplicate-id") && str_eq(d->file, "exams/p/bank/small.md"))
            assert_true(d->line > 40 && strstr(d->message, "small.md:7"));
    write_all(bank("", "no"), replace(sample_def(&arena, "", rows), "[small]", "[large]"));
    check();
    assert_true(sample_has(&diags, "unknown-bank"));
    assert_true(sample_has(&diags, "unused-bank"));
    write_all(bank("", "no"),
              replace(sample_def(&arena, "", rows), "level: associate", "level: emperor"));
    check();
    assert_true(sample_has(&diags, "unknown-level"));
    write_all(bank("", "no"),
              replace(sample_def(&arena, "", rows), "programme: p", "programme: q"));
    check();
    assert_true(sample_has(&diags, "unknown-programme"));
    /* A practice exam must not give away a live one's keys. */
    write_all(bank("", "no"), sample_def(&arena, "", rows));
    sample_write(root, "exams/p/practice.md",
                 replace(replace(sample_def(&arena, "kind: practice\nreview: full\n", rows),
                                 "id: small", "id: practice"),
                         "title: Small", "title: P"));
    check();
    assert_true(sample_has(&diags, "review-policy"));
    assert_int_equal(diags.errors, 1);
}

static void assert_all_hide(const char *file, int errors) {
    check();
    if (diags.errors != errors) sample_print(&diags);
    assert_int_equal(diags.errors, errors);
    for (const struct diag *d = diags.first; d; d = d->next)
        if (d->severity == SEVERITY_ERROR && (!d->hides || strcmp(d->file, file) != 0))
            fail_msg("%s: %s [%s] hides %d", d->file, d->message, d->rule, d->hides);
}

/* RULE exam-kept: what keeps a version from being taken over says so. Of a kind that is none, only
 * the kind is told. */
static void test_errors_hide(void **state) {
    (void)state;
    static const char def_file[] = "exams/p/small.md", bank_file[] = "exams/p/bank/small.md";
    write_all(bank("", "no"), sample_def(&arena, "kind: practise\nreview: full\n", rows));
    assert_all_hide(def_file, 1);
    assert_non_null(strstr(diags.first->message, "“kind” must be live or practice"));
    write_all(bank("", "no"), sample_def(&arena, "", "| data | 9 | 9 |\n"));
    assert_all_hide(def_file, 1);
    write_all(bank("nonsense: 1\n", "no"), sample_def(&arena, "", rows));
    assert_all_hide(bank_file, 1);
    write_all(bank("", "no"), sample_def(&arena, "unheard: 1\n", rows));
    assert_all_hide(def_file, 1);
    write_all(replace(bank("", "no"), "title: ", "title: a: b: "), sample_def(&arena, "", rows));
    assert_all_hide(bank_file, 1);
    /* What the exam is shown with all the same. */
    write_all(bank("", "no"), replace(sample_def(&arena, "", rows), "level: ", "level: no-"));
    check();
    assert_true(diags.errors > 0);
    for (const struct diag *d = diags.first; d; d = d->next) assert_false(d->hides);
}

/* ---- Each problem, with its place and its sentence --------------------------------------------
 */
static const char *problems(void) {
    struct buf b;
    buf_init(&b, &arena);
    check();
    for (const struct diag *d = diags.first; d; d = d->next)
        buf_printf(&b, "%s%s:%d: %s [%s]%s", b.len ? "\n" : "", d->file, d->line, d->message,
                   d->rule, d->severity == SEVERITY_ERROR ? "" : " warning");
    return buf_text(&b);
}

static void forget(const char *file) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, file);
    assert_int_equal(unlink(path), 0);
}

/* A second bank beside the sample's, with its items from number 7 on. */
static const char *second_bank(const char *id, const char *programme, const char *item) {
    struct buf b;
    buf_init(&b, &arena);
    buf_printf(&b, "---\nid: %s\ntitle: Second\nprogramme: %s\ndomain: data\n---\n", id, programme);
    sample_item(&b, item, "keys", "apply", "data", "");
    return buf_text(&b);
}

static const char *second_exam(const char *id, const char *more, const char *banks) {
    return replace(
        replace(sample_def(&arena, more, rows), "id: small", arena_printf(&arena, "id: %s", id)),
        "[small]", banks);
}

static void test_banks(void **state) {
    (void)state;
    static const char second[] = "exams/p/bank/z.md";
    const char *def = sample_def(&arena, "", rows), *both = second_exam("small", "", "[small, z]");
    write_all(bank("", "no"), def);
    sample_write(root, second, second_bank("z", "p", "keys-7"));
    assert_string_equal(problems(),
                        "exams/p/bank/z.md:1: no exam uses the bank z [unused-bank] warning");
    write_all(bank("", "no"), both);
    assert_string_equal(problems(), "");
    sample_write(root, second, second_bank("z", "p", "keys-2"));
    assert_string_equal(
        problems(),
        "exams/p/bank/z.md:7: the id keys-2 is taken by exams/p/bank/small.md:26 [duplicate-id]\n"
        "exams/p/small.md:1: the item keys-2 stands twice in its banks [duplicate-id]");
    sample_write(root, second, second_bank("small", "p", "keys-7"));
    write_all(bank("", "no"), def);
    assert_string_equal(
        problems(),
        "exams/p/bank/z.md:1: the bank id small is taken by exams/p/bank/small.md [duplicate-id]");
    sample_write(root, second, second_bank("z", "q", "keys-7"));
    write_all(bank("", "no"), both);
    assert_string_equal(problems(),
                        "exams/p/bank/z.md:1: there is no programme “q” [unknown-programme]");
    forget(second);
    write_all(bank("", "no"), def);
    sample_write(root, "exams/p/z.md", def);
    assert_string_equal(
        problems(),
        "exams/p/z.md:1: the exam id small is taken by exams/p/small.md [duplicate-id]");
    forget("exams/p/z.md");
    write_all(replace(bank("", "no"), "## keys-1", "## other-1"), def);
    assert_string_equal(
        problems(),
        "exams/p/bank/small.md:7: the id of other-1 does not begin with its objective, keys [item-id] warning");
    write_all(replace(bank("", "no"), "apply\ndomain: data", "apply\ndomain: moon"), def);
    assert_string_equal(
        problems(),
        "exams/p/bank/small.md:7: the programme p has no domain “moon”, which keys-1 names [unknown-domain]\n"
        "exams/p/small.md:17: the banks cannot meet this blueprint: short by 1 apply item in data [blueprint]");
    write_all(replace(replace(bank("", "no"), "domain: data\n---", "---"), "apply\ndomain: data",
                      "apply"),
              def);
    assert_string_equal(
        problems(),
        "exams/p/bank/small.md:6: keys-1 has no domain: name one for the bank or for the item [missing-field]\n"
        "exams/p/small.md:17: the banks cannot meet this blueprint: short by 1 apply item in data [blueprint]");
}

static void test_enemies(void **state) {
    (void)state;
    const char *def = sample_def(&arena, "", rows);
    static const char at[] = "exams/p/bank/small.md:7: ";
    write_all(bank("enemies: [keys-1]\n", "no"), def);
    assert_string_equal(problems(),
                        arena_printf(&arena, "%skeys-1 names itself as an enemy [enemies]", at));
    write_all(bank("enemies: [keys-9]\n", "no"), def);
    assert_string_equal(
        problems(),
        arena_printf(&arena,
                     "%skeys-1 names keys-9 as an enemy, and there is no such item [enemies]", at));
    write_all(bank("enemies: [no-3, keys-2]\n", "no"), def);
    assert_string_equal(
        problems(),
        arena_printf(
            &arena,
            "%skeys-1 names no-3 as an enemy, but not the other way round: both must say so [enemies]\n"
            "%skeys-1 names keys-2 as an enemy, but not the other way round: both must say so [enemies]\n"
            "exams/p/small.md:17: the banks cannot meet this blueprint: each cell could be filled, but enemies in different cells (or among pilot items) leave no form [blueprint]",
            at, at));
    write_all(replace(bank("enemies: [no-3]\n", "no"), "domain: people\n",
                      "domain: people\nenemies: [keys-2, keys-1]\n"),
              replace(def, "| data | 1 | 1 |\n| people | 0 | 1 |", "| data | 1 | 1 |"));
    assert_string_equal(
        problems(),
        "exams/p/bank/small.md:46: no-3 names keys-2 as an enemy, but not the other way round: both must say so [enemies]");
}

/* What an exam that counts asks stands nowhere else: neither as its bank, nor as a copy in another
 * bank that is practised, nor in a module. */
static void test_leaks(void **state) {
    (void)state;
    const char *def = sample_def(&arena, "", rows),
               *practice = second_exam("practice", "kind: practice\n", "[small]"),
               *full = second_exam("practice", "kind: practice\nreview: full\n", "[small]");
    write_all(bank("", "no"), def);
    sample_write(root, "exams/p/practice.md", practice);
    assert_string_equal(
        problems(),
        "exams/p/practice.md:1: this practice exam draws on the bank small, which the live exam small uses: give it a bank of its own [live-bank]");
    sample_write(root, "exams/p/practice.md", full);
    assert_string_equal(
        problems(),
        "exams/p/practice.md:1: this exam shows the keys of the bank small, which the live exam small uses [review-policy]");
    /* Whichever of the two comes first. */
    forget("exams/p/practice.md");
    sample_write(root, "exams/p/z.md", full);
    assert_string_equal(
        problems(),
        "exams/p/z.md:1: this exam shows the keys of the bank small, which the live exam small uses [review-policy]");
    forget("exams/p/z.md");
    sample_write(root, "exams/p/practice.md", full);
    /* Two that are practised share what they want. */
    write_all(bank("", "no"), replace(full, "id: practice", "id: small"));
    assert_string_equal(problems(), "");
    /* RULE live-copy: the question of another item, once there is enough of it. */
    static const char shorter[] = "Stem of keys-2, which has 39 bytes now?",
                      longer[] = "Stem of keys-2, which now has 40 bytes ?",
                      last[] = "Stem of no-3, the last one, has enough bytes?";
    sample_write(root, "exams/p/practice.md",
                 replace(replace(full, "[small]", "[z]"), "| data | 1 | 1 |\n| people | 0 | 1 |",
                         "| data | 0 | 1 |"));
    for (int i = 0; i < 2; i++) {
        const char *stem = i ? longer : shorter;
        write_all(replace(bank("", "no"), "Stem of keys-2?", stem), def);
        sample_write(root, "exams/p/bank/z.md",
                     replace(second_bank("z", "p", "keys-7"), "Stem of keys-7?", stem));
        assert_string_equal(
            problems(),
            i ? "exams/p/bank/z.md:7: this is keys-2 of the bank small (exams/p/bank/small.md:26), which the live exam small asks: a practice exam must not show it [live-copy]"
              : "");
    }
    write_all(replace(bank("", "no"), "Stem of no-3?", last), def);
    sample_write(root, "exams/p/bank/z.md",
                 replace(second_bank("z", "p", "keys-7"), "Stem of keys-7?", last));
    assert_string_equal(
        problems(),
        "exams/p/bank/z.md:7: this is no-3 of the bank small (exams/p/bank/small.md:45), which the live exam small asks: a practice exam must not show it [live-copy]");
    forget("exams/p/bank/z.md");
    forget("exams/p/practice.md");
    /* RULE live-item. */
    const char *asked = "Stem of no-3, which has more than forty bytes?",
               *said = "Stem of no-3,\nwhich  has more than forty bytes?";
    write_all(replace(bank("", "no"), "Stem of no-3?", asked), def);
    sample_write(root, "content/p/modules/m.md",
                 arena_printf(&arena, "%s\nThey ask: %s\n", sample_module, said));
    assert_string_equal(
        problems(),
        "content/p/modules/m.md:1: this module holds the question of no-3, an item of an exam that counts (exams/p/bank/small.md:45) [live-item]");
    write_all(replace(bank("", "no"), "Stem of no-3?", asked),
              replace(def, "id: small", "kind: practice\nid: small"));
    sample_write(root, "content/p/modules/m.md",
                 arena_printf(&arena, "%s\nThey ask: %s\n", sample_module, said));
    assert_string_equal(problems(), "");
}

/* RULE live-item, in whichever module of whichever programme: the first, the last, and one that
 * teaches a single objective. */
static void test_live_items_anywhere(void **state) {
    (void)state;
    static const char *const modules[] = {"content/p/modules/a.md", "content/p/modules/m.md",
                                          "content/p/modules/z.md", "content/q/modules/k.md"};
    const char *asked = "Stem of no-3, which has more than forty bytes?";
    write_all(replace(bank("", "no"), "Stem of no-3?", asked), sample_def(&arena, "", rows));
    sample_write(root, "content/q/programme.md", replace(sample_programme, "id: p", "id: q"));
    for (size_t at = 0; at < COUNT_OF(modules); at++) {
        for (size_t i = 0; i < COUNT_OF(modules); i++) {
            const char *text = i == 1
                                   ? sample_module
                                   : arena_printf(&arena,
                                                  "---\nid: n%zu\ntitle: N\nobjectives:\n  - id: "
                                                  "n%zu-o\n    text: Do it\n---\nText.\n",
                                                  i, i);
            sample_write(root, modules[i],
                         arena_printf(&arena, "%s\n%s\n", text, i == at ? asked : ""));
        }
        check();
        size_t found = 0;
        for (const struct diag *d = diags.first; d; d = d->next) {
            if (!str_eq(d->rule, "live-item")) continue;
            assert_string_equal(d->file, modules[at]);
            found++;
        }
        if (found != 1) {
            sample_print(&diags);
            fail_msg("%s: %zu", modules[at], found);
        }
    }
    forget(modules[0]);
    forget(modules[2]);
    forget(modules[3]);
    forget("content/q/programme.md");
}

/* A file that does not parse, and words in it: an id is found as a word of its own only. */
static void test_broken_words(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool found;
    } cases[] = {{"---\nid: a: b\n---\nkeys-9", true},
                 {"---\nid: a: b\n---\nkeys-99", false},
                 {"---\nid: a: b\n---\nkeys-9 x", true},
                 {"---\nid: a: b\n---\nmonkeys-9\n", false},
                 {"---\nid: a: b\n---\nkeys-9_\n", false},
                 {"---\nid: a: b\n---\n-keys-9\n", false},
                 {"---\nid: a: b\n---\nkeys-99 keys-9.\n", true},
                 {"---\nid: a: b\n---\nkeys-8\n", false}};
    write_all(bank("enemies: [keys-9]\n", "no"), sample_def(&arena, "", rows));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sample_write(root, "exams/p/bank/z.md", cases[i].text);
        check();
        if (sample_has(&diags, "enemies") == cases[i].found) fail_msg("%s", cases[i].text);
    }
    forget("exams/p/bank/z.md");
}

static void test_definitions(void **state) {
    (void)state;
    const char *def = sample_def(&arena, "", rows);
    write_all(bank("", "no"), replace(def, "[small]", "[small, large]"));
    assert_string_equal(problems(), "exams/p/small.md:1: there is no bank “large” [unknown-bank]");
    write_all(bank("", "no"), replace(def, "level: associate", "level: emperor"));
    assert_string_equal(
        problems(), "exams/p/small.md:1: the programme p has no level “emperor” [unknown-level]");
    write_all(bank("", "no"), replace(def, "programme: p", "programme: q"));
    assert_string_equal(problems(),
                        "exams/p/small.md:1: there is no programme “q” [unknown-programme]");
    write_all(bank("", "no"), sample_def(&arena, "essential: [keys, moon]\n", rows));
    assert_string_equal(
        problems(),
        "exams/p/small.md:1: no module of p has the objective “moon”, which “essential” names [unknown-objective]");
    write_all(bank("", "no"), sample_def(&arena, "", "| data | 1 | 1 |\n| moon | 0 | 0 |\n"));
    assert_string_equal(
        problems(),
        "exams/p/small.md:17: the programme p has no domain “moon”, which the blueprint names [unknown-domain]");
    write_all(bank("", "keys"), def);
    assert_string_equal(
        problems(),
        "content/p/modules/m.md:7: no item measures the objective no [objective-without-item] warning");
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "no-1", "no", "apply", "data", "");
    write_all(buf_text(&b), sample_def(&arena, "", "| data | 0 | 1 |\n"));
    assert_string_equal(
        problems(),
        "content/p/modules/m.md:5: no item measures the objective keys [objective-without-item] warning");
}

/* Whatever a file holds: an answer, no crash. All problems of all files in one run. */
static void test_nonsense(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "---\n",
        "---\n---\n",
        "---\nid: [1]\n---\n## \n",
        "---\nid: a\n---\n## x\n```item\n[\n```\n- [x]\n",
        "---\nid: a\n---\n##\n```item\n```\n- [x]\n- [x]\n",
        "\xff\xfe",
        "---\nid: a\n---\n- [x] a\n  - [ ] b\n",
        "---\nid: a\ntitle: b\nprogramme: p\n---\n## x-1\n\n```item\nobjective: x\nlevel: apply\n```\n\n> - [x] a\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        write_all(texts[i], texts[i]);
        check();
        assert_true(diags.errors > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine),
        cmocka_unit_test(test_the_exam_that_ships),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_follow_on),
        cmocka_unit_test(test_errors_hide),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup(test_banks, empty_root),
        cmocka_unit_test_setup(test_enemies, empty_root),

        cmocka_unit_test_setup(test_leaks, empty_root),
        cmocka_unit_test_setup(test_live_items_anywhere, empty_root),
        cmocka_unit_test_setup(test_broken_words, empty_root),

        cmocka_unit_test_setup(test_definitions, empty_root),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, open_root, close_root);
}
