/* RULE signed: a certificate and its credential as they stand in the tables, against what was
 * signed. */
#include "unit/check.h"

#include <unistd.h>

#include "base/text.h"
#include "cert/cert_records.h"
#include "unit/cert/sample.h"

static char folder[64];
static struct cert_keys *keys;

static int set_up(void **state) {
    const char *why = "";
    strcpy(folder, "/tmp/gradus-signed-XXXXXX");
    if (!mkdtemp(folder) || arena_setup(state) != 0) return -1;
    return cert_keys_open(&keys, folder, true, *state, &why) == OK ? 0 : -1;
}

static int tear_down(void **state) {
    char path[128];
    cert_keys_close(keys);
    snprintf(path, sizeof path, "%s/keys/issuer-0001.key", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/keys", folder);
    rmdir(path);
    rmdir(folder);
    return arena_teardown(state);
}

static struct cert_certificate certificate(void) {
    return (struct cert_certificate){
        .number = SAMPLE_NUMBER,
        .programme_id = "mops",
        .level_id = "associate",
        .origin = SAMPLE_ORIGIN,
        .holder_name = "Ada Example",
        .body = "Gradus Academy",
        .scheme_version = "2026.1",
        .programme_title = "Marketing Operations",
        .level_title = "Associate",
        .scope = sample_facts("").scope,
        .decided_by_name = "Noor Haddad",
        .issued_ms = SAMPLE_FROM_MS,
        .valid_until_ms = SAMPLE_UNTIL_MS,
    };
}

static struct cert_credential_row credential(struct arena *a) {
    struct cert_credential_facts facts = sample_facts("Ada Example");
    const char *why = "";
    json_t *doc = cert_credential_build(a, &facts);
    if (cert_keys_sign(keys, a, doc, SAMPLE_DID, SAMPLE_FROM_MS, &why) != OK) fail_msg("%s", why);
    return (struct cert_credential_row){
        .id = "row",
        .credential_id = SAMPLE_ORIGIN "/certificates/" SAMPLE_NUMBER ".json?version=1",
        .json = cert_json(a, doc),
        .purpose = "suspension",
        .list_origin = SAMPLE_ORIGIN,
        .signing_key = cert_keys_current(keys),
        .version = 1,
        .list_id = 1,
        .at_ms = SAMPLE_FROM_MS,
        .status_index = SAMPLE_INDEX,
    };
}

static void expect(struct arena *a, const struct cert_certificate *c,
                   const struct cert_credential_row *row, const char *problem, bool missing) {
    bool undecided = !missing;
    const char *found = cert_signed_problem(a, keys, c, row, &undecided);
    if (!problem) assert_null(found);
    else if (!found || !strstr(found, problem)) fail_msg("%s, not: %s", problem, found);
    assert_int_equal(undecided, missing);
}

/* Each text of the certificate, one at a time. */
static void each_text(void **state) {
    struct arena *a = *state;
    struct cert_certificate c = certificate();
    struct cert_credential_row row = credential(a);
    const struct {
        const char **text, *problem;
    } texts[] = {
        {&c.number, "another number"},
        {&c.programme_id, "another level"},
        {&c.level_id, "another level"},
        {&c.origin, "another address"},
        {&c.holder_name, "another name was"},
        {&c.body, "name of the issuer"},
        {&c.scheme_version, "another scheme"},
        {&c.programme_title, "another title"},
        {&c.level_title, "another title"},
        {&c.scope, "another scope"},
        {&c.decided_by_name, "name of who decided"},
        {&row.credential_id, "another id"},
        {&row.purpose, "another purpose"},
        {&row.list_origin, "another address than was signed"},
        {&row.signing_key, "another key"},
    };
    expect(a, &c, &row, NULL, false);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *was = *texts[i].text;
        *texts[i].text = arena_printf(a, "%sx", was);
        expect(a, &c, &row, texts[i].problem, false);
        *texts[i].text = was;
    }
    expect(a, &c, &row, NULL, false);
}

static void each_number(void **state) {
    struct arena *a = *state;
    struct cert_certificate c = certificate();
    struct cert_credential_row row = credential(a);
    const struct {
        int64_t *number;
        int64_t by;
        const char *problem; /* NULL: a credential tells seconds */
    } numbers[] = {
        {&c.issued_ms, 1000, "day of issue"},
        {&c.issued_ms, -1000, "day of issue"},
        {&c.issued_ms, 999, NULL},
        {&c.valid_until_ms, 1000, "another end"},
        {&c.valid_until_ms, -1, "another end"},
        {&row.at_ms, 1000, "another beginning"},
        {&row.list_id, 1, "another status list"},
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        *numbers[i].number += numbers[i].by;
        expect(a, &c, &row, numbers[i].problem, false);
        *numbers[i].number -= numbers[i].by;
    }
    row.status_index--;
    expect(a, &c, &row, "another place", false);
    row = credential(a);
    row.version++;
    expect(a, &c, &row, "address or version", false);
    c.valid_until_ms = 0;
    row = credential(a);
    expect(a, &c, &row, "another end", false);
}

/* The key on record has to have made it; one that is not here leaves it open. */
static void keys_of_others(void **state) {
    static const char unknown[] = "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH";
    struct arena *a = *state;
    struct cert_certificate c = certificate();
    struct cert_credential_row row = credential(a);
    struct cert_keys *mine = keys;
    keys = NULL;
    expect(a, &c, &row, "is missing: put its file back into keys/", true);
    c.scope = "Everything.";
    expect(a, &c, &row, "another scope", false); /* whether or not the key is here */
    c = certificate();
    keys = mine;
    const char *at = strstr(row.json, SAMPLE_DID "#"), *key = at + strlen(SAMPLE_DID "#");
    assert_non_null(at);
    row.json = arena_printf(a, "%.*s%s%s", (int)(key - row.json), row.json, unknown,
                            key + strlen(row.signing_key));
    expect(a, &c, &row, "another key than the one that is on record", false);
    row.signing_key = unknown;
    expect(a, &c, &row, unknown, true);
    /* Words that were changed after signing. */
    row = credential(a);
    char *json = arena_dup(a, row.json);
    strstr(json, "11 modules")[0] = '9';
    row.json = json;
    expect(a, &c, &row, "signature of its credential does not fit", false);
    row.json = "{}";
    expect(a, &c, &row, "another id", false);
    row.json = "no JSON";
    expect(a, &c, &row, "cannot be read", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_of_others, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
