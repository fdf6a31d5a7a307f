/* What authors write in XML and CSV, and what must not come in that way: entities, files, other
 * hosts. */
#include "unit/lab/lab_fixture.h"

#include "lab/lab.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

static struct diag_list diags;
static xmlDoc *parse(struct arena *a, const char *text) {
    diag_init(&diags, a);
    return lab_xml_parse("labs/x.xml", text, strlen(text), a, &diags);
}

static void test_entities_are_refused(void **state) {
    static const char *const texts[] = {
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]><a/>",
        "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
        "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]><l x=\"&d;\">&d;</l>",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_null(parse(*state, texts[i]));
        assert_int_equal(diags.errors, 1);
        assert_string_equal(diags.first->rule, "xml-doctype");
    }
}

static void test_include_is_not_followed(void **state) {
    xmlDoc *doc = parse(
        *state,
        "<a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"/etc/passwd\" parse=\"text\"/></a>");
    assert_non_null(doc);
    assert_string_equal(lab_xml_text(xmlDocGetRootElement(doc), *state), "");
}

static void test_places(void **state) {
    assert_null(parse(*state, "<a>\n  <b>\n  </c>\n</a>"));
    assert_true(diags.errors > 0);
    assert_int_equal(diags.first->line, 3);
    assert_true(diags.first->column > 0);
    assert_null(parse(*state, ""));
    assert_true(diags.errors > 0);
    assert_null(parse(*state, "no xml at all"));
    assert_true(diags.errors > 0);
}

static void test_bad_bytes_and_depth(void **state) {
    diag_init(&diags, *state);
    assert_null(lab_xml_parse("x", "<a>\xff\xfe</a>", 9, *state, &diags));
    assert_string_equal(diags.first->rule, "xml-utf8");
    diag_init(&diags, *state);
    assert_null(lab_xml_parse("x", "<a>\0</a>", 8, *state, &diags));
    struct buf b;
    buf_init(&b, *state);
    for (int i = 0; i < 5000; i++) buf_puts(&b, "<a>");
    assert_null(parse(*state, buf_text(&b)));
    assert_true(diags.errors > 0);
    char *large = arena_alloc(*state, LAB_XML_MAX + 2);
    memset(large, ' ', LAB_XML_MAX + 1);
    diag_init(&diags, *state);
    assert_null(lab_xml_parse("x", large, LAB_XML_MAX + 1, *state, &diags));
    assert_string_equal(diags.first->rule, "xml-size");
}

/* ---- The shipped files, broken on purpose --------------------------------------------------- */
static char *replaced(struct arena *a, const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    if (!at) fail_msg("“%s” is not in the file any more", from);
    return arena_printf(a, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void expect(struct arena *a, const char *file, const char *from, const char *to,
                   const char *rule, const char *words) {
    struct lab_scenario *s = fixture_scenario(a);
    struct lab_files files = s->files;
    struct lab_stack stack;
    bool found = false;
    for (int i = 0; i < files.count; i++)
        if (str_eq(files.file[i].name, file)) {
            files.file[i].text = replaced(a, files.file[i].text, from, to);
            files.file[i].len = strlen(files.file[i].text);
            found = true;
        }
    assert_true(found);
    diag_init(&diags, a);
    assert_false(lab_stack_read(&stack, &files, "field-mapping-dedupe", a, &diags));
    for (struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, rule) && strstr(d->message, words) && strstr(d->file, file)) {
            assert_true(d->line > 0);
            return;
        }
    fail_msg("no [%s] with “%s”; first: %s", rule, words,
             diags.first ? diags.first->message : "nothing");
}

static void test_mistakes_have_places(void **state) {
    expect(*state, "connectors/crm/boreal.xml",
           "<field id=\"phone\" as=\"phone\" title=\"Phone\"/>", "", "lab-missing",
           "contact.phone");
    expect(*state, "connectors/crm/boreal.xml", "id=\"phone\" as=\"phone\"",
           "id=\"telefax\" as=\"phone\"", "lab-unknown", "telefax");
    expect(*state, "connectors/crm/boreal.xml", "as=\"given_name\"", "as=\"email\"",
           "lab-duplicate", "email");
    expect(*state, "connectors/crm/boreal.xml", "<body of=\"page\">", "<body of=\"one\">",
           "lab-missing", "page");
    expect(*state, "connectors/crm/boreal.xml", "<body of=\"error\">", "<body of=\"error page\">",
           "lab-duplicate", "page");
    expect(*state, "connectors/map/heron.xml", "<body of=\"batch\">", "<body of=\"batch-created\">",
           "lab-missing", "“batch”");
    expect(*state, "connectors/map/heron.xml", "[{record}]", "[{records}]", "lab-body",
           "{records}");
    expect(*state, "connectors/crm/boreal.xml", "descending=\"-{field}\"",
           "descending=\"-{fields}\"", "lab-pattern", "{field}");
    expect(*state, "connectors/crm/boreal.xml", "{field}[{operator}]", "{field}[{field}]",
           "lab-pattern", "{operator}");
    expect(*state, "connectors/crm/boreal.xml", "of=\"not\" as=\"not\"", "of=\"not\" as=\"min\"",
           "lab-duplicate", "min");
    expect(*state, "connectors/crm/boreal.xml", "sort=\"order\"", "sort=\"sector\"",
           "lab-duplicate", "sector");
    expect(*state, "connectors/crm/boreal.xml", "since=\"edited_from\"", "since=\"order\"",
           "lab-duplicate", "order");
    /* RULE lab-next-page: a cursor that nobody tells. Its page may leave it to the header. */
    expect(*state, "connectors/map/heron.xml", ",\"bookmark\":{next}}", "}", "lab-missing",
           "leads on");
    /* “education” is no longer renamed, and the word of another value. */
    expect(*state, "connectors/crm/boreal.xml", "<value of=\"education\" as=\"schools\"/>",
           "<value of=\"government\" as=\"education\"/>", "lab-duplicate", "education");
    expect(*state, "connectors/crm/boreal.xml", "<error when=\"burst\"", "<error when=\"conflict\"",
           "lab-missing", "burst");
    expect(*state, "connectors/map/heron.xml", "connector=\"map\"", "connector=\"crm\"",
           "lab-unknown", "crm");
    expect(*state, "connectors/crm.xml", "<value>DE</value>", "<value>FR</value>", "lab-duplicate",
           "FR");
    expect(*state, "connectors/crm.xml", "id=\"job_title\"", "id=\"Job-Title\"", "lab-name", "a-z");
    expect(*state, "scenarios/field-mapping-dedupe/stack.xml", "is=\"map.lead\"", "is=\"map.leed\"",
           "lab-role", "map.leed");
    expect(*state, "scenarios/field-mapping-dedupe/stack.xml", "is=\"crm_id\"", "is=\"crm\"",
           "lab-role", "“crm”");
    expect(*state, "scenarios/field-mapping-dedupe/stack.xml", "kind=\"sync\"", "kind=\"sink\"",
           "lab-missing", "sink");
    expect(*state, "connectors/map.xml", "is=\"dedupe_job\"", "is=\"dedupe_jobs\"", "lab-role",
           "dedupe_jobs");
    expect(*state, "connectors/map.xml", "of=\"mapping_id.left_field\"", "of=\"mapping_id.left\"",
           "lab-of", "left_value");
    expect(*state, "kinds/dedupe.xml", "{rule.blanks}", "{rule.blank}", "lab-role", "{rule.blank}");
    expect(*state, "kinds/sync.xml", "<part id=\"frequency\"/>", "", "lab-role",
           "{setting.frequency}");
    expect(*state, "kinds/form.xml", "object=\"record\" key", "object=\"person\" key", "lab-role",
           "person");
    expect(*state, "scenarios/field-mapping-dedupe/stack.xml", "file=\"leads.csv\"",
           "file=\"lead.csv\"", "lab-missing", "lead.csv");
    expect(*state, "scenarios/field-mapping-dedupe/stack.xml", "<outage connector=\"crm\"",
           "<outage connector=\"erp\"", "lab-unknown", "erp");
    expect(*state, "scenarios/field-mapping-dedupe/leads.csv", "unsubscribed", "unsubscribd",
           "lab-unknown", "unsubscribd");
}

static void test_mistakes_in_traits(void **state) {
    /* A trait needs words for its problems. */
    expect(*state, "connectors/crm/boreal.xml", "<etag/>", "<etag required=\"true\"/>",
           "lab-missing", "unconditional");
    expect(*state, "connectors/crm/boreal.xml", "<error when=\"changed\"",
           "<error when=\"unconditional\"", "lab-missing", "changed");
    /* RULE lab-trait-path. */
    expect(*state, "connectors/crm/boreal.xml", "hooks path=\"/webhooks\"",
           "hooks path=\"/people\"", "lab-duplicate", "/people");
    expect(*state, "connectors/crm/boreal.xml", "hooks path=\"/webhooks\"",
           "hooks path=\"/people/hooks\"", "lab-duplicate", "/people/hooks");
    expect(*state, "connectors/crm/boreal.xml", "signature=\"v1={signature}\"",
           "signature=\"v1={mac}\"", "lab-pattern", "v1={mac}");
    expect(*state, "connectors/crm/boreal.xml", "log=\"deliveries\"", "log=\"rotate\"",
           "lab-duplicate", "rotate");
    expect(*state, "connectors/crm/boreal.xml", "<body of=\"hook\">", "<body of=\"one\">",
           "lab-body", "{object}");
    expect(*state, "connectors/crm/aurelia.xml", "of=\"contact account\"", "of=\"contact firm\"",
           "lab-unknown", "“firm”");
    expect(*state, "connectors/crm/aurelia.xml", "as=\"desk.rules\"", "as=\"desk.read\"",
           "lab-duplicate", "desk.read");
    /* RULE lab-scope-all: contacts cannot be written; then a single object is in no scope. */
    expect(*state, "connectors/crm/aurelia.xml", "as=\"desk.full\" to=\"read write\"",
           "as=\"desk.full\" to=\"read\"", "lab-missing", "No scope");
    expect(*state, "connectors/crm/aurelia.xml", "<error when=\"scope\"", "<error when=\"grant\"",
           "lab-missing", "scope");
    expect(*state, "connectors/crm/boreal.xml", "rotate=\"/key/rotation\"",
           "rotate=\"/people/key\"", "lab-duplicate", "/people/key");
}

static void test_schema(void **state) {
    size_t len;
    char *schema = file_read(*state, "labs/schema/dialect.rng", LAB_FILE_MAX, &len), *dialect;
    size_t size;
    dialect = file_read(*state, "labs/connectors/map/quillon.xml", LAB_FILE_MAX, &size);
    assert_non_null(schema);
    assert_non_null(dialect);
    xmlDoc *doc = parse(*state, dialect);
    assert_true(lab_xml_validate(doc, "labs/x.xml", schema, len, *state, &diags));
    doc = parse(*state, replaced(*state, dialect, "boolean=\"yes-no\"", "boolean=\"maybe\""));
    assert_false(lab_xml_validate(doc, "labs/x.xml", schema, len, *state, &diags));
    assert_true(diags.errors > 0);
    assert_string_equal(diags.first->rule, "schema");
    if (diags.first->line <= 1) fail_msg("line %d: %s", diags.first->line, diags.first->message);
}

/* Schemas are kept in their compiled form: each document is held against its own, also when there
 * are more of them than are kept, and a fault is found as often as it is looked for. */
static void test_schemas_are_not_mixed_up(void **state) {
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 40; i++) {
            char *own = arena_printf(*state, "<r x=\"%d\"/>", i),
                 *other = arena_printf(*state, "<r x=\"%d\"/>", i + 1);
            char *schema = arena_printf(
                *state,
                "<element name=\"r\" xmlns=\"http://relaxng.org/ns/structure/1.0\"><attribute "
                "name=\"x\"><value>%d</value></attribute></element>",
                i);
            xmlDoc *good = parse(*state, own), *bad = parse(*state, other);
            diag_init(&diags, *state);
            assert_true(lab_xml_validate(good, "x", schema, strlen(schema), *state, &diags));
            assert_int_equal(diags.errors, 0);
            assert_false(lab_xml_validate(bad, "x", schema, strlen(schema), *state, &diags));
            assert_int_equal(diags.errors, 1);
        }
}

static const char grammar[] =
    "<element name=\"r\" xmlns=\"http://relaxng.org/ns/structure/1.0\"><interleave>"
    "<zeroOrMore><element name=\"a\"><attribute name=\"x\"/><zeroOrMore><element name=\"b\"><choice>"
    "<attribute name=\"y\"><value>1</value></attribute><attribute name=\"z\"/></choice></element></zeroOrMore></element></zeroOrMore>"
    "<optional><element name=\"c\"><empty/></element></optional></interleave></element>";

/* Each fault at its own line, and nothing else. */
static void test_faults_have_lines(void **state) {
    static const struct {
        const char *text;
        int lines[4];
    } cases[] = {
        {"<r>\n<a x='1'>\n<b y='1'/>\n<b y='2'/>\n<b z='3'/>\n</a>\n<c/>\n</r>", {4}},
        {"<r>\n<a x='1'>\n<b y='1'/>\n<b y='2'/>\n</a>\n<a x='1'>\n<b/>\n<b y='1'/></a></r>",
         {4, 7}},
        {"<r>\n<a x='1'>\n<b y='2'/></a></r>", {3}},
        {"<r>\n<a x='1'/>\n<a/>\n<a x='1'/>\n</r>", {3}},
        {"<r>\n<a x='1'/>\n<a x='1'/>\n<d/>\n<c/></r>", {4}},
        {"<q/>", {1}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        xmlDoc *doc = parse(*state, cases[i].text);
        assert_non_null(doc);
        xmlChar *before, *after;
        int size;
        xmlDocDumpMemory(doc, &before, &size);
        assert_false(lab_xml_validate(doc, "x", grammar, strlen(grammar), *state, &diags));
        const struct diag *d = diags.first;
        int n = 0;
        for (; d; d = d->next, n++)
            if (n == 4 || d->line != cases[i].lines[n])
                fail_msg("case %zu: line %d: %s", i, d->line, d->message);
        if (cases[i].lines[n])
            fail_msg("case %zu: line %d is not found: %d %s", i, cases[i].lines[n],
                     diags.first->line, diags.first->message);
        xmlDocDumpMemory(doc, &after, &size);
        /* What was tried out has left no trace. */
        assert_string_equal((const char *)before, (const char *)after);
        xmlFree(before);
        xmlFree(after);
    }
}

static void test_csv(void **state) {
    static const struct {
        const char *text;
        int rows, columns, errors; /* rows -1: it cannot be read, which is one error */
    } cases[] = {
        {"a,b\n1,2\n", 1, 2, 0},
        {"a,b\r\n1,2\r\n3,4", 2, 2, 0},
        {"a\n\"x\"y\n", -1, 0, 1},
        {"a,b\n\"1\n2\",\n", 1, 2, 0},
        {"a,b\n1\n3,4\n", 2, 2, 1} /* what is missing is empty, and told */,
        {"a\n\"open\n", -1, 0, 1},
        {"", -1, 0, 1},
        {"a,b\n1,2,3\n4,5\n", 2, 2, 1} /* what is too much is left away, and told */,
        {"a\n", 0, 1, 0},
        {"a,a\n1,2", 1, 2, 0},
        {"\xef\xbb\xbf"
         "a,b\r\n1,2\r\n",
         1, 2, 0}, /* as spreadsheets write it */
        {"\xef\xbb\xbf", -1, 0, 1},
        {"\xff\xfe"
         "a",
         -1, 0, 1},
        {"a;b\n1;2\n", -1, 0, 1},
        {"a\tb\n1\t2\n", -1, 0, 1},
        {"a;b,c\n1,2\n", 1, 2, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_csv csv;
        diag_init(&diags, *state);
        bool fine = lab_csv_read(&csv, "x.csv", cases[i].text, strlen(cases[i].text), *state,
                                 &diags);
        if (fine != (cases[i].rows >= 0)) fail_msg("case %zu: %s", i, cases[i].text);
        assert_int_equal(diags.errors, cases[i].errors);
        if (!fine) continue;
        assert_int_equal(csv.row_count, cases[i].rows);
        assert_int_equal(csv.columns, cases[i].columns);
    }
}

/* The mark at the beginning is no part of the first name; what else spreadsheets do is told by its
 * cause, once. */
static void test_csv_of_spreadsheets(void **state) {
    static const struct {
        const char *text;
        size_t len;
        const char *words;
    } cases[] = {
        {"\xff\xfe"
         "a\0,\0",
         6, "UTF-16"},
        {"\xfe\xff"
         "\0a",
         4, "UTF-16"},
        {"a,b\n\xe9,1\n", 8, "another encoding"},
        {"a;b\n1;2\n", 8, "semicolons"},
        {"a\tb\n1\t2\n", 8, "tabs"},
    };
    struct lab_csv csv;
    diag_init(&diags, *state);
    assert_true(lab_csv_read(&csv, "x.csv",
                             "\xef\xbb\xbf"
                             "key,b\n1,2\n",
                             13, *state, &diags));
    assert_string_equal(csv.header[0], "key");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        diag_init(&diags, *state);
        assert_false(lab_csv_read(&csv, "x.csv", cases[i].text, cases[i].len, *state, &diags));
        assert_int_equal(diags.errors, 1);
        assert_int_equal(diags.first->line, 1);
        if (!strstr(diags.first->message, cases[i].words)) fail_msg("%s", diags.first->message);
    }
    diag_init(&diags, *state);
    static const char cells[] = "a,b,c\n\xc3\xa9,\"x\ny\",z\n1,2,3\n";
    assert_true(lab_csv_read(&csv, "x.csv", cells, sizeof cells - 1, *state, &diags));
    assert_int_equal(csv.lines[0], 2);
    assert_int_equal(csv.places[0][2].line, 3); /* of the line on which it stands */
    assert_int_equal(csv.places[0][2].column, 4);
    assert_int_equal(csv.lines[1], 4);
}

static void test_packs(void **state) {
    struct lab_scenario *s = fixture_scenario(*state),
                        *again = NEW((struct arena *)*state, struct lab_scenario);
    struct lab_files files;
    diag_init(&diags, *state);
    assert_int_equal(lab_scenario_from_pack(again, s->pack, s->pack_len, *state, &diags), OK);
    assert_string_equal(again->version, s->version);
    assert_int_equal(again->check_count, s->check_count);
    assert_string_equal(again->title, s->title);
    for (size_t cut = 0; cut < s->pack_len; cut += 9973)
        assert_false(lab_pack_read(s->pack, cut, *state, &files) && files.count == s->files.count);
    assert_false(lab_pack_read("GRLAB1\n99999999 1\nx", 19, *state, &files));
    assert_false(lab_pack_read("GRLAB1\n1 99999999999999999999\nx", 31, *state, &files));
    assert_false(lab_pack_read("GRLAB1\n-1 1\nx", 13, *state, &files));
}

static void test_the_tree_is_sound(void **state) {
    diag_init(&diags, *state);
    lab_check_tree(".", &diags);
    if (diags.errors)
        fail_msg("%s:%d: %s", diags.first->file, diags.first->line, diags.first->message);
}

int main(void) {
    codec_start();
    const struct CMUnitTest tests[] = {
        TEST(test_entities_are_refused),
        TEST(test_include_is_not_followed),
        TEST(test_places),
        TEST(test_bad_bytes_and_depth),
        TEST(test_mistakes_have_places),
        TEST(test_mistakes_in_traits),
        TEST(test_schema),
        TEST(test_schemas_are_not_mixed_up),
        TEST(test_faults_have_lines),
        TEST(test_csv),
        TEST(test_csv_of_spreadsheets),
        TEST(test_packs),
        TEST(test_the_tree_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
