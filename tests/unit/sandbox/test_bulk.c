/* What dialects do with more than one record at once: bulk jobs, composite calls; and the feed of
 * what was deleted. */
#include "unit/lab/lab_stacks.h"

#define CONTACTS "/desk/v3/tables/Contact"
#define JOBS "/desk/v3/ingest"
#define IMPORTS "/v1/imports"

static void pass(struct arena *a, struct worker *w, int64_t ms) {
    fixture_step(a, w, arena_printf(a, "{\"advance_ms\":%lld,\"kind\":\"clock\"}", (long long)ms));
}

static struct lab_answer call(struct arena *a, struct worker *w, const char *method,
                              const char *path, const char *body) {
    return fixture_call(a, w, "crm", method, path, NULL, body);
}

static void expect(struct arena *a, struct worker *w, const char *method, const char *path,
                   const char *body, int status, const char *words) {
    struct lab_answer answer = call(a, w, method, path, body);
    fixture_expect(&answer, status, words);
}

static int64_t count(struct arena *a, struct worker *w, const char *sql) {
    return strtoll(fixture_cell(a, w, sql), NULL, 10);
}

/* A job of the first dialect, which takes CSV; its path. */
static const char *open_job(struct arena *a, struct worker *w, const char *table,
                            const char *deed) {
    struct lab_answer made = call(a, w, "POST", JOBS,
                                  arena_printf(a, "{'Table':'%s','Deed':'%s'}", table, deed));
    fixture_expect(&made, 201, "\"State\":\"Open\"");
    return arena_printf(a, JOBS "/%s",
                        json_string_value(json_object_get(fixture_json(a, &made), "Id")));
}

static const char *below(struct arena *a, const char *job, const char *last) {
    return arena_printf(a, "%s/%s", job, last);
}

/* A header and so many equal rows. */
static const char *sheet(struct arena *a, const char *header, const char *row, int rows) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "%s\n", header);
    for (int i = 0; i < rows; i++) buf_printf(&b, "%s\n", row);
    return buf_text(&b);
}

/* ---- Bulk jobs ------------------------------------------------------------------------------ */
/* The whole way of a job; the state's hash at its end. */
static const char *whole_job(struct arena *a, struct worker *w) {
    const char *hash, *job = open_job(a, w, "Contact", "insert");
    expect(a, w, "PUT", below(a, job, "sheets"), sheet(a, "FamilyName,NoMail", "Ada,true", 150),
           200, "\"RowsIn\":150");
    expect(a, w, "PUT", below(a, job, "sheets"),
           arena_printf(a, "%s,no\nBea,maybe\n",
                        sheet(a, "FamilyName,NoMail,Email", "Bea,,b@x.example", 98)),
           400, "BODY_UNREADABLE");
    expect(a, w, "PUT", below(a, job, "sheets"),
           arena_printf(a, "%s,,c@x.example\nCea,maybe,\n",
                        sheet(a, "FamilyName,NoMail,Email", "Bea,,b@x.example", 98)),
           200, "\"RowsIn\":250");
    expect(a, w, "POST", below(a, job, "seal"), NULL, 200, "\"State\":\"Closed\"");
    expect(a, w, "GET", below(a, job, "kept"), NULL, 400, "JOB_NOT_IN_STATE");
    assert_int_equal(count(a, w, "SELECT count(*) FROM crm_contact"), 0);
    pass(a, w, 20000);
    expect(a, w, "GET", job, NULL, 200, "\"State\":\"AtWork\"");
    assert_int_equal(count(a, w, "SELECT count(*) FROM crm_contact"), 200);
    pass(a, w, 20000);
    expect(a, w, "GET", job, NULL, 200,
           "\"State\":\"Complete\",\"RowsIn\":250,\"RowsKept\":248,\"RowsRefused\":2");
    assert_int_equal(client_hash(w, a, &hash), OK);
    return hash;
}

/* RULE lab-slice, RULE lab-same-bytes: a job does the same each time. */
static void test_a_job_is_done_in_slices_and_tells_of_each_row(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia"),
                  again = worker_of_dialect(a, "crm", "aurelia");
    assert_string_equal(whole_job(a, &w), whole_job(a, &again));
    const char *job = arena_printf(a, JOBS "/%s", fixture_cell(a, &w, "SELECT id FROM sim_bulk"));
    struct lab_answer refused = call(a, &w, "GET", below(a, job, "refused"), NULL);
    fixture_expect(&refused, 200, "{\"RowNumber\":249,\"Row\":\"{");
    fixture_expect(&refused, 200, "COLUMN_IS_EMPTY\",\"fields\":[\"FamilyName\"]");
    fixture_expect(&refused, 200, "WORD_NOT_ON_LIST\",\"fields\":[\"NoMail\"]");
    refused = fixture_call(a, &w, "crm", "GET", below(a, job, "kept"), "limit=2&offset=247", NULL);
    fixture_expect(&refused, 200, "{\"Overall\":248,\"Rows\":[{\"RowNumber\":248,");
    fixture_expect(&refused, 200, "\"Following\":null");
    /* One cause, and all that came of it. */
    assert_int_equal(count(a, &w,
                           "SELECT count(*) FROM event WHERE kind = 'record.created' AND human = 1 "
                           "AND cause = (SELECT seq FROM event WHERE kind = 'bulk.closed')"),
                     248);
    assert_int_equal(count(a, &w,
                           "SELECT count(*) FROM event WHERE kind = 'bulk.finished' AND cause = "
                           "(SELECT seq FROM event WHERE kind = 'bulk.closed')"),
                     1);
    worker_end(&again);
    worker_end(&w);
}

/* RULE lab-bulk-limit, on both sides of each edge; RULE lab-bulk-closed. */
static void test_a_job_has_limits(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    const char *job = open_job(a, &w, "Contact", "remove"), *rows = below(a, job, "sheets");
    expect(a, &w, "PUT", rows, sheet(a, "Id", "x", 10001), 400, "10000 is the most");
    expect(a, &w, "GET", job, NULL, 200, "\"RowsIn\":0");
    expect(a, &w, "PUT", rows, sheet(a, "Id", "x", 9999), 200, "\"RowsIn\":9999");
    expect(a, &w, "PUT", rows, "Id\nx\nx\n", 400, "10000 is the most");
    expect(a, &w, "PUT", rows, "Id\nx\n", 200, "\"RowsIn\":10000");
    char *bytes = NEW_ARRAY(a, char, 40002);
    memset(bytes, 'x', 40001);
    memcpy(bytes, "Id\n", 3);
    expect(a, &w, "PUT", rows, bytes, 400, "40000 is the most");
    job = open_job(a, &w, "Contact", "remove");
    bytes[40000] = '\0';
    expect(a, &w, "PUT", below(a, job, "sheets"), bytes, 200, "\"RowsIn\":1");
    for (int i = 1; i < 40; i++) {
        if (i % 20 == 0) pass(a, &w, 20000);
        expect(a, &w, "PUT", below(a, job, "sheets"), "Id\nx\n", 200, NULL);
    }
    expect(a, &w, "PUT", below(a, job, "sheets"), "Id\nx\n", 400, "40 is the most");
    pass(a, &w, 20000);
    open_job(a, &w, "Contact", "insert");
    expect(a, &w, "POST", JOBS, "{'Table':'Contact','Deed':'insert'}", 400, "3 is the most");
    /* One that is dropped makes room. */
    expect(a, &w, "DELETE", job, NULL, 204, NULL);
    expect(a, &w, "GET", job, NULL, 404, "NOTHING_HERE");
    job = open_job(a, &w, "Contact", "insert");
    expect(a, &w, "POST", below(a, job, "seal"), NULL, 200, NULL);
    expect(a, &w, "PUT", below(a, job, "sheets"), "FamilyName\nAda\n", 400, "Closed");
    expect(a, &w, "POST", below(a, job, "seal"), NULL, 400, "Closed");
    expect(a, &w, "DELETE", job, NULL, 400, "Closed");
    pass(a, &w, 20000);
    expect(a, &w, "GET", job, NULL, 200, "\"State\":\"Complete\"");
    worker_end(&w);
}

static void test_a_job_is_asked_for_in_the_dialects_words(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    static const struct {
        const char *body, *words;
    } bad[] = {
        {NULL, "BODY_UNREADABLE"},
        {"", "BODY_UNREADABLE"},
        {"{", "BODY_UNREADABLE"},
        {"[]", "BODY_UNREADABLE"},
        {"{}", "COLUMN_IS_EMPTY"},
        {"{'Table':'Contact'}", "COLUMN_IS_EMPTY"},
        {"{'Table':3,'Deed':'insert'}", "WORD_NOT_ON_LIST"},
        {"{'Table':null,'Deed':'insert'}", "WORD_NOT_ON_LIST"},
        {"{'Table':'Contact','Deed':['insert']}", "WORD_NOT_ON_LIST"},
        {"{'Table':'contact','Deed':'insert'}", "WORD_NOT_ON_LIST"},
        {"{'Table':'Contact','Deed':'create'}", "WORD_NOT_ON_LIST"},
        {"{'Table':'Contact','Deed':'insert','x':1}", "NO_SUCH_COLUMN"},
        /* RULE lab-verbs: what the object does not have is none of a job's. */
        {"{'Table':'Routing Rule','Deed':'remove'}", "WORD_NOT_ON_LIST"},
        {"{'Table':'Assignment','Deed':'insert'}", "WORD_NOT_ON_LIST"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        expect(a, &w, "POST", JOBS, bad[i].body, 400, bad[i].words);
    const char *job = open_job(a, &w, "Contact", "change"), *rows = below(a, job, "sheets");
    static const char *const parts[][2] = {
        {"", "BODY_UNREADABLE"},
        {"Id,given_name\nx,y\n", "NO_SUCH_COLUMN"},
        {"GivenName\nx\n", "COLUMN_IS_EMPTY"},
        {"Id,GivenName,GivenName\nx,y,z\n", "WORD_NOT_ON_LIST"},
        {"Id,GivenName\nx\n", "BODY_UNREADABLE"},
        {"Id,GivenName\n\"x", "BODY_UNREADABLE"},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        expect(a, &w, "PUT", rows, parts[i][0], 400, parts[i][1]);
    pass(a, &w, 20000);
    expect(a, &w, "GET", job, NULL, 200, "\"RowsIn\":0");
    expect(a, &w, "GET", JOBS, NULL, 200, "\"Overall\":1");
    for (size_t i = 0; i < 2; i++) {
        struct lab_answer answer = call(a, &w, i ? "POST" : "P", rows, "Id\nx\n");
        fixture_expect(&answer, 405, NULL);
        assert_string_equal(fixture_header(&answer, "Allow"), "PUT");
    }
    expect(a, &w, "GET", JOBS "/AU-1", NULL, 404, NULL);
    expect(a, &w, "GET", below(a, job, "sheet"), NULL, 404, NULL);
    worker_end(&w);
}

static const char *import(struct arena *a, struct worker *w, const char *action) {
    struct lab_answer made = call(a, w, "POST", IMPORTS,
                                  arena_printf(a, "{'kind':'Person','action':'%s'}", action));
    fixture_expect(&made, 201, "\"status\":\"open\"");
    return arena_printf(a, IMPORTS "/%s",
                        json_string_value(json_object_get(
                            json_object_get(fixture_json(a, &made), "import"), "id")));
}

/* The other form: JSON, an object a line, in one part. A system that is down does nothing. */
static void test_lines_are_done_when_the_system_is_back(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "boreal");
    struct lab_answer made = call(a, &w, "POST", "/v1/people", "{'family_name':'Ada'}");
    const char *id = json_string_value(json_object_get(fixture_json(a, &made), "id")),
               *job = import(a, &w, "update");
    expect(a, &w, "POST", below(a, job, "lines"),
           arena_printf(a,
                        "{'id':'%s','heat':7}\r\n\n{'id':'%s','heat':'7'}\n{'heat':7}\n[]\n{\n"
                        "{'id':'nobody'}\n{'id':'%s','warmth':1}",
                        id, id, id),
           200, "\"lines\":7");
    expect(a, &w, "POST", below(a, job, "lines"), "{}", 413, "limit here is 1");
    expect(a, &w, "POST", below(a, job, "start"), NULL, 200, "queued");
    fixture_step(
        a, &w,
        "{\"fault\":{\"for\":\"2h\",\"kind\":\"outage\",\"on\":\"crm\"},\"kind\":\"chaos\"}");
    pass(a, &w, 3600000);
    assert_int_equal(count(a, &w, "SELECT done + failed FROM sim_bulk"), 0);
    pass(a, &w, 3600000);
    expect(a, &w, "GET", job, NULL, 200, "\"status\":\"done\",\"lines\":7,\"written\":1");
    struct lab_answer refused = call(a, &w, "GET", below(a, job, "rejected"), NULL);
    static const char *const words[] = {"{\"line\":2,\"error\":{\"code\":\"invalid_value\"",
                                        "{\"line\":3,\"error\":{\"code\":\"missing_field\"",
                                        "{\"line\":4,\"error\":{\"code\":\"malformed_body\"",
                                        "{\"line\":5,\"error\":{\"code\":\"malformed_body\"",
                                        "{\"line\":6,\"error\":{\"code\":\"not_found\"",
                                        "{\"line\":7,\"error\":{\"code\":\"unknown_field\""};
    for (size_t i = 0; i < COUNT_OF(words); i++) fixture_expect(&refused, 200, words[i]);
    expect(a, &w, "GET", arena_printf(a, "/v1/people/%s", id), NULL, 200, "\"heat\":7");
    worker_end(&w);
}

/* RULE lab-bulk-room: refused rows are kept with their text; the oldest job that is finished makes
 * room for the newest. */
static void test_the_oldest_jobs_make_room(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    char *row = NEW_ARRAY(a, char, 39001);
    const char *jobs[6];
    memset(row, 'x', 39000);
    const char *part = arena_printf(a, "FamilyName\n%s\n", row);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = open_job(a, &w, "Contact", "insert");
        for (int k = 0; k < 40; k++) {
            if (k % 20 == 0) pass(a, &w, 20000);
            expect(a, &w, "PUT", below(a, jobs[i], "sheets"), part, 200, NULL);
        }
        expect(a, &w, "POST", below(a, jobs[i], "seal"), NULL, 200, NULL);
        pass(a, &w, 20000);
    }
    int64_t bytes = count(a, &w, "SELECT sum(bytes) FROM sim_bulk");
    assert_true(bytes > (int64_t)12 << 20 && bytes <= (int64_t)20 << 20);
    expect(a, &w, "GET", jobs[0], NULL, 404, NULL);
    expect(a, &w, "GET", jobs[5], NULL, 200, "\"RowsRefused\":40");
    assert_int_equal(count(a, &w, "SELECT count(*) FROM sim_bulk_row WHERE job = 1"), 0);
    worker_end(&w);
}

/* ---- Composite calls ------------------------------------------------------------------------ */
#define STEP "{'Verb':'POST','Address':'" CONTACTS "','Row':{'FamilyName':'Ada'}}"
#define BAD_STEP "{'Verb':'POST','Address':'" CONTACTS "','Row':{}}"

static const char *steps(struct arena *a, const char *step, int n) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{'Steps':[");
    for (int i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? "," : "", step);
    buf_puts(&b, "]}");
    return buf_text(&b);
}

/* RULE lab-composite-all. */
static void test_all_or_none_or_each_by_itself(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    const char *contacts = "SELECT count(*) FROM crm_contact",
               *created = "SELECT count(*) FROM event WHERE kind = 'record.created'";
    struct lab_answer answer = call(a, &w, "POST", "/desk/v3/together",
                                    "{'AllOrNone':true,'Steps':[" STEP "," BAD_STEP "," STEP "]}");
    fixture_expect(&answer, 200, "{\"Steps\":[{\"Status\":400,\"Answer\":[{\"message\":\"Another");
    fixture_expect(&answer, 200, "COLUMN_IS_EMPTY");
    assert_true(answer.refused);
    assert_int_equal(count(a, &w, contacts), 0);
    assert_int_equal(count(a, &w, created), 0);
    assert_int_equal(count(a, &w, "SELECT count(*) FROM event WHERE kind = 'api.undone'"), 1);
    answer = call(a, &w, "POST", "/desk/v3/together",
                  "{'AllOrNone':false,'Steps':[" STEP "," BAD_STEP "," STEP "]}");
    fixture_expect(&answer, 200, "{\"Steps\":[{\"Status\":201,");
    fixture_expect(&answer, 200, "COLUMN_IS_EMPTY");
    assert_false(answer.refused);
    assert_int_equal(count(a, &w, contacts), 2);
    answer = call(a, &w, "POST", "/desk/v3/together",
                  "{'AllOrNone':true,'Steps':[" STEP "," STEP "]}");
    fixture_expect(&answer, 200, "\"Status\":201");
    assert_int_equal(count(a, &w, contacts), 4);
    assert_int_equal(count(a, &w,
                           "SELECT count(*) FROM event e JOIN event c ON c.seq = e.cause WHERE "
                           "e.kind = 'record.created' AND c.kind = 'api.composite'"),
                     4);
    /* One sees what those before it did; a call of its own is another thing than a step. */
    answer = call(a, &w, "POST", "/desk/v3/together",
                  "{'Steps':[{'Verb':'GET','Address':'" CONTACTS "?limit=1&columns=Id'},"
                  "{'Verb':'DELETE','Address':'" CONTACTS "/nobody'}]}");
    fixture_expect(&answer, 200, "{\"Status\":200,\"Answer\":{\"Overall\":4,");
    fixture_expect(&answer, 200, "{\"Status\":404,");
    worker_end(&w);
}

/* RULE lab-composite-limit. */
static void test_what_a_composite_call_refuses(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    expect(a, &w, "POST", "/desk/v3/together", steps(a, STEP, 25), 200, "\"Status\":201");
    expect(a, &w, "POST", "/desk/v3/together", steps(a, STEP, 26), 400, "25 is the most");
    expect(a, &w, "POST", "/desk/v3/together", steps(a, STEP, 1000), 400, "25 is the most");
    assert_int_equal(count(a, &w, "SELECT count(*) FROM crm_contact"), 25);
    static const char *const nested[] = {"/desk/v3/together", JOBS, JOBS "/x/seal"};
    for (size_t i = 0; i < COUNT_OF(nested); i++) {
        struct lab_answer answer = call(
            a, &w, "POST", "/desk/v3/together",
            steps(a, arena_printf(a, "{'Verb':'POST','Address':'%s'}", nested[i]), 1));
        fixture_expect(&answer, 200, "NOT_IN_A_STEP");
        assert_true(answer.refused);
    }
    static const char *const bad[][2] = {
        {NULL, "BODY_UNREADABLE"},
        {"[]", "BODY_UNREADABLE"},
        {"{}", "COLUMN_IS_EMPTY"},
        {"{'Steps':[]}", "WORD_NOT_ON_LIST"},
        {"{'Steps':{}}", "WORD_NOT_ON_LIST"},
        {"{'Steps':[1]}", "WORD_NOT_ON_LIST"},
        {"{'Steps':[{}]}", "COLUMN_IS_EMPTY"},
        {"{'Steps':[{'Verb':'GET'}]}", "COLUMN_IS_EMPTY"},
        {"{'Steps':[{'Verb':1,'Address':'x'}]}", "WORD_NOT_ON_LIST"},
        {"{'Steps':[{'Verb':'GET','Address':[]}]}", "WORD_NOT_ON_LIST"},
        {"{'Steps':[{'Verb':'GET','Address':'x','If':1}]}", "NO_SUCH_COLUMN"},
        {"{'AllOrNone':'yes','Steps':[" STEP "]}", "WORD_NOT_ON_LIST"},
        {"{'All':true,'Steps':[" STEP "]}", "NO_SUCH_COLUMN"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        expect(a, &w, "POST", "/desk/v3/together", bad[i][0], 400, bad[i][1]);
    struct lab_answer answer = call(a, &w, "GET", "/desk/v3/together", NULL);
    fixture_expect(&answer, 405, NULL);
    assert_string_equal(fixture_header(&answer, "Allow"), "POST");
    worker_end(&w);
}

/* A composite call is made once with its key, as any other; and a token is for its steps. */
static void test_a_composite_call_is_made_once(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "boreal");
    const char *body = "{'calls':[{'method':'POST','path':'/v1/people','body':{'family_name':'A'}},"
                       "{'method':'POST','path':'/v1/people','body':{'family_name':'B'}}]}";
    for (int i = 0; i < 2; i++) {
        struct lab_answer answer = fixture_call_with(a, &w, "crm", "POST", "/v1/batch", NULL, body,
                                                     "once", "k");
        fixture_expect(&answer, 200, "{\"results\":[{\"status\":200,\"body\":{\"id\":");
    }
    assert_int_equal(count(a, &w, "SELECT count(*) FROM crm_contact"), 2);
    worker_end(&w);
    w = worker_of_dialect(a, "crm", "aurelia");
    fixture_step(a, &w, "{\"connector\":\"crm\",\"kind\":\"token\",\"scope\":\"desk.read\"}");
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "api",
                                             "connector", "crm", "method", "POST", "path",
                                             "/desk/v3/together", "body", "", "token", 1));
    static const char step[] = "{\"Steps\":[{\"Verb\":\"POST\",\"Address\":\"" CONTACTS
                               "\",\"Row\":{\"FamilyName\":\"A\"}},{\"Verb\":\"GET\",\"Address\":"
                               "\"" CONTACTS "\"}]}";
    json_object_set_new(action, "body", json_string(step));
    struct lab_answer answer = fixture_step(a, &w, json_text(a, action));
    fixture_expect(&answer, 200, "{\"Status\":403,\"Answer\":[{\"message\":\"This token lacks");
    fixture_expect(&answer, 200, "{\"Status\":200,");
    worker_end(&w);
}

/* ---- Deleted records ------------------------------------------------------------------------ */
static struct lab_answer removed(struct arena *a, struct worker *w, const char *since) {
    return fixture_call(a, w, "crm", "GET", "/desk/v3/removed/tables/Contact", since, NULL);
}

/* RULE lab-deleted-since, on both sides of each edge: the run's clock stands at 8:00 on 2 March,
 * and a call takes 180 milliseconds. */
static void test_a_feed_tells_what_was_deleted(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    const char *ids[3];
    for (int i = 0; i < 3; i++) {
        struct lab_answer made = call(a, &w, "POST", CONTACTS, "{'FamilyName':'Ada'}");
        ids[i] = json_string_value(json_object_get(fixture_json(a, &made), "Id"));
    }
    pass(a, &w, 10000 - 3 * 180 - 180);
    expect(a, &w, "DELETE", arena_printf(a, CONTACTS "/%s", ids[0]), NULL, 204, NULL); /* 8:00:10 */
    pass(a, &w, 10000 - 180);
    expect(a, &w, "POST", arena_printf(a, CONTACTS "/%s/merge", ids[1]),
           arena_printf(a, "{'AbsorbedId':'%s'}", ids[2]), 200, NULL); /* 8:00:20 */
    struct lab_answer answer = removed(a, &w, "removedFrom=2026-03-02T08:00:10Z");
    fixture_expect(&answer, 200, "{\"Overall\":2,");
    fixture_expect(
        &answer, 200,
        arena_printf(a, "{\"Id\":\"%s\",\"RemovedOn\":\"2026-03-02T08:00:10Z\"}", ids[0]));
    answer = removed(a, &w, "removedFrom=2026-03-02T08:00:11Z");
    fixture_expect(&answer, 200, "{\"Overall\":1,");
    fixture_expect(&answer, 200, ids[2]);
    answer = removed(a, &w, "removedFrom=2026-03-02T08:00:21Z");
    fixture_expect(&answer, 400, "WORD_NOT_ON_LIST"); /* it is 8:00:20 still */
    answer = removed(a, &w, "removedFrom=2036-03-02T08:00:21Z");
    fixture_expect(&answer, 400, "WORD_NOT_ON_LIST");
    pass(a, &w, 1000);
    answer = removed(a, &w, "removedFrom=2026-03-02T08:00:21Z");
    fixture_expect(&answer, 200, "{\"Overall\":0,");
    answer = removed(a, &w, "removedFrom=2026-01-31T08:00:23Z"); /* thirty days back */
    fixture_expect(&answer, 200, "{\"Overall\":2,");
    answer = removed(a, &w, "removedFrom=2026-01-31T08:00:21Z");
    fixture_expect(&answer, 400, "WORD_NOT_ON_LIST");
    answer = removed(a, &w, "limit=1");
    fixture_expect(&answer, 200,
                   "\"Following\":\"/desk/v3/removed/tables/Contact?limit=1&offset=1\"");
    answer = removed(a, &w, "GivenName=Ada");
    fixture_expect(&answer, 400, "NO_SUCH_COLUMN");
    answer = removed(a, &w, "removedFrom=yesterday");
    fixture_expect(&answer, 400, "WORD_NOT_ON_LIST");
    expect(a, &w, "GET", "/desk/v3/removed/tables/Nothing", NULL, 404, NULL);
    expect(a, &w, "GET", "/desk/v3/removed", NULL, 404, NULL);
    expect(a, &w, "DELETE", "/desk/v3/removed/tables/Contact", NULL, 405, NULL);
    worker_end(&w);
}

/* ---- Verbs and scopes ----------------------------------------------------------------------- */
/* RULE lab-verbs, RULE lab-allow. */
static void test_what_an_object_does_not_do_is_told(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "crm", "aurelia");
    struct lab_answer made = call(a, &w, "POST", "/desk/v3/rules/Route",
                                  "{'RuleName':'N','SortOrder':1,'TargetTeam':'T'}");
    fixture_expect(&made, 201, NULL);
    const char *id = json_string_value(json_object_get(fixture_json(a, &made), "Id"));
    struct lab_answer answer = call(a, &w, "DELETE", arena_printf(a, "/desk/v3/rules/Route/%s", id),
                                    NULL);
    fixture_expect(&answer, 405, "NOT_DONE_HERE");
    assert_string_equal(fixture_header(&answer, "Allow"), "GET, PATCH");
    answer = call(a, &w, "PUT", "/desk/v3/rules/Route", NULL);
    assert_string_equal(fixture_header(&answer, "Allow"), "GET, POST");
    assert_int_equal(count(a, &w, "SELECT count(*) FROM crm_routing_rule"), 1);
    /* The other dialect of the same connector has it. */
    struct worker other = worker_of_dialect(a, "crm", "boreal");
    made = call(a, &other, "POST", "/v1/settings/routes", "{'title':'N','place':1,'squad':'T'}");
    id = json_string_value(json_object_get(fixture_json(a, &made), "id"));
    expect(a, &other, "DELETE", arena_printf(a, "/v1/settings/routes/%s", id), NULL, 204, NULL);
    worker_end(&other);
    worker_end(&w);
}

/* RULE lab-scope-hooks. */
static void test_webhooks_need_a_scope(void **state) {
    struct arena *a = *state;
    struct worker w = worker_of_dialect(a, "work", "benchwick");
    static const struct {
        const char *scope;
        int status;
    } tokens[] = {{"dockets:view dockets:lodge", 403}, {"dockets:bell", 200}};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        fixture_step(a, &w,
                     arena_printf(a, "{\"connector\":\"work\",\"kind\":\"token\",\"scope\":\"%s\"}",
                                  tokens[i].scope));
        struct lab_answer answer = fixture_step(
            a, &w,
            arena_printf(a,
                         "{\"connector\":\"work\",\"kind\":\"api\",\"method\":\"GET\",\"path\":"
                         "\"/benchwick/desk/seventh/bells\",\"token\":%zu}",
                         i + 1));
        fixture_expect(&answer, tokens[i].status, i ? NULL : "dockets:bell");
    }
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_job_is_done_in_slices_and_tells_of_each_row),
        TEST(test_a_job_has_limits),
        TEST(test_a_job_is_asked_for_in_the_dialects_words),
        TEST(test_lines_are_done_when_the_system_is_back),
        TEST(test_the_oldest_jobs_make_room),
        TEST(test_all_or_none_or_each_by_itself),
        TEST(test_what_a_composite_call_refuses),
        TEST(test_a_composite_call_is_made_once),
        TEST(test_a_feed_tells_what_was_deleted),
        TEST(test_what_an_object_does_not_do_is_told),
        TEST(test_webhooks_need_a_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
