/* RULE list-logged: the bits of a status list are those of the log, with those that only the tables
 * know, whatever somebody wrote over; and what cannot be told any more is no list. */
#include "unit/cert/workflow.h"

#include "base/json.h"
#include "cert/cert_records.h"
#include "unit/store/tampered.h"

static const char *suspended, *reinstated, *held; /* numbers */
static uint32_t first, second, third;             /* their places on the list */

static int open_all(void **state) {
    struct cert_change_status c;
    struct cert_apply a;
    struct cert_decide d;
    const char *numbers[3];
    if (setup(state) != 0) return -1;
    for (int i = 0; i < 3; i++) {
        const char *who = person(arena_printf(&f.arena, "holder%d", i), ROLE_LEARNER);
        assert_int_equal(run(complete, (void *)who), OK);
        assert_int_equal(apply(who, "first", NULL, &a), OK);
        assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), OK);
        numbers[i] = d.number;
        f.now_ms += 1000;
    }
    suspended = numbers[0], reinstated = numbers[1], held = numbers[2];
    assert_int_equal(change(suspended, f.admin, CERT_SUSPEND, &c), OK);
    assert_int_equal(change(reinstated, f.admin, CERT_SUSPEND, &c), OK);
    f.now_ms += 1000;
    assert_int_equal(change(reinstated, f.admin, CERT_REINSTATE, &c), OK);
    first = credential(suspended, 0).status_index;
    second = credential(reinstated, 0).status_index;
    third = credential(held, 0).status_index;
    return 0;
}

struct reading {
    struct cert_keys *keys;
    int64_t list_id;
    const char *origin, *purpose;
    enum err said;
    unsigned char bits[CERT_STATUS_BYTES];
    size_t differ;
};

static enum err read_list(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reading *r = arg;
    (void)now_ms;
    r->said = cert_list_read(db, a, r->keys, r->list_id, r->origin, r->purpose, r->bits,
                             &r->differ);
    return OK;
}

static struct reading read_of(const char *sql) {
    struct reading r = {
        .keys = f.app.certs->keys, .list_id = 1, .origin = ORIGIN, .purpose = "suspension"};
    print_message("%s\n", sql);
    assert_int_equal(tampered(f.app.store, &f.arena, sql, read_list, &r), OK);
    return r;
}

static size_t set_bits(const struct reading *r) {
    size_t n = 0;
    for (size_t i = 0; i < CERT_STATUS_BYTES; i++) n += (size_t)__builtin_popcount(r->bits[i]);
    return n;
}

#define OF "(SELECT application_id FROM cert_certificate WHERE number = '%s')"
#define LOGGED(name) " WHERE action = '" name "' AND subject = " OF

static void what_was_logged(void **state) {
    (void)state;
    const struct {
        const char *sql, *number; /* of the certificate that `sql` is about */
        size_t set, differ;       /* bits that are set, and that the tables have otherwise */
        bool bits[3];             /* those of the three certificates */
    } cases[] = {
        {"SELECT '%s'", suspended, 1, 0, {true, false, false}},
        /* A fact that is gone from the tables. */
        {"DELETE FROM cert_status WHERE certificate_id = (SELECT id FROM cert_certificate WHERE number "
         "= '%s')",
         suspended,
         1,
         1,
         {true, false, false}},
        {"DELETE FROM cert_status WHERE kind = 'reinstated' AND '%s' <> ''",
         suspended,
         2,
         1,
         {true, true, false}},
        /* One that only they know. */
        {"INSERT INTO cert_status SELECT 'else', c.id, d.id, d.list_id, 'suspended', c.decided_by, 'r', "
         "0 FROM cert_certificate c JOIN cert_credential d ON d.certificate_id = c.id WHERE c.number = "
         "'%s'",
         held,
         2,
         1,
         {true, false, true}},
        /* Rows of older versions do not name the bit: the signed credential does. */
        {"UPDATE audit_log SET detail = json_remove(detail, '$.list', '$.index')" LOGGED(
             "cert.suspend"),
         suspended,
         1,
         0,
         {true, false, false}},
        {"UPDATE audit_log SET detail = NULL" LOGGED("cert.suspend"),
         suspended,
         1,
         0,
         {true, false, false}},
        {"UPDATE audit_log SET detail = json_remove(detail, '$.list', '$.index')" LOGGED(
             "cert.reinstate"),
         reinstated,
         1,
         0,
         {true, false, false}},
        /* A bit of another list, or none. */
        {"UPDATE audit_log SET detail = replace(detail, '\"list\":1', '\"list\":2')" LOGGED(
             "cert.suspend"),
         suspended,
         1,
         1,
         {true, false, false}},
        {"UPDATE audit_log SET detail = substr(detail, 1, instr(detail, '\"index\"') - 1) || "
         "'\"index\":-1}'" LOGGED("cert.suspend"),
         suspended,
         1,
         1,
         {true, false, false}},
        {"UPDATE audit_log SET detail = substr(detail, 1, instr(detail, '\"index\"') - 1) || "
         "'\"index\":131072}'" LOGGED("cert.suspend"),
         suspended,
         1,
         1,
         {true, false, false}},
        {"UPDATE audit_log SET detail = substr(detail, 1, instr(detail, '\"index\"') - 1) || "
         "'\"index\":131071}'" LOGGED("cert.suspend"),
         suspended,
         2,
         2,
         {true, false, false}},
        /* What was revoked or replaced stays so. */
        {"UPDATE audit_log SET action = 'cert.revoke'" LOGGED("cert.suspend"),
         reinstated,
         2,
         1,
         {true, true, false}},
        {"UPDATE audit_log SET action = 'cert.replace'" LOGGED("cert.suspend"),
         reinstated,
         2,
         1,
         {true, true, false}},
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.suspend"),
         suspended,
         1,
         1,
         {true, false, false}},
    };
    if (first == CERT_STATUS_BITS - 1) skip(); /* drawn by chance: the last place is needed */
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r = read_of(arena_printf(&f.arena, cases[i].sql, cases[i].number));
        assert_int_equal(r.said, OK);
        assert_int_equal(set_bits(&r), cases[i].set);
        assert_int_equal(r.differ, cases[i].differ);
        assert_int_equal(cert_status_get(r.bits, first), cases[i].bits[0]);
        assert_int_equal(cert_status_get(r.bits, second), cases[i].bits[1]);
        assert_int_equal(cert_status_get(r.bits, third), cases[i].bits[2]);
    }
    struct reading last = read_of(arena_printf(
        &f.arena,
        "UPDATE audit_log SET detail = substr(detail, 1, instr(detail, '\"index\"') - 1) || "
        "'\"index\":131071}'" LOGGED("cert.suspend"),
        suspended));
    assert_true(cert_status_get(last.bits, CERT_STATUS_BITS - 1));
}

static void what_cannot_be_told(void **state) {
    (void)state;
    static const char unnamed[] =
        "PRAGMA defer_foreign_keys = ON; UPDATE audit_log SET detail = NULL" LOGGED(
            "cert.suspend") "; %s";
    static const char *const changes[] = {
        "DELETE FROM cert_certificate",
        "DELETE FROM cert_credential",
        "UPDATE cert_credential SET json = replace(json, 'May claim', 'May not claim')",
        "UPDATE cert_certificate SET holder_name = 'else'",
        "UPDATE cert_credential SET status_index = status_index + 1",
    };
    struct reading r;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        r = read_of(arena_printf(&f.arena, unnamed, suspended, changes[i]));
        assert_int_equal(r.said, ERR_CONFLICT);
    }
    /* That a key is missing hides no suspension. */
    r = (struct reading){.list_id = 1, .origin = ORIGIN, .purpose = "suspension"};
    const char *sql = arena_printf(&f.arena, unnamed, suspended, "SELECT 1");
    assert_int_equal(tampered(f.app.store, &f.arena, sql, read_list, &r), OK);
    assert_int_equal(r.said, OK);
    assert_true(cert_status_get(r.bits, first));
    /* What the credentials of the list were signed with. */
    static const struct {
        const char *origin, *purpose;
        int64_t list_id;
        enum err said;
    } lists[] = {{ORIGIN, "suspension", 1, OK},
                 {ORIGIN, "revocation", 1, ERR_CONFLICT},
                 {"https://else.example", "suspension", 1, ERR_CONFLICT},
                 {ORIGIN, "revocation", 2, OK}}; /* nobody is on it */
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        r = (struct reading){
            f.app.certs->keys, lists[i].list_id, lists[i].origin, lists[i].purpose, OK, {0}, 0};
        assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", read_list, &r), OK);
        assert_int_equal(r.said, lists[i].said);
        if (r.list_id == 2) assert_int_equal(set_bits(&r) + r.differ, 0);
    }
    r = read_of("UPDATE cert_credential SET json = 'no JSON'");
    assert_int_equal(r.said, ERR_CONFLICT);
}

static enum err last_change(struct db *db, struct arena *a, void *seq, int64_t now_ms) {
    (void)a, (void)now_ms;
    return cert_changes_last(db, seq);
}

static void the_last_change(void **state) {
    (void)state;
    struct audit_row *rows;
    size_t count;
    int64_t expected = 0, seq = -1;
    store_read_begin(reader());
    assert_int_equal(audit_list(reader(), &f.arena, NULL, 0, 500, &rows, &count), OK);
    store_read_end(reader());
    for (size_t i = 0; i < count && !expected; i++)
        if (str_eq(rows[i].action, "cert.reinstate")) expected = rows[i].seq;
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", last_change, &seq), OK);
    assert_int_equal(seq, expected);
    seq = -1;
    assert_int_equal(
        tampered(
            f.app.store, &f.arena,
            "UPDATE audit_log SET action = 'else' WHERE action IN ('cert.suspend', 'cert.reinstate')",
            last_change, &seq),
        OK);
    assert_int_equal(seq, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_logged),
        cmocka_unit_test(what_cannot_be_told),
        cmocka_unit_test(the_last_change),
    };
    return cmocka_run_group_tests(tests, open_all, teardown);
}
