/* A credential that somebody gives to be checked. The key is known, so that the canonical form is
 * reached; nothing that was not signed with it may come out as valid. */
#include "fuzz/fuzz.h"

#include "base/codec.h"
#include "cert/cert_credential.h"

static bool find_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context;
    (void)method;
    memset(key, 9, CERT_PUBLIC_BYTES);
    return true;
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct cert_checker checker = {.find_key = find_key, .now_ms = 1795320652000};
    struct cert_check_report report;
    codec_start();
    cert_credential_check(a, data, size, &checker, &report);
    BUG_IF(report.valid);
    /* A failure has its reason; what holds has none. What was not looked at has one when that
     * leaves it undecided. */
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        BUG_IF(report.checks[i].outcome == CERT_FAIL && !report.checks[i].code);
        BUG_IF(report.checks[i].outcome == CERT_PASS && report.checks[i].code);
    }
}
