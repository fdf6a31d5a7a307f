/* What the tests of the workflow share: an academy over a real store and real content, and its
 * people at a time of theirs. */
#ifndef TESTS_CERT_WORKFLOW_H
#define TESTS_CERT_WORKFLOW_H

#include "unit/check.h"

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_cache.h"

#define ORIGIN "https://academy.example"
#define NOW_MS 1795320651000LL
#define REASON "All of it was checked against the evidence."

struct fixture {
    struct arena arena;
    struct app app;
    const struct content_snapshot *content;
    char folder[64];
    const char *learner, *other, *teacher, *assessor, *second, *admin, *plain;
    int64_t now_ms;
};

extern struct fixture f;

enum err run(write_fn job, void *arg);
const char *person(const char *login, unsigned roles);
enum err complete(struct db *db, struct arena *a, void *arg, int64_t now_ms);
int setup(void **state);
int teardown(void **state);
enum err apply(const char *person_id, const char *level, const char *statement,
               struct cert_apply *a);
const char *ready_case(void);
enum err decide(const char *id, const char *actor, bool grant, const char *reason,
                struct cert_decide *d);
enum err mark(const char *id, const char *marker, bool sufficient, const char *comment,
              struct cert_mark *m);
enum err change(const char *number, const char *actor, enum cert_change what,
                struct cert_change_status *c);
struct db *reader(void);
int64_t audit_rows(const char *action);
struct cert_certificate certificate(const char *number);
void sit(const char *person_id, bool pass);
struct cert_check_report check(const char *json, int64_t now_ms);
struct cert_credential_row credential(const char *number, int version);
const char *granted(void);
const char *signed_list_of(int64_t list_id, int64_t now_ms);
bool bit_of(const char *list, uint32_t index);
const char *signed_list(int64_t now_ms);

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
