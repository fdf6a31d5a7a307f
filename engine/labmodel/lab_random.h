/* Deterministic random numbers, the same on every machine: a counter-based generator. */
#ifndef GR_LAB_RANDOM_H
#define GR_LAB_RANDOM_H

#include <stdint.h>

#include "base/arena.h"

/* SipHash-2-4 (libsodium's crypto_shorthash) of (stream, entity, tick) under the seed: one more
 * draw in a stream shifts no other. Streams of up to 63 bytes and entities of up to 180 are told
 * apart. */
uint64_t lab_hash64(uint64_t seed, const char *stream, const char *entity, int64_t tick);

/* An OAuth access token of a run: "tk7.<hash of 7 under the seed>". Arena. */
const char *lab_access_token(struct arena *a, uint64_t seed, int member, int64_t n);
/* The number of a token that lab_access_token made for that run and member; 0 when it is none. */
int64_t lab_access_token_number(struct arena *a, uint64_t seed, int member, const char *token);

/* A refresh token, told apart from access tokens by its member. */
#define LAB_REFRESH_MEMBER(member) ((member) + 1000)

#endif
