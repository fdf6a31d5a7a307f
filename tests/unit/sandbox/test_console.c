/* The learner's SQL: what it may read, and attempts to get further. Each attempt must be refused
 * with a sentence, and leave the run exactly as a harmless query would. */
#include "unit/lab/lab_fixture.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/watchdog.h"
#include "sandbox/wire.h"

static struct worker begin(struct arena *a, const struct lab_scenario **s) {
    *s = fixture_scenario(a);
    return fixture_worker(a, *s, CHOICE, 11);
}

static void test_reads_both_systems(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(
        *state, &w, "SELECT count(*) AS n, (SELECT count(*) FROM map_lead) FROM crm_contact;");
    assert_int_equal(answer.status, 200);
    json_t *row = json_array_get(json_object_get(fixture_json(*state, &answer), "rows"), 0);
    assert_int_equal(json_integer_value(json_array_get(row, 0)), 220);
    assert_int_equal(json_integer_value(json_array_get(row, 1)), 232);
    answer = fixture_sql(
        *state, &w,
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "[15]"));
    worker_end(&w);
}

static const char *const attempts[] = {
    "ATTACH '/etc/passwd' AS x",
    "ATTACH ':memory:' AS x",
    "SELECT load_extension('/tmp/x.so')",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode",
    "SELECT * FROM pragma_table_info('sim_person')",
    "SELECT * FROM sim_person",
    "SELECT value FROM sim_meta",
    "SELECT * FROM sqlite_schema",
    "SELECT sql FROM sqlite_master",
    "WITH x AS (SELECT person FROM sim_person) SELECT * FROM x",
    "SELECT (SELECT min(person) FROM sim_person) FROM crm_contact",
    "INSERT INTO crm_contact (id, created_ms, updated_ms) VALUES ('x', 0, 0)",
    "UPDATE map_lead SET email = 'x@example.com'",
    "DELETE FROM event",
    "DROP TABLE event",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x (a)",
    "CREATE TEMP TRIGGER t AFTER INSERT ON event BEGIN SELECT 1; END",
    "VACUUM INTO '/tmp/gradus-console-escaped'",
    "SELECT randomblob(10)",
    "SELECT random()",
    "SELECT zeroblob(1000000000)",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/gradus-console-escaped', 'x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT * FROM json_each('[1]')",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "EXPLAIN SELECT * FROM sim_person",
    "SELECT 1; DROP TABLE event",
    "SELECT 1; SELECT 2",
    "ANALYZE",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_stmt",
    "SELECT * FROM bytecode('SELECT 1')",
    "SELECT * FROM generate_series(1, 10)",
    "SELECT * FROM json_tree('{}')",
    "SELECT json_group_array(id) FROM crm_contact",
    "SELECT json('[[[[[[[[')",
    "SELECT * FROM main.sim_person",
    "SELECT * FROM temp.sqlite_temp_schema",
    "SELECT rowid FROM sim_key",
    "SELECT sim_person.person FROM crm_contact JOIN sim_person",
    "SELECT id FROM crm_contact UNION SELECT record_id FROM sim_person",
    "SELECT id FROM crm_contact WHERE EXISTS (SELECT 1 FROM sim_person WHERE record_id = id)",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_function_list",
    "CREATE VIEW crm_all AS SELECT * FROM sim_person",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "CREATE VIRTUAL TABLE x USING rtree(a, b, c)",
    "ALTER TABLE event RENAME TO x",
    "DETACH main",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA temp_store_directory = '/tmp'",
    "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'CREATE TABLE x(a)')",
    "SELECT rtreecheck('x')",
    "SELECT sqlite_source_id()",
    "SELECT changes(), last_insert_rowid()",
    "SELECT holds('x', 'y', 'z')",
    "SELECT objection('x', 'a', 'b', 'c')",
    "SELECT chance('x', 'y')",
    "SELECT unhex('00')",
    "SELECT load_extension('x', 'y')",
    "SELECT edit('x')",
    "SELECT * FROM zipfile('/etc/passwd')",
    "REINDEX",
    "SELECT",
    "",
    ";;",
    "-- nothing",
    /* Without an end, too much, too deep. */
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "SELECT count(*) FROM crm_contact a, crm_contact b, crm_contact c, crm_contact d, crm_contact e",
    "WITH RECURSIVE n(i, t) AS (VALUES (1, 'x') UNION ALL SELECT i + 1, t || t FROM n) SELECT length(t) FROM n",
    "SELECT length(replace(hex(printf('%03999999d', 1)), '3', printf('%03999999d', 1)))",
};

static void test_attempts(void **state) {
    const struct lab_scenario *s = fixture_scenario(*state);
    struct worker tried = fixture_worker(*state, s, CHOICE, 11),
                  quiet = fixture_worker(*state, s, CHOICE, 11);
    const char *one, *other;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct lab_answer answer = fixture_sql(*state, &tried, attempts[i]);
        if (answer.status != 422)
            fail_msg("“%s” was answered with %d: %.200s", attempts[i], answer.status, answer.body);
        assert_non_null(json_string_value(json_object_get(fixture_json(*state, &answer), "error")));
        fixture_sql(*state, &quiet, "SELECT 1");
    }
    assert_int_equal(client_hash(&tried, *state, &one), OK);
    assert_int_equal(client_hash(&quiet, *state, &other), OK);
    assert_string_equal(one, other);
    assert_int_equal(access("/tmp/gradus-console-escaped", 0), -1);
    worker_end(&tried);
    worker_end(&quiet);
}

/* What is known of the packaged SQLite and a learner's SQL can reach (docs/internals/sandbox.md):
 * each is answered or refused as told here, and the worker goes on. `times` the middle part,
 * numbered. */
static const struct {
    const char *begin, *part, *end;
    int times, status;
} known[] = {
    /* CVE-2025-7458: more terms of DISTINCT and ORDER BY than 16 bits count. */
    {"SELECT DISTINCT id FROM crm_contact ORDER BY id", ", created_ms + %d", "", 256, 422},
    {"SELECT DISTINCT id", ", created_ms + %d", " FROM crm_contact", 256, 422},
    /* CVE-2025-6965: more columns in aggregates than 16 bits count. */
    {"SELECT count(*)", ", max(created_ms + %d)", " FROM crm_contact GROUP BY id LIMIT 1", 190,
     200},
    {"SELECT max(0", ", sum(created_ms + %d)", ") FROM crm_contact", 64, 422},
    {"SELECT 1", " + sum(created_ms + %d)", " FROM crm_contact", 120, 422},
    /* CVE-2023-36191, CVE-2022-46908: of the shell, not of the library. */
    {".shell touch /tmp/gradus-console-escaped", "", "", 0, 422},
    /* CVE-2025-3277, CVE-2025-29087: of a function that this version does not have. */
    {"SELECT concat_ws(printf('%.1000c', 'x'), 'a'", ", 'b%d'", ")", 60, 422},
    /* CVE-2024-0232 and its like: of JSON, which is not allowed. */
    {"SELECT json_array_length('", "[%d,", "')", 500, 422},
    /* CVE-2025-7709: of FTS5 tables, which cannot be made. */
    {"SELECT fts5_decode(1, 'x')", "", "", 0, 422},
    /* Faults of other years, which this version has no more, in what is allowed. */
    {"SELECT 1 FROM crm_contact WHERE id IN (SELECT lead(id) OVER (ORDER BY id) FROM crm_contact"
     " WHERE id IN (SELECT max(id) OVER () FROM map_lead))",
     "", "", 0, 200},
    {"SELECT count(*) OVER (PARTITION BY (SELECT max(x.id) FROM crm_contact x)) FROM crm_contact",
     "", "", 0, 200},
};

static void test_known_faults(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct buf sql;
        buf_init(&sql, *state);
        buf_puts(&sql, known[i].begin);
        for (int k = 0; k < known[i].times; k++)
            buf_puts(&sql, arena_printf(*state, known[i].part, k));
        buf_puts(&sql, known[i].end);
        struct lab_answer answer = fixture_sql(*state, &w, buf_text(&sql));
        if (answer.status != known[i].status)
            fail_msg("“%.80s” was answered with %d: %.200s", known[i].begin, answer.status,
                     answer.body);
    }
    assert_int_equal(fixture_sql(*state, &w, "SELECT 1").status, 200);
    assert_int_equal(access("/tmp/gradus-console-escaped", 0), -1);
    worker_end(&w);
}

/* Little text, much work: each is stopped by a bound of its own, long before whoever asks the
 * worker loses patience, and the worker lives. `cut`: which bound it was; NULL: the function
 * refuses what it is asked. */
#define ONES "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
#define LETTERS(c, n) "replace(printf('%.1000c','" c "'),'" c "',printf('%." #n "c','" c "'))"
/* 59,000 times x, and 0 */
#define LONG "replace(printf('%60d', 0), ' ', printf('%.1000c', 'x'))"
static const struct {
    const char *sql, *cut;
} heavy[] = {
    {"SELECT length(printf('%.2000000000c', 'x'))", NULL},
    {"SELECT length(format('%2000000000d', 1))", NULL},
    {"SELECT length(printf('%.*c', 2000000000, 'x'))", NULL},
    {"SELECT length(printf('%*d', -2000000000, 1))", NULL},
    {"SELECT printf('%.2147483647f', 1e300)", NULL},
    {"SELECT length(hex(hex(hex(" LONG "))))", "size"},
    {"SELECT hex(zeroblob(100000000))", NULL},
    {"SELECT length(" LONG " || " LONG ")", "size"},
    /* SQLite tells of the length at the end only: the rows must not use up the steps before. */
    {"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
     "SELECT length(group_concat(i)) FROM n",
     "size"},
    {"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
     "steps"},
    {"SELECT count(*) FROM crm_contact a, crm_contact b, crm_contact c, crm_contact d, crm_contact e",
     "steps"},
    {ONES "SELECT i, " LONG " FROM n ORDER BY 2 DESC", "memory"},
    {ONES "SELECT sum(length(replace(" LONG ", printf('%.900c', 'x') || 'y' || i, ''))) FROM n",
     "steps"},
    {ONES "SELECT sum(instr(" LONG ", printf('%.900c', 'x') || 'y' || i)) FROM n", "steps"},
    {ONES "SELECT count(*) FROM n WHERE " LONG
          " || i LIKE '%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%y'",
     "steps"},
    {ONES "SELECT sum(length(trim(" LONG " || i, 'abcdefghijklmnopqrstuvwyz0123456789x'))) FROM n",
     "steps"},
    {"SELECT trim(" LONG ", " LONG ")", NULL},
    {"SELECT 'x' LIKE printf('%.101c', '%')", NULL},
    {"SELECT json_extract('[1]', '$[0]')", NULL},
    {"SELECT 'x' REGEXP '(x+)+y'", NULL},
};

/* RULE lab-charge. */
static void test_heavy_queries_are_cut_off(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    for (size_t i = 0; i < COUNT_OF(heavy); i++) {
        struct lab_answer answer = fixture_sql(*state, &w, heavy[i].sql);
        const char *cut = answer.cut ? answer.cut : "none",
                   *want = heavy[i].cut ? heavy[i].cut : "none";
        /* A slow machine meets its time before any other bound. */
        bool fine = strcmp(cut, want) == 0 || (heavy[i].cut && strcmp(cut, "time") == 0);
        if (answer.status != 422 || !fine)
            fail_msg("“%s”: %d, cut off by %s, not by %s: %.200s", heavy[i].sql, answer.status, cut,
                     want, answer.body);
    }
    assert_int_equal(fixture_sql(*state, &w, "SELECT 1").status, 200);
    worker_end(&w);
}

/* One row, no loop: SQLite looks at its bounds only where a program turns back, so everything here
 * is a single stretch to it. `times` the expression stands in the query, over a text x of 60,000
 * characters, one y that nearly occurs in it, a number d of 60,000 digits. Each is answered, by its
 * result or by what cut it off, long before who asks the worker gives up. */
static const struct {
    const char *expression;
    int times;
    bool cut; /* when it is refused, by a bound; else by the function */
} straight[] = {
    {"instr(x,y)", 300, true},
    {"replace(x,y,'c')", 300, true},
    {"x LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%b'", 300, true},
    {"x GLOB '*[a]*[a]*[a]*[a]*[a]*[a]*[b]'", 300, true},
    {"strftime(replace(x,'a','%d'),'now')", 300, true},
    {"strftime(replace(substr(x,1,20000),'a','%j'),'now')", 300, false},
    {"printf(replace(substr(x,1,15000),'a','%.0s'))", 300, true},
    {"printf('%1000.1000f%1000.1000f',1e308,1e-300)", 600, true},
    {"trim(x,printf('%.199c','b')||'a')", 600, true},
    {"upper(x)", 300, true},
    {"hex(substr(x,1,30000))", 300, true},
    {"(x COLLATE NOCASE=upper(x))", 300, true},
    {"~d", 2400, true},
    {"date('2026-01-01',d||' days')", 300, true},
    {"round(d,30)", 1200, true},
    {"cast(d AS real)", 2000, true},
    {"d%d", 2000, true},
};

static const char *straight_line(struct arena *a, const char *expression, int times) {
    struct buf sql;
    buf_init(&sql, a);
    for (int k = 0; k < times; k++) {
        buf_puts(&sql, k == 0 ? "SELECT max(" : k % 60 == 0 ? "),max(" : ",");
        buf_puts(&sql, expression);
    }
    buf_puts(&sql, ",0) FROM (SELECT " LETTERS("a", 60) " x, " LETTERS(
                       "a", 30) "||'b' y, "
                                "'1'||" LETTERS("7", 60) "||'' d UNION ALL SELECT 1,2,3 WHERE 0)");
    return buf_text(&sql);
}

static void test_straight_lines(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    for (size_t i = 0; i < COUNT_OF(straight); i++) {
        struct lab_answer answer = fixture_sql(
            *state, &w, straight_line(*state, straight[i].expression, straight[i].times));
        if (answer.status != 200 && !answer.cut && straight[i].cut)
            fail_msg("“%s”: %.200s", straight[i].expression, answer.body);
        if (!str_eq(answer.cut, "time")) continue;
        worker_end(&w); /* the watch has ended it */
        w = fixture_worker(*state, s, CHOICE, 11);
    }
    worker_end(&w);
}

/* RULE lab-watch: processor time is up. No query is known that gets there, so one that is at work
 * is told so from outside. Its worker says what has happened, as the record will have it, and is
 * gone. */
static void test_a_watched_query(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer before = fixture_sql(*state, &w, "SELECT 1"), answer;
    char *text;
    size_t len;
    unsigned operation;
    const char *endless =
        "{\"kind\":\"sql\",\"sql\":\"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL "
        "SELECT i + 1 FROM n) SELECT max(i) FROM n\"}";
    int64_t end_ms = clock_monotonic_ms() + 10000;
    if (w.pid_fd < 0) skip();
    assert_true(wire_send(w.fd, WIRE_STEP, endless, strlen(endless), end_ms));
    usleep(30000);
    assert_int_equal(syscall(SYS_pidfd_send_signal, w.pid_fd, SIGPROF, NULL, 0), 0);
    assert_true(wire_receive(w.fd, &operation, &text, &len, 10000, *state, end_ms));
    assert_int_equal(operation, WIRE_FINE);
    assert_string_equal(
        text,
        arena_printf(*state,
                     "{\"status\":422,\"type\":\"application/json\",\"now_ms\":%lld,\"step\":%lld,"
                     "\"refused\":true,\"cut\":\"time\",\"headers\":[]}",
                     (long long)before.now_ms, (long long)before.step + 1));
    assert_non_null(strstr(text + strlen(text) + 1, "{\"error\":\"The query took too long"));
    assert_int_equal(client_step(&w, "{\"kind\":\"sql\",\"sql\":\"SELECT 1\"}", *state, &answer),
                     ERR_IO);
    worker_end(&w);
}

static _Noreturn void burn(int fd, int64_t cpu_ms, bool stopped, struct arena *a) {
    struct buf words;
    buf_init(&words, a);
    buf_puts(&words, "late");
    watchdog_prepare();
    watchdog_start(cpu_ms, fd, &words);
    if (stopped) watchdog_stop();
    int64_t end = clock_monotonic_ms() + 5000;
    while (clock_monotonic_ms() < end && (!stopped || clock_monotonic_ms() < end - 4700)) continue;
    _exit(7);
}

/* It counts the time that the process works; stopped, it does nothing. */
static void test_the_watch(void **state) {
    for (int stopped = 0; stopped < 2; stopped++) {
        int ends[2], status;
        unsigned operation;
        char *text;
        size_t len;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        pid_t child = fork();
        if (child == 0) burn(ends[1], 100, stopped, *state);
        close(ends[1]);
        bool said = wire_receive(ends[0], &operation, &text, &len, 100, *state,
                                 clock_monotonic_ms() + 5000);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(said, !stopped);
        assert_int_equal(WEXITSTATUS(status), stopped ? 7 : 0);
        if (said) assert_string_equal(text, "late");
        close(ends[0]);
    }
}

/* RULE lab-function: what takes the place of SQLite's own functions answers as they do, up to its
 * limits. The expectations are what sqlite3 3.40.1 prints. */
static const struct {
    const char *sql, *want;
} functions[] = {
    {"printf('%d|%5d|%-5d|%05d|%+d', 1, 2, 3, 4, 5)", "1|    2|3    |00004|+5"},
    {"printf('%,d', 1234567)", "1,234,567"},
    {"format('%.2f|%8.3f|%e', 2.006, 3.14159, 12345.678)", "2.01|   3.142|1.234568e+04"},
    {"printf('%s|%10s|%-10s|%.2s', 'a', 'b', 'c', 'defg')", "a|         b|c         |de"},
    {"printf('%c|%.3c|%4c|%-4c|', 'xyz', 'ab', 'c', 'd')", "x|aaa|   c|d   |"},
    {"printf('%q|%Q|%w', 'it''s', 'it''s', 'a\"b')", "it''s|'it''s'|a\"\"b"},
    {"printf('%x|%X|%o|%#x|%u', 255, 255, 8, 255, 7)", "ff|FF|10|0xff|7"},
    {"printf('%lld|%li', 9007199254740993, 5)", "9007199254740993|5"},
    {"printf('%*d|%-*d|%.*f', 4, 1, 4, 2, 1, 2.56)", "   1|2   |2.6"},
    {"printf('100%%')", "100%"},
    {"printf('%s|%d', NULL, NULL)", "|0"},
    {"printf('%s')", ""},
    {"printf('%Q', NULL)", "NULL"},
    {"length(printf('%1000d', 1))", "1000"},
    {"length(printf('%.1000c', 'x'))", "1000"},
    {"coalesce(printf(NULL), 'none')", "none"},
    {"printf('é%3s', 'ü')", "é ü"},
    {"'[' || trim('  a b  ') || ']'", "[a b]"},
    {"'[' || ltrim('  a ') || '|' || rtrim(' a  ') || ']'", "[a | a]"},
    {"trim('xxaxbxx', 'x')", "axb"},
    {"trim('éüaéü', 'üé')", "a"},
    {"trim('abc', '')", "abc"},
    {"trim('aaa', 'a') || '.'", "."},
    {"coalesce(trim(NULL), trim('a', NULL), 'none')", "none"},
    {"rtrim('2.500', '0')", "2.5"},
    {"instr('abcabc', 'ca') || instr('abc', 'x') || instr('abc', '') || instr('', 'a')", "3010"},
    {"instr('äöü', 'ü') || instr('äöü', 'öü') || instr(12345, 34) || instr('aab', 'ab')", "3232"},
    {"coalesce(instr(NULL, 'a'), instr('a', NULL), 'none')", "none"},
    {"instr(x'61c3a4', x'a4') || instr('a' || 'ä', x'a4') || instr(x'c3a4', 'ä')", "301"},
    {"replace('aaa', 'aa', 'b') || replace('abc', '', 'x') || replace('abab', 'b', '')", "baabcaa"},
    {"replace('äöä', 'ä', 'xyz') || replace(1212, 1, 'z')", "xyzöxyzz2z2"},
    {"coalesce(replace(NULL, 'a', 'b'), replace('a', NULL, 'b'), replace('a', 'a', NULL), 'none')",
     "none"},
    {"typeof(replace(5, '', 'x')) || typeof(replace(5, '4', 'x'))", "integertext"},
    {"('ABC' LIKE 'a%') || ('ABC' LIKE '_b_') || ('abc' LIKE 'b%') || ('Ä' LIKE 'ä')", "1100"},
    {"('a%c' LIKE 'a!%c' ESCAPE '!') || ('abc' LIKE 'a!%c' ESCAPE '!') || (12 LIKE '1_')", "101"},
    {"coalesce(NULL LIKE 'a', 'a' LIKE NULL, 'a' LIKE 'a' ESCAPE NULL, 'none')", "none"},
    {"('abc' GLOB 'a*') || ('abc' GLOB 'A*') || ('abc' GLOB 'a[a-c]?') || ('abc' GLOB '*[^c]')",
     "1010"},
    {"coalesce(NULL GLOB 'a', 'none')", "none"},
    {"strftime('%Y-%m-%d', '2026-03-04', '+1 month', 'start of month')", "2026-04-01"},
    {"strftime('%H:%M', 'now') || strftime('%s', '1970-01-02')", "08:0086400"},
    {"coalesce(strftime('%Y', 'no date'), strftime(NULL, 'now'), 'none')", "none"},
    {"length(trim('x' || printf('%.300c', 'y'), printf('%.200c', 'x')))", "300"},
};

static void test_functions(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        struct lab_answer answer = fixture_sql(
            *state, &w, arena_printf(*state, "SELECT (%s) || ''", functions[i].sql));
        if (answer.status != 200) fail_msg("%s: %s", functions[i].sql, answer.body);
        json_t *rows = json_object_get(fixture_json(*state, &answer), "rows");
        assert_string_equal(json_string_value(json_array_get(json_array_get(rows, 0), 0)),
                            functions[i].want);
    }
    /* One beyond the limits above. */
    assert_int_equal(fixture_sql(*state, &w, "SELECT printf('%1001d', 1)").status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT printf('%.1001c', 'x')").status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT trim('x', printf('%.201c', 'x'))").status,
                     422);
    assert_int_equal(
        fixture_sql(*state, &w, "SELECT strftime(printf('%.197c', 'x'), 'now')").status, 200);
    assert_int_equal(
        fixture_sql(*state, &w, "SELECT strftime(printf('%.198c', 'x'), 'now')").status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT 'x' LIKE 'x' ESCAPE '%'").status, 422);
    worker_end(&w);
}

/* Nesting and length: an expression of 200 levels, 30 compound selects, a statement of 100 KB. */
static void test_limits(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct buf deep, wide, longer;
    buf_init(&deep, *state);
    buf_init(&wide, *state);
    buf_init(&longer, *state);
    buf_puts(&deep, "SELECT ");
    for (int i = 0; i < 200; i++) buf_puts(&deep, "(1+");
    buf_puts(&deep, "1");
    for (int i = 0; i < 200; i++) buf_puts(&deep, ")");
    buf_puts(&wide, "SELECT 1");
    for (int i = 0; i < 30; i++) buf_puts(&wide, " UNION SELECT 2");
    buf_puts(&longer, "SELECT '");
    for (int i = 0; i < 100000; i++) buf_putc(&longer, 'x');
    buf_puts(&longer, "'");
    assert_int_equal(fixture_sql(*state, &w, buf_text(&deep)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, buf_text(&wide)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, buf_text(&longer)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT 1").status, 200);
    worker_end(&w);
}

/* Time in SQL is the run's, not the machine's; it does not move by itself. */
static void test_time_is_the_runs(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(*state, &w,
                                           "SELECT datetime('now'), strftime('%s', 'now') * 1");
    assert_non_null(strstr(answer.body, "2026-03-02 08:00:00"));
    fixture_step(*state, &w, "{\"advance_ms\":3600000,\"kind\":\"clock\"}");
    answer = fixture_sql(*state, &w, "SELECT datetime('now')");
    assert_non_null(strstr(answer.body, "2026-03-02 09:00:00"));
    worker_end(&w);
}

/* 500 rows of 100 long cells would be 100 MB: the rows end with the first MB. */
static void test_wide_results_are_cut(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct buf sql;
    buf_init(&sql, *state);
    buf_puts(&sql, "SELECT ");
    for (int i = 0; i < 100; i++) {
        if (i) buf_putc(&sql, ',');
        buf_puts(&sql, LONG);
    }
    buf_puts(&sql, " FROM crm_contact");
    struct lab_answer answer = fixture_sql(*state, &w, buf_text(&sql));
    assert_int_equal(answer.status, 200);
    assert_true(answer.body_len > 1024 * 1024 && answer.body_len < 2 * 1024 * 1024);
    assert_true(json_is_true(json_object_get(fixture_json(*state, &answer), "truncated")));
    worker_end(&w);
}

static void test_long_results_are_cut(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(
        *state, &w, "SELECT a.id FROM crm_contact a, crm_contact b LIMIT 5000");
    json_t *result = fixture_json(*state, &answer);
    assert_int_equal(json_array_size(json_object_get(result, "rows")), 500);
    assert_true(json_is_true(json_object_get(result, "truncated")));
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_reads_both_systems),
                                       TEST(test_attempts),
                                       TEST(test_known_faults),
                                       TEST(test_heavy_queries_are_cut_off),
                                       TEST(test_straight_lines),
                                       TEST(test_a_watched_query),
                                       TEST(test_the_watch),
                                       TEST(test_functions),
                                       TEST(test_limits),
                                       TEST(test_time_is_the_runs),
                                       TEST(test_wide_results_are_cut),
                                       TEST(test_long_results_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
