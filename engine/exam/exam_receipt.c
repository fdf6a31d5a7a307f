/* Receipts: what lets a learner prove that an answer was saved. RULE exam-receipt: a receipt
 * vouches for this attempt, slot, number, answer and time, and no other. */
#include <sodium.h>
#include <string.h>

#include "base/codec.h"
#include "exam/exam_store.h"

char *exam_receipt(const char *secret, struct arena *a, const char *attempt_id, int slot,
                   int64_t seq, const char *response, const char *saved_at) {
    const char *text = arena_printf(a, "%s\n%d\n%lld\n%s\n%s", attempt_id, slot, (long long)seq,
                                    response, saved_at);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, mac);
    return base64url_encode(a, mac, sizeof mac);
}
