/* Facts and what follows from them; the self-assessment's point; memory that ends in the middle of
 * reading. */
#include "unit/content/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content_self.h"

/* ---- Pure ----------------------------------------------------------------------------------- */

static const struct content_named sections[] = {{"one", "One"}, {"two", "Two"}, {"three", "Three"}};
static const char *const checkpoints[] = {"c1", "c2"};
static const struct content_module module = {.id = "m",
                                             .minutes = 10,
                                             .sections = sections,
                                             .section_count = 3,
                                             .checkpoints = checkpoints,
                                             .checkpoint_count = 2};

/* RULE read-again. */
static void test_read_again(void **state) {
    (void)state;
    struct progress_state s;
    progress_begin(&s, &module, &arena);
    for (int i = 0; i < 3; i++) progress_reading(&s, sections[i].id, 1000, true, 1000 + i);
    assert_false(progress_may_read_again(&s, 9 * MS_DAY)); /* not completed: a question waits */
    progress_completed(&s, 5000);
    assert_false(progress_may_read_again(&s, 5000));
    assert_false(progress_may_read_again(&s, 5000 + MS_DAY - 1));
    assert_true(progress_may_read_again(&s, 5000 + MS_DAY));
    for (int i = 0; i < 3; i++) { /* it was read again, whichever of it */
        int64_t again_ms = 6000 + (2 * i + 1) * MS_DAY;
        progress_reading(&s, sections[i].id, 1000, true, again_ms);
        assert_false(progress_may_read_again(&s, again_ms + MS_DAY - 1));
        assert_true(progress_may_read_again(&s, again_ms + MS_DAY));
    }
}

/* RULE module-completed. */
static void test_pure(void **state) {
    (void)state;
    struct progress_state s;
    progress_begin(&s, &module, &arena);
    struct content_module_progress p = progress_end(&s);
    assert_int_equal(p.minutes_left, 10);
    assert_null(p.last_section);
    assert_int_equal(p.last_ms, 0);
    progress_reading(&s, "one", 500, false, 1000);
    progress_reading(&s, "two", 100, false, 3000);
    progress_reading(&s, "one", 1000, true, 2000);  /* facts may come in any order of sections */
    progress_reading(&s, "gone", 1000, true, 4000); /* of an older version */
    p = progress_end(&s);
    assert_int_equal(p.sections_done, 1);
    assert_string_equal(p.last_section, "two");
    assert_int_equal(p.last_position_permille, 100);
    assert_int_equal(p.minutes_left, 7);
    assert_int_equal(p.last_ms, 3000);
    progress_answer(&s, "c1", false, 5000);
    progress_answer(&s, "c1", true, 6000);
    progress_answer(&s, "old question", true, 7000);
    p = progress_end(&s);
    assert_int_equal(p.checkpoints_answered, 1);
    assert_int_equal(p.checkpoints_right, 1);
    progress_answer(&s, "c1", false, 8000); /* the last one counts */
    assert_int_equal(progress_end(&s).checkpoints_right, 0);
    progress_reading(&s, "two", 1000, true, 9000);
    progress_reading(&s, "three", 1000, true, 9000);
    assert_false(progress_all_done(&s));
    assert_int_equal(progress_end(&s).minutes_left, 1); /* a question waits */
    progress_answer(&s, "c2", false, 9500);
    assert_true(progress_all_done(&s));
    progress_completed(&s, 9500);
    progress_completed(&s, 99999);
    p = progress_end(&s);
    assert_int_equal(p.completed_ms, 9500);
    assert_int_equal(p.minutes_left, 0);
}

static void test_times_before_1970(void **state) {
    (void)state;
    struct progress_state s;
    progress_begin(&s, &module, &arena);
    progress_reading(&s, "one", 0, true, -5);
    assert_int_equal(progress_end(&s).sections_done, 1);
}

/* No text is read as one without sections; if it were, its questions alone would be done. */
static void test_without_sections(void **state) {
    (void)state;
    struct content_module asks = module, nothing = module;
    asks.section_count = 0;
    nothing.section_count = nothing.checkpoint_count = 0;
    struct progress_state s;
    progress_begin(&s, &asks, &arena);
    assert_int_equal(progress_end(&s).minutes_left, 10);
    progress_answer(&s, "c1", true, 100);
    assert_int_equal(progress_end(&s).minutes_left, 10);
    assert_int_equal(progress_end(&s).sections_total, 0);
    assert_int_equal(progress_end(&s).redone_ms, 0);
    assert_false(progress_all_done(&s));
    progress_answer(&s, "c2", true, 200);
    assert_true(progress_all_done(&s));
    assert_int_equal(progress_end(&s).redone_ms, 100);
    progress_completed(&s, 200);
    assert_int_equal(progress_end(&s).minutes_left, 0);
    progress_begin(&s, &nothing, &arena);
    assert_false(progress_all_done(&s));
    assert_int_equal(progress_end(&s).redone_ms, 0);
}

/* Since when all has been done again: the oldest of the newest facts. */
static void test_done_again(void **state) {
    (void)state;
    struct progress_state s;
    progress_begin(&s, &module, &arena);
    progress_reading(&s, "one", 1000, true, 100);
    progress_reading(&s, "two", 1000, true, 110);
    progress_reading(&s, "three", 1000, true, 120);
    progress_answer(&s, "c1", false, 130);
    assert_int_equal(progress_end(&s).redone_ms, 0);
    progress_answer(&s, "c2", true, 90);
    assert_int_equal(progress_end(&s).redone_ms, 90);
    progress_answer(&s, "c2", true, 140);
    assert_int_equal(progress_end(&s).redone_ms, 100);
    progress_reading(&s, "one", 10, false, 300); /* opened, and not read to its end */
    assert_int_equal(progress_end(&s).redone_ms, 100);
    assert_int_equal(progress_end(&s).last_ms, 300);
    progress_reading(&s, "one", 1000, true, 150);
    assert_int_equal(progress_end(&s).redone_ms, 110);
    progress_reading(&s, "one", 1000, true, 105); /* an older one takes nothing back */
    assert_int_equal(progress_end(&s).redone_ms, 110);
    /* Of two facts of one moment the later told counts; who comes last is where the person is. */
    progress_reading(&s, "two", 200, false, 300);
    assert_string_equal(progress_end(&s).last_section, "two");
    assert_int_equal(progress_end(&s).last_position_permille, 200);
    progress_answer(&s, "c1", true, 400);
    assert_int_equal(progress_end(&s).last_ms, 400);
    progress_answer(&s, "c1", true, 350);
    assert_int_equal(progress_end(&s).last_ms, 400);
    progress_completed(&s, 500);
    assert_int_equal(progress_end(&s).last_ms, 500);
    progress_completed(&s, 450);
    assert_int_equal(progress_end(&s).last_ms, 500);
    assert_int_equal(progress_end(&s).completed_ms, 450);
    /* Each of them counts, the first and the last. */
    static const struct {
        const char *missing;
        int64_t redone_ms;
    } oldest[] = {{"one", 0}, {"two", 0}, {"three", 0}, {"c1", 0}, {"c2", 0}, {"", 5}};
    for (size_t i = 0; i < COUNT_OF(oldest); i++) {
        progress_begin(&s, &module, &arena);
        for (size_t k = 0; k < COUNT_OF(sections); k++)
            if (!str_eq(sections[k].id, oldest[i].missing))
                progress_reading(&s, sections[k].id, 1000, true, 10);
        if (!str_eq("c2", oldest[i].missing)) progress_answer(&s, "c2", true, 10);
        if (!str_eq("c1", oldest[i].missing)) progress_answer(&s, "c1", true, 5);
        assert_int_equal(progress_end(&s).redone_ms, oldest[i].redone_ms);
        assert_int_equal(progress_all_done(&s), oldest[i].redone_ms != 0);
    }
    struct content_module_progress none = content_progress_of(NULL, &module);
    assert_string_equal(none.module_id, "m");
    assert_int_equal(none.sections_total, 3);
    assert_int_equal(none.checkpoints_total, 2);
    assert_int_equal(none.minutes_left, 10);
    assert_int_equal(none.last_ms, 0);
    struct given_answer given[] = {{"c1", "1", false}, {"c2", "2", true}, {"c1", "3", true}};
    struct module_facts facts = {.answers = given, .answer_count = 3};
    assert_ptr_equal(facts_answer(&facts, "c1"), &given[2]);
    assert_ptr_equal(facts_answer(&facts, "c2"), &given[1]);
    assert_null(facts_answer(&facts, "c3"));
    facts.answer_count = 1;
    assert_ptr_equal(facts_answer(&facts, "c1"), &given[0]);
}

/* ---- Recorded ------------------------------------------------------------------------------- */

struct job {
    const char *person, *section, *choice;
    const struct content_module *m;
    int position, number;
    bool done, right;
};

static enum err run_reading(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct job *j = arg;
    return content_record_reading(db, a, now_ms, j->person, j->m, j->section, j->position, j->done);
}
static enum err run_answer(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct job *j = arg;
    return content_record_answer(db, a, now_ms, j->person, j->m, j->number, j->choice, j->right);
}

static enum err read_section(struct store *st, const char *person, const struct content_module *m,
                             const char *section, int position, bool done) {
    struct job j = {
        .person = person, .m = m, .section = section, .position = position, .done = done};
    return store_write(st, run_reading, &j, &arena);
}
static enum err answer(struct store *st, const char *person, const struct content_module *m,
                       int number, const char *choice, bool right) {
    struct job j = {.person = person, .m = m, .number = number, .choice = choice, .right = right};
    return store_write(st, run_answer, &j, &arena);
}

static struct content_module_progress progress(struct store *st, const struct content_snapshot *s,
                                               const char *person, const char *id) {
    struct content_progress p;
    assert_int_equal(content_progress(store_reader(st), &arena, s, person, &p), OK);
    return content_progress_of(&p, content_module(s, id));
}

/* How many rows are in the file, asked of the file. */
static int64_t rows_where(const char *table, const char *person_id, const char *where) {
    sqlite3 *sql;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(arena_printf(&arena, "%s/t.db", root), &sql), SQLITE_OK);
    const char *text = arena_printf(&arena, "SELECT count(*) FROM %s WHERE person_id = ? AND %s",
                                    table, where);
    assert_int_equal(sqlite3_prepare_v2(sql, text, -1, &q, NULL), SQLITE_OK);
    sqlite3_bind_text(q, 1, person_id, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return n;
}

static int64_t rows_of(const char *table, const char *person_id) {
    return rows_where(table, person_id, "1");
}

static void test_recorded(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    const char *lena = add_person(st, "lena"), *omar = add_person(st, "omar");
    const struct content_snapshot *s = content_hold(c);
    const struct content_module *a = content_module(s, "a"), *b = content_module(s, "b");
    struct content_progress all;
    assert_int_equal(content_progress(store_reader(st), &arena, s, lena, &all), OK);
    assert_int_equal(all.count, 0);
    assert_ptr_equal(content_next(s, &all, content_programme(s, "p")), a);
    assert_int_equal(read_section(st, lena, a, "nowhere", 0, false), ERR_INVALID);
    assert_int_equal(read_section(st, lena, a, "first-things", 1001, false), ERR_INVALID);
    assert_int_equal(read_section(st, lena, a, "first-things", -1, false), ERR_INVALID);
    assert_int_equal(read_section(st, "nobody", a, "first-things", 0, false), ERR_CONFLICT);
    assert_int_equal(answer(st, lena, a, 2, "1", true), ERR_INVALID);
    assert_int_equal(answer(st, lena, a, 0, "1", true), ERR_INVALID);
    assert_int_equal(read_section(st, lena, a, "second-things", 300, false), OK);
    assert_int_equal(read_section(st, lena, a, "first-things", 1000, true), OK);
    assert_int_equal(answer(st, lena, a, 1, "1", false), OK);
    struct content_module_progress p = progress(st, s, lena, "a");
    assert_int_equal(p.sections_done, 1);
    assert_int_equal(p.checkpoints_answered, 1);
    assert_int_equal(p.checkpoints_right, 0);
    assert_int_equal(p.completed_ms, 0);
    /* What is kept of each: of which text it is a fact. */
    assert_int_equal(
        rows_where(
            "content_reading", lena,
            arena_printf(&arena,
                         "module_id = 'a' AND version = '%s' AND position_permille = 300 AND "
                         "section = 'second-things' AND done = 0",
                         a->version)),
        1);
    assert_int_equal(
        rows_where("content_checkpoint_answer", lena,
                   arena_printf(&arena,
                                "module_id = 'a' AND version = '%s' AND number = 1 AND "
                                "checkpoint = '%s' AND choice = '1' AND is_right = 0",
                                a->version, a->checkpoints[0])),
        1);
    struct module_facts facts;
    assert_int_equal(content_facts(store_reader(st), &arena, lena, a, &facts), OK);
    assert_int_equal(facts.answer_count, 1);
    assert_string_equal(facts.answers[0].checkpoint, a->checkpoints[0]);
    assert_string_equal(facts.answers[0].choice, "1");
    assert_false(facts.answers[0].right);
    assert_int_equal(progress_end(&facts.state).checkpoints_right, 0);
    assert_int_equal(read_section(st, lena, a, "second-things", 1000, true), OK);
    p = progress(st, s, lena, "a");
    assert_true(p.completed_ms > 0);
    int64_t completed_ms = p.completed_ms;
    /* Somebody else has done nothing, and then something of each, the later module first. */
    assert_int_equal(progress(st, s, omar, "a").last_ms, 0);
    assert_int_equal(read_section(st, omar, b, "only", 10, false), OK);
    assert_int_equal(content_facts(store_reader(st), &arena, omar, b, &facts), OK);
    assert_int_equal(progress_end(&facts.state).last_position_permille, 10);
    assert_int_equal(progress_end(&facts.state).sections_done, 0);
    assert_int_equal(answer(st, omar, a, 1, "1", true), OK);
    assert_int_equal(progress(st, s, omar, "a").checkpoints_right, 1);
    assert_int_equal(progress(st, s, omar, "b").last_position_permille, 10);
    assert_int_equal(content_progress(store_reader(st), &arena, s, lena, &all), OK);
    assert_ptr_equal(content_next(s, &all, content_programme(s, "p")), b);
    assert_int_equal(read_section(st, lena, b, "only", 1000, true), OK);
    assert_int_equal(content_progress(store_reader(st), &arena, s, lena, &all), OK);
    assert_null(content_next(s, &all, content_programme(s, "p")));
    content_release(s);
    /* The text grows: what was completed stays, a new section is not read. */
    put_file("content/p/modules/a.md", "%s",
             module_text("a", "Alpha", "## First things\n\nText.\n\n## Third things\n\nText.\n"));
    s = content_hold(c);
    p = progress(st, s, lena, "a");
    assert_int_equal(p.completed_ms, completed_ms);
    assert_int_equal(p.sections_total, 2);
    assert_int_equal(p.sections_done, 1);
    assert_int_equal(p.minutes_left, 0);
    /* Nor is it completed a second time. */
    assert_int_equal(read_section(st, lena, content_module(s, "a"), "third-things", 1000, true),
                     OK);
    assert_int_equal(progress(st, s, lena, "a").sections_done, 2);
    assert_int_equal(rows_of("content_completion", lena), 2);
    /* A text whose headings go is one section, which nobody has read. */
    content_release(s);
    put_file("content/p/modules/a.md", "%s",
             module_text("a", "Alpha", "Text without a heading.\n"));
    put_file("content/p/modules/b.md", "%s", module_text("b", "Beta", "Text without a heading.\n"));
    s = content_hold(c);
    assert_int_equal(progress(st, s, lena, "a").minutes_left, 0);
    assert_int_equal(progress(st, s, omar, "b").minutes_left, 10);
    assert_int_equal(progress(st, s, omar, "b").sections_total, 1);
    assert_int_equal(progress(st, s, omar, "b").sections_done, 0);
    assert_null(progress(st, s, omar, "b").last_section);
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* A text that shrinks to what was read is completed by whoever reads it again to an end, and not by
 * a look at it. */
static void test_a_look_completes_nothing(void **state) {
    (void)state;
    put_file("content/p/modules/b.md", "%s",
             module_text("b", "Beta", "## Only\n\nWords.\n\n## More\n\nWords.\n"));
    struct store *st = open_store();
    struct content *c = open_content(st);
    const char *lena = add_person(st, "lena");
    const struct content_snapshot *s = content_hold(c);
    assert_int_equal(read_section(st, lena, content_module(s, "b"), "only", 1000, true), OK);
    content_release(s);
    put_file("content/p/modules/b.md", "%s", module_text("b", "Beta", "## Only\n\nWords.\n"));
    s = content_hold(c);
    assert_int_equal(read_section(st, lena, content_module(s, "b"), "only", 0, false), OK);
    assert_int_equal(progress(st, s, lena, "b").completed_ms, 0);
    assert_int_equal(progress(st, s, lena, "b").minutes_left, 1);
    assert_int_equal(read_section(st, lena, content_module(s, "b"), "only", 1000, true), OK);
    assert_true(progress(st, s, lena, "b").completed_ms > 0);
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* A table is gone under an open store: nobody is told that nothing was done. */
static void test_facts_that_cannot_be_read(void **state) {
    (void)state;
    static const char *const tables[] = {"content_place", "content_checkpoint_answer",
                                         "content_completion"};
    struct store *st = open_store();
    struct content *c = open_content(st);
    const struct content_snapshot *s = content_hold(c);
    const struct content_module *a = content_module(s, "a");
    const char *lena = add_person(st, "lena");
    sqlite3 *sql;
    assert_int_equal(sqlite3_open(arena_printf(&arena, "%s/t.db", root), &sql), SQLITE_OK);
    sqlite3_busy_timeout(sql, 10000); /* the store writes, too */
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct content_progress p;
        struct module_facts facts;
        assert_int_equal(
            sqlite3_exec(sql, arena_printf(&arena, "ALTER TABLE %s RENAME TO elsewhere", tables[i]),
                         NULL, NULL, NULL),
            SQLITE_OK);
        assert_int_equal(content_progress(store_reader(st), &arena, s, lena, &p), ERR_IO);
        assert_int_equal(p.count, 0);
        assert_int_equal(content_facts(store_reader(st), &arena, lena, a, &facts), ERR_IO);
        assert_int_equal(answer(st, lena, a, 1, "1", true), ERR_IO);
        assert_int_equal(read_section(st, lena, a, a->sections[0].id, 1000, true), ERR_IO);
        assert_int_equal(
            sqlite3_exec(sql, arena_printf(&arena, "ALTER TABLE elsewhere RENAME TO %s", tables[i]),
                         NULL, NULL, NULL),
            SQLITE_OK);
        assert_int_equal(progress(st, s, lena, "a").last_ms, 0);
    }
    sqlite3_close(sql);
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* ---- Somebody sends them by the thousand
 * ------------------------------------------------------------------------ */

static enum err run_flood(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct job *j = arg;
    enum err e = OK;
    for (int i = 0; e == OK && i < 2500; i++)
        e = content_record_reading(db, a, now_ms + i, j->person, j->m, j->section, i % 1000,
                                   i % 10 == 0);
    return e;
}
static enum err run_answers(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct job *j = arg;
    enum err e = OK;
    for (j->number = 0; e == OK && j->number < 2500; j->number++)
        e = content_record_answer(db, a, now_ms + j->number, j->person, j->m, 1, "1", false);
    return e;
}
/* RULE answers-limit, RULE reading-kept. */
static void test_flood(void **state) {
    (void)state;
    struct store *st = open_store();
    struct content *c = open_content(st);
    const struct content_snapshot *s = content_hold(c);
    const struct content_module *b = content_module(s, "b"), *a = content_module(s, "a");
    struct job j = {.person = add_person(st, "flo"), .m = a, .section = a->sections[0].id};
    assert_int_equal(store_write(st, run_flood, &j, &arena), OK);
    /* RULE reading-kept: what was acknowledged is there, and the place is where the last one said.
     */
    assert_int_equal(rows_of("content_reading", j.person), 2500);
    assert_int_equal(progress(st, s, j.person, "a").last_position_permille, 499);
    /* What is news is kept all the same, and the module can be completed. */
    for (size_t i = 1; i < a->section_count; i++)
        assert_int_equal(read_section(st, j.person, a, a->sections[i].id, 1000, true), OK);
    assert_int_equal(answer(st, j.person, a, 1, "1", true), OK);
    assert_true(progress(st, s, j.person, "a").completed_ms > 0);
    assert_int_equal(progress(st, s, j.person, "a").sections_done, a->section_count);
    /* Too many answers are refused, and change nothing in another module. */
    assert_int_equal(store_write(st, run_answers, &j, &arena), ERR_LIMIT);
    assert_int_equal(j.number, 2000);
    assert_int_equal(read_section(st, j.person, b, b->sections[0].id, 10, false), OK);
    content_release(s);
    content_close(c);
    assert_true(store_close(st, 5000));
}

/* ---- Self-assessment
 * ------------------------------------------------------------------------------------------- */

static void test_self(void **state) {
    (void)state;
    struct self_statement statements[] = {
        {"a", AXIS_X, 1}, {"b", AXIS_X, -1}, {"c", AXIS_Y, 1}, {"d", AXIS_Y, -1}};
    struct content_self self = {.statements = statements, .statement_count = 4};
    struct content_persona personas[] = {{"modernizer", "M", "s", "technology", "emotional"},
                                         {"psychologist", "P", "s", "art", "rational"}};
    struct content_programme programme = {.personas = personas, .persona_count = 2};
    struct self_result r = self_result(&self, &programme, "5151");
    assert_int_equal(r.x_permille, 1000);
    assert_int_equal(r.y_permille, 1000);
    assert_string_equal(r.persona->id, "psychologist");
    assert_false(r.is_close);
    r = self_result(&self, &programme, "1515");
    assert_int_equal(r.x_permille, -1000);
    assert_string_equal(r.persona->id, "modernizer");
    /* Who agrees with everything lands in the middle, where nothing is suggested. */
    r = self_result(&self, &programme, "5555");
    assert_int_equal(r.x_permille, 0);
    assert_null(r.persona);
    assert_null(self_result(&self, NULL, "5151").persona);
    static const char *const bad[] = {"", "555", "55555", "5550", "555x", "5 55"};
    assert_true(self_answers_valid(&self, "1234"));
    assert_false(self_answers_valid(&self, NULL));
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_false(self_answers_valid(&self, bad[i]));
}

/* ---- The nth allocation fails while a module is read and checked
 * ---------------------------------------------------- */

static bool read_all(struct arena *a, const char *text) {
    if (ARENA_GUARD(a) != 0) return false;
    struct diag_list l;
    struct doc d;
    struct content_outline outline = {0};
    diag_init(&l, a);
    if (doc_parse(&d, "content/p/modules/a.md", text, strlen(text), a, &l) != OK) return false;
    content_check_body(&d, a, &l, &outline);
    struct content_part *parts;
    size_t count;
    content_parts(a, cmark_node_first_child(d.body), NULL, false, &parts, &count);
    return content_read_module(&d, NULL, a, &l, &outline) && l.errors == 0 && count == 3 &&
           outline.refs;
}

static void test_nth_allocation(void **state) {
    (void)state;
    size_t len;
    const char *text = file_read(&arena, arena_printf(&arena, "%s/content/p/modules/a.md", root),
                                 100000, &len);
    for (long nth = 1;; nth++) {
        struct arena a;
        arena_init(&a, (size_t)64 * 1024 * 1024);
        arena_fail_at(nth);
        bool ok = read_all(&a, text), failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        if (!failed) {
            assert_true(ok);
            assert_true(nth > 50);
            return;
        }
        assert_false(ok);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_pure),
                                       CASE(test_read_again),
                                       CASE(test_times_before_1970),
                                       CASE(test_without_sections),
                                       CASE(test_done_again),
                                       CASE(test_a_look_completes_nothing),
                                       CASE(test_facts_that_cannot_be_read),
                                       CASE(test_recorded),
                                       CASE(test_flood),
                                       CASE(test_self),
                                       CASE(test_nth_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
