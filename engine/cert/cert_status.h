/* Bitstring Status List 1.0: which credentials do not hold any more. Pure. */
#ifndef GR_CERT_STATUS_H
#define GR_CERT_STATUS_H

#include "base/arena.h"
#include "base/err.h"

/* The least that the specification allows, so that fetching a list does not tell which credential
 * is looked up. */
#define CERT_STATUS_BITS 131072
#define CERT_STATUS_BYTES (CERT_STATUS_BITS / 8)

/* RULE status-bit: a bit that is set ends one credential and no other. Bit i counts from the left:
 * bit 0 is the highest of the first byte (section 2.1). */
void cert_status_set(unsigned char *bits, uint32_t index);
void cert_status_clear(unsigned char *bits, uint32_t index);
bool cert_status_get(const unsigned char *bits, uint32_t index);
/* "u" and base64url of the gzip'd bits. The same bits give the same text. Arena. */
char *cert_status_encode(struct arena *a, const unsigned char bits[CERT_STATUS_BYTES]);
/* CERT_STATUS_BYTES bytes (arena), or NULL when it is not such a list. A longer one is refused too,
 * against decompression bombs. */
unsigned char *cert_status_decode(struct arena *a, const char *text);

#endif
