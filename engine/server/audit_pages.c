/* The signed head of the audit log, for whoever keeps it elsewhere. */
#include "audit/audit.h"
#include "base/codec.h"
#include "base/text.h"
#include "server/server.h"

#include <string.h>

/* Answers the newest signed head, or that of one row of the log. It holds nothing about a person: a
 * number, a hash, a time, a signature. */
enum err audit_signed_page(struct request *r) {
    struct audit_signed_head head;
    int64_t seq = 0;
    bool one = r->param[0] && *r->param[0];
    if (one && !parse_i64(r->param[0], 1, INT64_MAX, &seq)) return ERR_NOT_FOUND;
    enum err e = audit_signed_find(r->db, r->arena, seq, &head);
    if (e != OK) return e;
    const char *text = audit_signed_text(r->arena, &head);
    http_header_out(r, "Cache-Control",
                    one ? "public, max-age=31536000, immutable" : "public, max-age=60");
    if (http_etag(r, sha256_hex(r->arena, text, strlen(text)))) return OK;
    return http_bytes(r, 200, "application/json", text, strlen(text), true);
}
