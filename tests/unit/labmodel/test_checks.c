/* Checks as authors write them: what is read, what is refused, what the queries that are made here
 * say, and what a verdict is worth. */
#include "unit/lab/lab_fixture.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_checks.h"

static struct diag_list diags;

static const struct lab_scenario *read_block(struct arena *a, const char *block, const char *rest) {
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct doc *d = NEW(a, struct doc);
    char *text = arena_printf(
        a,
        "---\nscenario: x\n---\n\n## one\n\n```check\ntitle: t\npass: p\nfail: f\n%s\n```\n\n%s\n1. hint\n",
        block, rest);
    diag_init(&diags, a);
    assert_int_equal(doc_parse(d, "checks.md", text, strlen(text), a, &diags), OK);
    lab_checks_read(s, d, &diags);
    return s;
}

static const char sql[] = "```sql\nSELECT 1 AS ok\n```\n";

static void expect_fault(struct arena *a, const char *block, const char *rest, int line,
                         const char *words) {
    read_block(a, block, rest);
    const struct diag *d = diags.first;
    if (!d) fail_msg("nothing is found in: %s", block);
    if (d->next || d->line != line || !strstr(d->message, words))
        fail_msg("%d: %s%s", d->line, d->message, d->next ? ", and more" : "");
}

static void expect_fine(struct arena *a, const char *block, const char *rest) {
    read_block(a, block, rest);
    if (diags.first) fail_msg("%d: %s", diags.first->line, diags.first->message);
}

static void test_blocks(void **state) {
    struct arena *a = *state;
    expect_fine(a, "kind: state\npoints: 3", sql);
    expect_fine(a, "kind: state\npoints: 3\npartial: mapped / 10\nhint-points: 1", sql);
    expect_fine(a, "kind: never\npoints: 3", sql);
    expect_fine(
        a,
        "kind: never\npoints: 3\nnever: human = 0\nneeds: human\nafter: 'x'\nsame: record_id\nbecause: human",
        "");
    expect_fine(a, "kind: within\npoints: 3\nwithin: 30m\nfrom: 'a'\nto: 'b'\nsame: record_id", "");
    expect_fault(a, "kind: sometimes\npoints: 3", sql, 11,
                 "“sometimes” is no kind of a check: write state, never or within.");
    expect_fault(a, "kind: state\npoints: 3\npartial: mapped", sql, 13,
                 "“mapped” does not say which share was reached");
    expect_fault(a, "kind: state\npoints: 3\nwithin: 30m", sql, 13, "“state” has no “within”");
    expect_fault(a, "kind: state\npoints: 3\nsame: record_id", sql, 13, "“state” has no “same”");
    expect_fault(a, "kind: never\npoints: 3\nneeds: human", sql, 13,
                 "“never” without “never” has no “needs”");
    expect_fault(a, "kind: never\npoints: 3\nnever: human\nneeds: human\nto: human", "", 15,
                 "“never” has no “to”");
    expect_fault(a, "kind: within\npoints: 3\nwithin: soon\nfrom: 'a'\nto: 'b'", "", 13,
                 "“soon” is no duration: write a number and s, m, h or d, as in 30m.");
    expect_fault(a, "kind: within\npoints: 3\nwithin: 0m\nfrom: 'a'\nto: 'b'", "", 13,
                 "“0m” is no duration");
    expect_fault(a, "kind: within\npoints: 3\nwithin: 5m\nfrom: 'a'\nto: 'b'", sql, 18,
                 "it has no SQL block");
    expect_fault(a, "kind: state\npoints: 3\nhint-points: 0", sql, 13, "hint-points");
    expect_fault(a, "kind: state\npoints: 3\nhints: 0", sql, 13, "hints");
}

/* What a duration is worth; and at its edges what is none. */
static void test_durations(void **state) {
    struct arena *a = *state;
    static const struct {
        const char *text;
        int64_t ms; /* 0: it is none */
    } durations[] = {
        {"1s", MS_SECOND},
        {"45s", 45 * MS_SECOND},
        {"30m", 30 * MS_MINUTE},
        {"2h", 2 * MS_HOUR},
        {"5d", 5 * MS_DAY},
        {"100000s", 100000 * MS_SECOND},
        {"100001s", 0},
        {"0000001s", MS_SECOND},
        {"00000001s", 0},
        {"0s", 0},
        {"-1s", 0},
        {"s", 0},
        {"5", 0},
        {"5w", 0},
        {"5 m", 0},
        {"1m5", 0},
    };
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        const struct lab_scenario *s = read_block(
            a,
            arena_printf(a, "kind: within\npoints: 3\nwithin: \"%s\"\nfrom: '1'\nto: '1'",
                         durations[i].text),
            "");
        if (s->checks[0].within_ms != durations[i].ms || !diags.first != (durations[i].ms > 0))
            fail_msg("%s: %lld ms", durations[i].text, (long long)s->checks[0].within_ms);
    }
}

/* The shares of points, at their edges, and the parts of a share. */
static void test_numbers(void **state) {
    struct arena *a = *state;
    const struct lab_check *c = &read_block(a, "kind: state\npoints: 1", sql)->checks[0];
    assert_int_equal(c->points, 1);
    assert_int_equal(c->hint_points, 0);
    assert_null(c->partial);
    c = &read_block(a, "kind: state\npoints: 100\nhint-points: 100\npartial: \" a b  /  10 \"", sql)
             ->checks[0];
    assert_null(diags.first);
    assert_int_equal(c->points, 100);
    assert_int_equal(c->hint_points, 100);
    assert_string_equal(c->partial, "a b");
    assert_string_equal(c->partial_of, "10");
    assert_int_equal(c->partial_line, 14);
    assert_int_equal(c->pass_line, 9);
    assert_int_equal(c->fail_line, 10);
    expect_fault(a, "kind: state\npoints: 0", sql, 12, "points");
    expect_fault(a, "kind: state\npoints: 101", sql, 12, "points");
    expect_fault(a, "kind: state", sql, 8, "points");
    expect_fault(a, "kind: state\npoints: 3\nhint-points: 101", sql, 13, "hint-points");
    assert_string_equal(
        read_block(a, "kind: state\npoints: 3\npartial: a/b", sql)->checks[0].partial_of, "b");
    static const char *const shares[] = {"/ b", "a /", "a / b / c", "a"};
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        expect_fault(a, arena_printf(a, "kind: state\npoints: 3\npartial: %s", shares[i]), sql, 13,
                     "does not say which share was reached");
    expect_fault(a, "points: 3", sql, 8, "kind");
    read_block(a, "kind: within\npoints: 3\nfrom: 'a'\nto: 'b'", "");
    assert_string_equal(diags.first->message, "the field “within” is missing");
    /* Each kind has its own conditions, and needs the first two of them. */
    static const char *const all[] = {"from", "to", "never", "needs", "after", "because", "same"};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        expect_fault(a, arena_printf(a, "kind: state\npoints: 3\n%s: 1", all[i]), sql, 13,
                     "A check of the kind “state” has no “");
    for (size_t i = 2; i < COUNT_OF(all) - 1; i++)
        expect_fault(
            a,
            arena_printf(a, "kind: within\npoints: 3\nwithin: 5m\nfrom: 1\nto: 1\n%s: 1", all[i]),
            "", 16, "A check of the kind “within” has no “");
    for (size_t i = 0; i < 2; i++)
        expect_fault(a,
                     arena_printf(a, "kind: never\npoints: 3\nnever: 1\nneeds: 1\n%s: 1", all[i]),
                     "", 15, "A check of the kind “never” has no “");
    static const char *const halves[] = {"kind: within\npoints: 3\nwithin: 5m\nfrom: 1",
                                         "kind: within\npoints: 3\nwithin: 5m\nto: 1",
                                         "kind: never\npoints: 3\nnever: 1"};
    for (size_t i = 0; i < COUNT_OF(halves); i++) {
        const struct lab_scenario *s = read_block(a, halves[i], "");
        assert_int_equal(diags.errors, 1);
        assert_non_null(strstr(diags.first->message, "is missing"));
        assert_null(s->checks[0].sql);
    }
}

/* ---- Files of checks ------------------------------------------------------------------------ */
#define WHOLE(id, points, hints)                                                                   \
    "## " id "\n\n```check\ntitle: T " id "\nkind: state\npass: p\nfail: f\npoints: " #points      \
    "\n```\n\n```sql\nSELECT 1 AS ok\n```\n\n" hints "\n"

static const struct lab_scenario *read_file(struct arena *a, const char *body) {
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct doc *d = NEW(a, struct doc);
    char *text = arena_printf(a, "---\nscenario: x\n---\n\n%s", body);
    diag_init(&diags, a);
    assert_int_equal(doc_parse(d, "checks.md", text, strlen(text), a, &diags), OK);
    lab_checks_read(s, d, &diags);
    return s;
}

/* "line rule" of each problem. */
static const char *found(struct arena *a, const char *body) {
    struct buf b;
    read_file(a, body);
    buf_init(&b, a);
    for (const struct diag *d = diags.first; d; d = d->next)
        buf_printf(&b, "%s%d %s%s", b.len ? "|" : "", d->line, d->rule,
                   d->severity == SEVERITY_ERROR ? "" : " warning");
    return buf_text(&b);
}

static void test_files(void **state) {
    struct arena *a = *state;
    const struct lab_scenario *s = read_file(
        a, "Before.\n\n```sql\nSELECT 0\n```\n\n1. none\n\n" WHOLE("one", 3, "1. *A*\n2. B\n")
               WHOLE("two", 4, "- no hint\n\n1. C\n"));
    assert_null(diags.first);
    assert_int_equal(s->check_count, 2);
    assert_int_equal(s->points, 7);
    assert_string_equal(s->checks[0].id, "one");
    assert_string_equal(s->checks[1].title, "T two");
    assert_string_equal(s->checks[0].sql, "SELECT 1 AS ok\n");
    assert_int_equal(s->checks[0].line, 13);
    assert_int_equal(s->checks[0].sql_line, 24);
    assert_int_equal(s->checks[0].hint_count, 2);
    assert_non_null(strstr(s->checks[0].hints[0], "<em>A</em>"));
    assert_null(strstr(s->checks[0].hints[1], "<em>A</em>"));
    assert_int_equal(s->checks[1].hint_count, 1);
    assert_string_equal(
        lab_checks_question(s, a),
        "{\"view\":\"checks\",\"checks\":[{\"id\":\"one\",\"sql\":\"SELECT 1 AS ok\\n\"},"
        "{\"id\":\"two\",\"sql\":\"SELECT 1 AS ok\\n\"}]}");
    assert_string_equal(found(a, "Nothing.\n"), "1 lab-check");
    assert_string_equal(found(a, "## one\n"), "5 lab-check|5 lab-check|5 lab-hints");
    assert_string_equal(found(a, "## one\n\n## two\n"),
                        "5 lab-check|5 lab-check|5 lab-hints|7 lab-check|7 lab-check|7 lab-hints");
    assert_string_equal(found(a, WHOLE("one", 3, "- none\n")), "5 lab-hints");
    /* Twice; after another; an id that is none. What stands below such a heading is nobody's. */
    assert_string_equal(found(a, WHOLE("one", 3, "1. A\n") WHOLE("one", 3, "1. A\n")),
                        "21 lab-check");
    assert_string_equal(
        found(a, WHOLE("one", 3, "1. A\n") WHOLE("two", 3, "1. A\n") WHOLE("two", 3, "- A\n")),
        "37 lab-check");
    assert_string_equal(found(a, WHOLE("one", 3, "1. A\n") "## No id\n\n1. A\n"), "21 lab-check");
    /* As many hints and checks as there is room for, and one more. */
    assert_string_equal(found(a, WHOLE("one", 3, "1. A\n2. B\n3. C\n4. D\n5. E\n6. F\n")), "");
    assert_string_equal(
        found(a, WHOLE("one", 3, "1. A\n2. B\n3. C\n4. D\n5. E\n6. F\n7. G\n8. H\n")),
        "25 lab-hints warning");
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < LAB_CHECKS_MAX; i++) buf_printf(&b, WHOLE("c%d", 1, "1. A\n"), i, i);
    assert_int_equal(read_file(a, buf_text(&b))->check_count, LAB_CHECKS_MAX);
    assert_null(diags.first);
    buf_puts(&b, "## one-more\n");
    assert_int_equal(read_file(a, buf_text(&b))->check_count, LAB_CHECKS_MAX);
    assert_int_equal(diags.errors, 1);
}

/* ---- Queries that are made here ------------------------------------------------------------- */
/* The rows: seq, minutes, kind, record, human, cause. */
static const char *ask(struct arena *a, const char *block, const char *rows) {
    const struct lab_scenario *s = read_block(a, block, "");
    sqlite3 *db;
    sqlite3_stmt *q;
    struct buf b;
    assert_null(diags.first);
    buf_init(&b, a);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "CREATE TABLE event (seq INTEGER PRIMARY KEY, at_ms INTEGER, kind TEXT, record_id TEXT, human INTEGER, cause INTEGER)",
            NULL, NULL, NULL),
        SQLITE_OK);
    if (*rows)
        assert_int_equal(sqlite3_exec(db, arena_printf(a, "INSERT INTO event VALUES %s", rows),
                                      NULL, NULL, NULL),
                         SQLITE_OK);
    if (sqlite3_prepare_v2(db, s->checks[0].sql, -1, &q, NULL) != SQLITE_OK)
        fail_msg("%s in %s", sqlite3_errmsg(db), s->checks[0].sql);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        buf_printf(&b, "%s%s=%s", i ? " " : "", sqlite3_column_name(q, i),
                   (const char *)sqlite3_column_text(q, i));
    assert_int_equal(sqlite3_step(q), SQLITE_DONE);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return buf_text(&b);
}

/* RULE lab-within: on the limit, and a millisecond behind it; of the same and of another; not yet.
 */
static void test_within(void **state) {
    struct arena *a = *state;
    static const char block[] =
        "kind: within\npoints: 3\nwithin: 30m\nfrom: kind = 'down' -- so\nto: kind = 'told'\nsame: record_id";
    assert_string_equal(ask(a, block, ""), "ok=0 total=0 in_time=0 late=0 waiting=0 worst=0");
    assert_string_equal(
        ask(a, block, "(1, 0, 'down', 'x', 0, NULL), (2, 1800000, 'told', 'x', 1, NULL)"),
        "ok=1 total=1 in_time=1 late=0 waiting=0 worst=30");
    assert_string_equal(
        ask(a, block, "(1, 0, 'down', 'x', 0, NULL), (2, 1800001, 'told', 'x', 1, NULL)"),
        "ok=0 total=1 in_time=0 late=1 waiting=0 worst=30");
    assert_string_equal(ask(a, block, "(1, 0, 'down', 'x', 0, NULL), (2, 0, 'told', 'y', 1, NULL)"),
                        "ok=0 total=1 in_time=0 late=0 waiting=1 worst=0");
    assert_string_equal(ask(a, block, "(1, 0, 'told', 'x', 0, NULL), (2, 0, 'down', 'x', 1, NULL)"),
                        "ok=0 total=1 in_time=0 late=0 waiting=1 worst=0");
    assert_string_equal(
        ask(a, "kind: within\npoints: 3\nwithin: 1s\nfrom: kind = 'down'\nto: kind = 'told'",
            "(1, 0, 'down', 'x', 0, NULL), (2, 1000, 'told', 'y', 1, NULL)"),
        "ok=1 total=1 in_time=1 late=0 waiting=0 worst=0");
}

/* RULE lab-never: nothing at all, what is needed alone, before and after, of the same and of
 * another, by a human and by a machine, because of something and of something else. */
static void test_never(void **state) {
    struct arena *a = *state;
    static const char plain[] =
        "kind: never\npoints: 3\nnever: kind = 'mail' AND human = 0\nneeds: kind = 'mail'";
    assert_string_equal(ask(a, plain, ""), "ok=0 broken=0 needed=0");
    assert_string_equal(ask(a, plain, "(1, 0, 'mail', 'x', 1, NULL)"), "ok=1 broken=0 needed=1");
    assert_string_equal(ask(a, plain, "(1, 0, 'mail', 'x', 0, NULL)"), "ok=0 broken=1 needed=1");
    static const char after[] =
        "kind: never\npoints: 3\nnever: kind = 'mail'\nneeds: kind = 'mail'\nafter: kind = 'no'\nsame: record_id";
    assert_string_equal(ask(a, after, "(1, 0, 'mail', 'x', 0, NULL), (2, 0, 'no', 'x', 1, NULL)"),
                        "ok=1 broken=0 needed=1");
    assert_string_equal(ask(a, after, "(1, 0, 'no', 'x', 1, NULL), (2, 0, 'mail', 'x', 0, NULL)"),
                        "ok=0 broken=1 needed=1");
    assert_string_equal(ask(a, after, "(1, 0, 'no', 'y', 1, NULL), (2, 0, 'mail', 'x', 0, NULL)"),
                        "ok=1 broken=0 needed=1");
    static const char because[] =
        "kind: never\npoints: 3\nnever: kind = 'mail'\nneeds: kind = 'mail'\nbecause: kind = 'form'";
    assert_string_equal(
        ask(a, because, "(1, 0, 'form', 'x', 1, NULL), (2, 0, 'mail', 'x', 0, NULL)"),
        "ok=1 broken=0 needed=1");
    assert_string_equal(
        ask(a, because,
            "(1, 0, 'form', 'x', 1, NULL), (2, 0, 'score', 'x', 0, 1), (3, 0, 'mail', 'x', 0, 2)"),
        "ok=0 broken=1 needed=1");
    assert_string_equal(ask(a, because, "(1, 0, 'call', 'x', 1, NULL), (2, 0, 'mail', 'x', 0, 1)"),
                        "ok=1 broken=0 needed=1");
}

/* ---- Verdicts ------------------------------------------------------------------------------- */
static struct lab_verdict judge(struct arena *a, struct lab_check *c, const char *result) {
    static struct lab_scenario s;
    struct lab_verdict v;
    char *answer = arena_printf(a, "{\"results\":[{\"id\":\"one\",%s}]}", result);
    s.checks[0] = *c;
    s.check_count = 1;
    lab_verdicts_read(&s, NULL, answer, strlen(answer), &v, a);
    *c = s.checks[0];
    v.check = c;
    return v;
}
static struct lab_verdict judge_row(struct arena *a, struct lab_check *c, int ok, int n, int of) {
    return judge(
        a, c,
        arena_printf(a, "\"result\":{\"columns\":[\"ok\",\"n\",\"of\"],\"rows\":[[%d,%d,%d]]}", ok,
                     n, of));
}

/* RULE lab-partial: rounded down at the edge, bounded on both sides, none without the word. */
static void test_partial_points(void **state) {
    struct arena *a = *state;
    struct lab_check c = {.id = "one",
                          .pass = "p",
                          .fail = "{n} of {of}, not {other}",
                          .points = 15,
                          .partial = "n",
                          .partial_of = "of"};
    assert_int_equal(judge_row(a, &c, 0, 7, 10).points, 10);
    assert_int_equal(judge_row(a, &c, 0, 2, 3).points, 10);
    assert_int_equal(judge_row(a, &c, 0, 0, 3).points, 0);
    assert_int_equal(judge_row(a, &c, 0, -1, 3).points, 0);
    assert_int_equal(judge_row(a, &c, 0, 5, 3).points, 15);
    assert_int_equal(judge_row(a, &c, 0, 5, 0).points, 0);
    assert_int_equal(judge_row(a, &c, 1, 0, 3).points, 15);
    assert_string_equal(judge_row(a, &c, 0, 2, 3).sentence, "2 of 3, not {other}");
    c.partial_of = "10";
    assert_int_equal(judge_row(a, &c, 0, 1, 3).points, 1);
    static const struct {
        const char *of;
        int points; /* of 15, for one; -1: it cannot be evaluated */
    } wholes[] = {{"1", 15}, {"15", 1},       {"1000000", 0}, {"1000001", -1},
                  {"0", -1}, {"missing", -1}, {"", -1}};
    for (size_t i = 0; i < COUNT_OF(wholes); i++) {
        c.partial_of = wholes[i].of;
        struct lab_verdict v = judge_row(a, &c, 0, 1, 3);
        if (wholes[i].points < 0 ? !v.error : v.error || v.points != wholes[i].points)
            fail_msg("1 of %s: %d", c.partial_of, v.points);
        assert_false(v.passed);
    }
    c.partial = "gone"; /* the share that was reached, and not the whole */
    c.partial_of = "of";
    assert_non_null(judge_row(a, &c, 0, 1, 3).error);
    assert_null(judge_row(a, &c, 1, 1, 3).error); /* nobody asks for a part of what is passed */
    c.partial = "n";
    assert_int_equal(judge_row(a, &c, 0, INT32_MAX, INT32_MAX).points, 15);
    assert_non_null(
        judge(a, &c, "\"result\":{\"columns\":[\"ok\",\"n\",\"of\"],\"rows\":[[0,\"1\",2]]}")
            .error);
    c.partial = NULL;
    assert_int_equal(judge_row(a, &c, 0, 2, 3).points, 0);
}

/* What a result must look like: one row, whose first column is ok and 1. */
static void test_shapes(void **state) {
    struct arena *a = *state;
    static const struct {
        const char *result, *sentence; /* NULL: it cannot be evaluated */
    } shapes[] = {
        {"\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[1,\"two\"]]}", "yes two {who"},
        {"\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[1,-3]]}", "yes -3 {who"},
        {"\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[1,null]]}", "yes  {who"},
        {"\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[1,\"{n}\"],[0,2]]}", "yes {n} {who"},
        {"\"result\":{\"columns\":[\"ok\",\"who\"],\"rows\":[[1,3]]}", "yes {n} {who"},
        {"\"result\":{\"columns\":[\"ok\"],\"rows\":[[0]]}", "no"},
        {"\"result\":{\"columns\":[\"ok\"],\"rows\":[[2]]}", "no"},
        {"\"result\":{\"columns\":[\"ok\"],\"rows\":[[-1]]}", "no"},
        {"\"result\":{\"columns\":[\"ok\"],\"rows\":[[null]]}", "no"},
        {"\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[0,1]]}", "no"},
        {"\"result\":{\"columns\":[\"fine\",\"ok\"],\"rows\":[[1,1]]}", NULL},
        {"\"result\":{\"columns\":[\"ok\"],\"rows\":[]}", NULL},
        {"\"result\":{}", NULL},
        {"\"error\":\"no such table\",\"result\":{\"columns\":[\"ok\"],\"rows\":[[1]]}", NULL},
    };
    struct lab_check c = {.id = "one", .pass = "yes {n} {who", .fail = "no", .points = 4};
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct lab_verdict v = judge(a, &c, shapes[i].result);
        const char *said = v.error ? NULL : v.sentence;
        if ((said != NULL) != (shapes[i].sentence != NULL) ||
            (said && strcmp(said, shapes[i].sentence) != 0))
            fail_msg("%s: %s", shapes[i].result, said ? said : v.error);
        bool passed = said && str_has_prefix(said, "yes");
        assert_int_equal(v.passed, passed);
        assert_int_equal(v.points, passed ? 4 : 0);
    }
}

/* Of several checks: how many are passed, the points that can be reached, and what is kept. */
static void test_several(void **state) {
    struct arena *a = *state;
    static struct lab_scenario s;
    struct lab_verdict v[3];
    struct buf b;
    s.check_count = 3;
    for (int i = 0; i < 3; i++)
        s.checks[i] = (struct lab_check){.id = arena_printf(a, "c%d", i),
                                         .pass = "y",
                                         .fail = "n \"{n}\"",
                                         .points = 1 << i,
                                         .hint_points = 1};
    static const char answer[] =
        "{\"results\":[{\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[0,7]]}},"
        "{\"error\":\"e\"},{\"result\":{\"columns\":[\"ok\"],\"rows\":[[1]]}}]}";
    assert_int_equal(lab_verdicts_read(&s, NULL, answer, strlen(answer), v, a), 1);
    assert_int_equal(lab_points_reachable(v, 3), 5);
    assert_int_equal(lab_points_reachable(v, 2), 1);
    buf_init(&b, a);
    assert_int_equal(lab_verdicts_write(v, 3, (const int[]){0, 0, 1}, &b), 3);
    assert_string_equal(
        buf_text(&b),
        "[{\"id\":\"c0\",\"passed\":false,\"points\":0,\"sentence\":\"n \\\"7\\\"\"},"
        "{\"id\":\"c1\",\"passed\":false,\"points\":0,\"not_evaluated\":true,\"sentence\":"
        "\"This check could not be evaluated. It costs you nothing; please tell your instructor.\"},"
        "{\"id\":\"c2\",\"passed\":true,\"points\":3,\"sentence\":\"y\"}]");
    assert_int_equal(lab_verdicts_write(v, 3, NULL, &b), 4); /* no hint was opened */
    buf_init(&b, a);
    assert_int_equal(lab_verdicts_write(v, 0, NULL, &b), 0);
    assert_string_equal(buf_text(&b), "[]");
    /* What is no answer leaves all of them unevaluated. */
    assert_int_equal(lab_verdicts_read(&s, NULL, "[", 1, v, a), 0);
    assert_int_equal(lab_points_reachable(v, 3), 0);
}

/* RULE lab-not-evaluated: neither passed nor failed, and its points are not among those that can be
 * reached. */
static void test_not_evaluated(void **state) {
    struct arena *a = *state;
    struct buf b;
    struct lab_check c = {.id = "one", .pass = "p", .fail = "f", .points = 15};
    struct lab_verdict v = judge(a, &c, "\"error\":\"no such table\"");
    buf_init(&b, a);
    assert_false(v.passed);
    assert_string_equal(
        v.sentence,
        "This check could not be evaluated. It costs you nothing; please tell your instructor.");
    assert_int_equal(lab_verdicts_write(&v, 1, NULL, &b), 0);
    assert_non_null(strstr(buf_text(&b), "\"not_evaluated\":true"));
    assert_int_equal(lab_points_reachable(&v, 1), 0);
    v = judge_row(a, &c, 0, 0, 0);
    buf_init(&b, a);
    assert_int_equal(lab_verdicts_write(&v, 1, NULL, &b), 0);
    assert_null(strstr(buf_text(&b), "not_evaluated"));
    assert_int_equal(lab_points_reachable(&v, 1), 15);
}

/* RULE lab-hint-points: nothing unless the author says so, and never below nothing. */
static void test_hints_cost_what_the_author_says(void **state) {
    struct lab_check c = {.points = 5};
    struct buf b;
    int hints = 2;
    buf_init(&b, *state);
    assert_int_equal(lab_points_after_hints(&c, 5, 3), 5);
    c.hint_points = 2;
    assert_int_equal(lab_points_after_hints(&c, 5, 0), 5);
    assert_int_equal(lab_points_after_hints(&c, 5, 2), 1);
    assert_int_equal(lab_points_after_hints(&c, 5, 3), 0);
    c.id = "one";
    c.pass = c.fail = "";
    struct lab_verdict v = judge_row(*state, &c, 1, 0, 0);
    assert_int_equal(lab_verdicts_write(&v, 1, &hints, &b), 1);
    assert_non_null(strstr(buf_text(&b), "\"points\":1,"));
}

/* RULE lab-own-words: sentences say what the learner's systems call it. */
static void test_words(void **state) {
    struct arena *a = *state;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct lab_scenario *s = fixture_scenario(a);
    assert_true(lab_choice_read(&s->stack, "crm=boreal,map=heron", dialects, a));
    const struct lab_object *o = lab_object_by_path(&s->stack, "crm.contact", NULL);
    const struct lab_field *f = lab_field_find(o, "do_not_email");
    const char *title = dialects[0]->objects[o->index].fields[f->index].title;
    assert_string_not_equal(title, f->title);
    s->checks[0] = (struct lab_check){
        .id = "one", .pass = "", .fail = "{crm.contact.do_not_email}: {n}"};
    s->check_count = 1;
    static const char answer[] =
        "{\"results\":[{\"result\":{\"columns\":[\"ok\",\"n\"],\"rows\":[[0,4]]}}]}";
    struct lab_verdict v;
    lab_verdicts_read(s, dialects, answer, strlen(answer), &v, a);
    assert_string_equal(v.sentence, arena_printf(a, "%s: 4", title));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_blocks),        TEST(test_durations),
        TEST(test_numbers),       TEST(test_files),
        TEST(test_shapes),        TEST(test_several),
        TEST(test_words),         TEST(test_within),
        TEST(test_never),         TEST(test_partial_points),
        TEST(test_not_evaluated), TEST(test_hints_cost_what_the_author_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
