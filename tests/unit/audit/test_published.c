/* What may be called a published head, and which row it names. */
#include "fixture.h"

#include "base/clock.h"

/* The first row and the row before it; the key that signed comes with the answer. */
static void what_was_published_names_a_row(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_signed_head head;
    const char *key, *said, *ignored;
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    assert_int_equal(audit_signed_find(db, &arena, 1, &head), OK);
    const char *published = audit_signed_text(&arena, &head);
    const char *digest = audit_signed_digest(&arena, &head);
    assert_int_equal(audit_compare_published(db, &arena, published, strlen(published), &key, &said),
                     OK);
    assert_string_equal(key, multikey_encode(&arena, public_key));
    /* Signed by the academy's key, but of a row that no log has. */
    head.seq = 0;
    const char *text = arena_printf(&arena, "gradus-audit-head/1\n0\n%s\n%s\n", head.hash,
                                    time_iso(&arena, head.at_ms));
    unsigned char signature[AUDIT_SIGNATURE_BYTES];
    sign(secret_key, text, strlen(text), signature);
    head.signature = arena_printf(&arena, "z%s",
                                  base58_encode(&arena, signature, sizeof signature));
    assert_true(audit_signature_valid(&arena, &head));
    published = audit_signed_text(&arena, &head);
    assert_int_equal(audit_compare_published(db, &arena, published, strlen(published), &key, &said),
                     ERR_INVALID);
    assert_non_null(strstr(said, "not a head as Gradus publishes it"));
    assert_null(key);
    static const struct {
        const char *format; /* with the digest */
        enum err e;
        const char *says;
    } lists[] = {
        {"{\"relatedResource\":[{\"id\":\"https://a.example/1\",\"digestMultibase\":\"%s\"}]}", OK,
         "row 1 is as it was published"},
        {"{\"relatedResource\":{\"id\":\"/1\",\"digestMultibase\":\"%s\"}}", OK,
         "row 1 is as it was published"},
        {"{\"relatedResource\":[{\"id\":\"/1\",\"digestMultibase\":\"%sA\"}]}", ERR_INVALID,
         "The head of row 1 that was published is not the one that is here"},
        {"{\"relatedResource\":[{\"id\":\"/2\",\"digestMultibase\":\"%s\"}]}", ERR_INVALID,
         "The head of row 2 that was published is not the one that is here"},
        {"{\"relatedResource\":[{\"id\":\"/0\",\"digestMultibase\":\"%s\"}]}", ERR_INVALID,
         "names no head"},
        {"{\"relatedResource\":[{\"id\":\"1\",\"digestMultibase\":\"%s\"}]}", ERR_INVALID,
         "names no head"},
        {"{\"relatedResource\":[{\"id\":\"/1\",\"digest\":\"%s\"}]}", ERR_INVALID, "names no head"},
        {"{\"relatedResource\":[{\"digestMultibase\":\"%s\"}]}", ERR_INVALID, "names no head"},
        {"{\"relatedResource\":[\"%s\"]}", ERR_INVALID, "names no head"},
    };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const char *before = strstr(lists[i].format, "%s");
        const char *list = arena_printf(&arena, "%.*s%s%s", (int)(before - lists[i].format),
                                        lists[i].format, digest, before + 2);
        if (audit_compare_published(db, &arena, list, strlen(list), &key, &said) != lists[i].e ||
            !strstr(said, lists[i].says))
            fail_msg("%s: %s", list, said);
        if (lists[i].e == OK) assert_string_equal(key, head.key);
        else assert_null(key);
        if (i > 0) continue;
        /* What cannot be read is neither the one that was published nor another. */
        tamper("ALTER TABLE audit_signed_head RENAME TO elsewhere");
        assert_int_equal(audit_compare_published(db, &arena, list, strlen(list), &key, &ignored),
                         ERR_IO);
        tamper("ALTER TABLE elsewhere RENAME TO audit_signed_head");
    }
    assert_int_equal(audit_signed_find(db, &arena, 1, &head), OK);
    published = audit_signed_text(&arena, &head);
    tamper("ALTER TABLE audit_log RENAME TO elsewhere");
    assert_int_equal(
        audit_compare_published(db, &arena, published, strlen(published), &key, &ignored), ERR_IO);
    tamper("ALTER TABLE elsewhere RENAME TO audit_log");
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* What lacks a part is no signature, whatever else is right. */
static void a_signature_has_all_its_parts(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    struct audit_signed_head head, part;
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 1, &head), OK);
    assert_true(audit_signature_valid(&arena, &head));
    assert_true(audit_signature_valid(&arena, &head)); /* once more, remembered */
    const char **members[] = {&part.hash, &part.key, &part.signature};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        part = head;
        *members[i] = NULL;
        assert_false(audit_signature_valid(&arena, &part));
    }
    part = head;
    part.signature = arena_printf(&arena, "u%s", head.signature + 1);
    assert_false(audit_signature_valid(&arena, &part));
    /* A byte more or less than a signature has. */
    size_t len;
    unsigned char bytes[AUDIT_SIGNATURE_BYTES + 1] = {0};
    const unsigned char *right = base58_decode(&arena, head.signature + 1, &len);
    assert_int_equal(len, AUDIT_SIGNATURE_BYTES);
    memcpy(bytes, right, len);
    for (size_t n = len - 1; n <= len + 1; n++) {
        part = head;
        part.signature = arena_printf(&arena, "z%s", base58_encode(&arena, bytes, n));
        assert_int_equal(audit_signature_valid(&arena, &part), n == len);
    }
    part = head;
    part.at_ms += MS_SECOND;
    assert_false(audit_signature_valid(&arena, &part));
    part = head;
    part.seq++;
    assert_false(audit_signature_valid(&arena, &part));
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* ---- Versions of what counts ------------------------------------------------------------------
 */
static enum err publish(struct db *db, struct arena *a, void *publication, int64_t now_ms) {
    return audit_publish(db, a, publication, now_ms);
}

static bool is_published(struct store *s, struct audit_publication p, int64_t before_seq) {
    bool out = false;
    assert_int_equal(audit_published(store_reader(s), &arena, &p, before_seq, &out), OK);
    return out;
}

static int64_t last_row(struct store *s) {
    struct audit_head last;
    assert_int_equal(audit_last(store_reader(s), &arena, &last), OK);
    return last.seq;
}

/* RULE past-kept: a version is the academy's when a signed row names it, whatever stands beside. */
static void only_a_signed_row_names_a_version(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    struct audit_publication p = {"exam.publish", "v1", "{\"exam\":\"x\"}"};
    bool out = true;
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    assert_false(is_published(s, p, 0));
    assert_int_equal(store_write(s, publish, &p, &arena), OK);
    assert_int_equal(store_write(s, publish, &p, &arena), OK); /* named already */
    assert_int_equal(last_row(s), 2);
    assert_true(is_published(s, p, 0));
    assert_true(is_published(s, p, 3));
    assert_false(is_published(s, p, 2));
    assert_false(is_published(s, (struct audit_publication){p.action, "v2", p.detail}, 0));
    assert_false(is_published(s, (struct audit_publication){"exam.start", "v1", p.detail}, 0));
    assert_false(is_published(s, (struct audit_publication){p.action, "v1", "{}"}, 0));
    /* Behind and before rows that somebody wrote past the program. */
    static const char copies[] =
        "INSERT INTO audit_log (seq, at_ms, actor, action, subject, detail, hash) "
        "SELECT seq + %d, at_ms, actor, action, subject, detail, '%064d' FROM audit_log "
        "WHERE seq = 2";
    tamper(arena_printf(&arena, copies, 1, 1));
    tamper(arena_printf(&arena, copies, 2, 2));
    assert_true(is_published(s, p, 0));
    assert_false(is_published(s, (struct audit_publication){p.action, "v1", "{}"}, 0));
    tamper("DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head WHERE seq = 2");
    assert_false(is_published(s, p, 0));
    assert_int_equal(store_write(s, publish, &p, &arena), OK); /* so it is named anew */
    assert_int_equal(last_row(s), 5);
    assert_true(is_published(s, p, 0));
    assert_false(is_published(s, p, 5));
    int64_t from = -1;
    assert_int_equal(audit_published_from(db, "exam.publish", "v1", &from), OK);
    assert_int_equal(from, 2);
    assert_int_equal(audit_published_from(db, "v1", "exam.publish", &from), OK);
    assert_int_equal(from, 0);
    /* What cannot be read is not published, and not to be named once more. */
    tamper("ALTER TABLE audit_signed_head RENAME TO elsewhere");
    assert_int_equal(audit_published(db, &arena, &p, 0, &out), ERR_IO);
    assert_false(out);
    tamper("ALTER TABLE elsewhere RENAME TO audit_signed_head");
    tamper("ALTER TABLE audit_log RENAME TO elsewhere");
    assert_int_equal(audit_published(db, &arena, &p, 0, &out), ERR_IO);
    assert_int_equal(audit_published_from(db, "exam.publish", "v1", &from), ERR_IO);
    assert_int_equal(store_write(s, publish, &p, &arena), ERR_IO);
    tamper("ALTER TABLE elsewhere RENAME TO audit_log");
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_published_names_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signature_has_all_its_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_signed_row_names_a_version, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
