/* Bits, gzip, base64url. */
#include "cert/cert_status.h"

#include <string.h>
#include <zlib.h>

#include "base/codec.h"

/* zlib: +16 asks for a gzip header, which the specification wants */
#define GZIP_WINDOW (15 + 16)

/* An index may come from a row or a credential: one that is not on the list has no bit there. */
void cert_status_set(unsigned char *bits, uint32_t index) {
    if (index >= CERT_STATUS_BITS) return;
    bits[index >> 3] |= (unsigned char)(0x80u >> (index & 7));
}

void cert_status_clear(unsigned char *bits, uint32_t index) {
    if (index >= CERT_STATUS_BITS) return;
    bits[index >> 3] &= (unsigned char)~(0x80u >> (index & 7));
}

bool cert_status_get(const unsigned char *bits, uint32_t index) {
    if (index >= CERT_STATUS_BITS) return false;
    return bits[index >> 3] & (0x80u >> (index & 7));
}

char *cert_status_encode(struct arena *a, const unsigned char bits[CERT_STATUS_BYTES]) {
    size_t room = 2 * CERT_STATUS_BYTES;
    unsigned char *out = arena_alloc(
        a, room); /* before deflateInit2, which an arena's exit would leak */
    z_stream z = {0};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        arena_starve(a);
    BUG_IF(deflateBound(&z, CERT_STATUS_BYTES) > room);
    z.next_in = (unsigned char *)bits; /* zlib does not write it */
    z.avail_in = CERT_STATUS_BYTES;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    int end = deflate(&z, Z_FINISH);
    size_t len = z.total_out;
    deflateEnd(&z);
    BUG_IF(end != Z_STREAM_END); /* the room is deflateBound's, the memory deflateInit2's */
    return arena_printf(a, "u%s", base64url_encode(a, out, len));
}

unsigned char *cert_status_decode(struct arena *a, const char *text) {
    size_t len = 0;
    if (text[0] != 'u' || strlen(text) > 2 * CERT_STATUS_BYTES) return NULL;
    unsigned char *packed = base64url_decode(a, text + 1, &len);
    if (!packed) return NULL;
    unsigned char *bits = arena_alloc(a, CERT_STATUS_BYTES);
    z_stream z = {0};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) arena_starve(a);
    z.next_in = packed;
    z.avail_in = (unsigned)len;
    z.next_out = bits;
    z.avail_out = CERT_STATUS_BYTES;
    int end = inflate(&z, Z_FINISH);
    bool whole = end == Z_STREAM_END && z.total_out == CERT_STATUS_BYTES;
    inflateEnd(&z);
    return whole ? bits : NULL;
}
