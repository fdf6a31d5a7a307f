/* Deterministic random numbers. */
#include "labmodel/lab_random.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"

uint64_t lab_hash64(uint64_t seed, const char *stream, const char *entity, int64_t tick) {
    unsigned char key[crypto_shorthash_KEYBYTES] = {0}, out[crypto_shorthash_BYTES];
    for (int i = 0; i < 8; i++) key[i] = (unsigned char)(seed >> (8 * i));
    unsigned char text[256];
    size_t n = 0;
    for (int i = 0; i < 8; i++) text[n++] = (unsigned char)((uint64_t)tick >> (8 * i));
    for (; *stream && n < 64; stream++) text[n++] = (unsigned char)*stream;
    text[n++] = 0;
    for (; *entity && n < sizeof text; entity++) text[n++] = (unsigned char)*entity;
    crypto_shorthash(out, text, n, key); /* SipHash-2-4 */
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)out[i] << (8 * i);
    return value;
}

const char *lab_access_token(struct arena *a, uint64_t seed, int member, int64_t n) {
    const char *entity = arena_printf(a, "%d", member);
    return arena_printf(a, "tk%lld.%016llx%016llx", (long long)n,
                        (unsigned long long)lab_hash64(seed, "access-token-1", entity, n),
                        (unsigned long long)lab_hash64(seed, "access-token-2", entity, n));
}

int64_t lab_access_token_number(struct arena *a, uint64_t seed, int member, const char *token) {
    const char *dot = token ? strchr(token, '.') : NULL;
    int64_t n;
    if (!dot || !str_has_prefix(token, "tk") ||
        !parse_i64(arena_copy(a, token + 2, (size_t)(dot - token - 2)), 1, 1000000000, &n))
        return 0;
    return secret_eq(token, lab_access_token(a, seed, member, n)) ? n : 0;
}
