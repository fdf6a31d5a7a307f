/* The rules of applying again. */
#include "cert/cert_standing.h"

#include "base/clock.h"
#include "base/text.h"

static void later(int64_t *t, int64_t than) {
    if (than > *t) *t = than;
}

/* From when on a certificate can be renewed. */
static int64_t renewable_ms(const struct cert_rules *rules, const struct cert_held *c) {
    int64_t window = rules->renewal_days * MS_DAY, half = (c->until_ms - c->issued_ms) / 2;
    return c->until_ms - (window < half ? window : half);
}

static void look_at(const struct cert_rules *rules, const struct cert_held *c, int64_t now_ms,
                    struct cert_standing *out) {
    bool revoked = str_eq(c->state, "revoked");
    int64_t ended = c->changed_ms > c->issued_ms ? c->changed_ms : c->issued_ms;
    for (int kind = 0; kind < CERT_KINDS; kind++)
        if (revoked) later(&out->since_ms[kind], ended);
        else if (rules->anew[kind]) later(&out->since_ms[kind], c->issued_ms);
    if (revoked) {
        out->revoked = true;
        int64_t from = ended + rules->revocation_days * MS_DAY;
        if (now_ms < from && out->may == CERT_MAY_APPLY) {
            out->may = CERT_MAY_REVOKED;
            out->from_ms = from;
        }
        return;
    }
    out->renewal = true;
    if (str_eq(c->state, "suspended")) {
        out->may = CERT_MAY_SUSPENDED;
        out->from_ms = 0;
    } else if (str_eq(c->state, "valid") && out->may != CERT_MAY_SUSPENDED) {
        int64_t from = c->until_ms ? renewable_ms(rules, c) : 0;
        if (c->until_ms && now_ms >= from) return;
        out->may = CERT_MAY_HELD;
        out->from_ms = from;
    }
}

bool cert_is_held(const struct cert_standing *s) {
    return s->may == CERT_MAY_HELD || s->may == CERT_MAY_SUSPENDED;
}

void cert_standing(const struct cert_rules *rules, const struct cert_past *past, int64_t now_ms,
                   struct cert_standing *out) {
    *out = (struct cert_standing){.may = CERT_MAY_APPLY};
    if (past->held_count) out->newest = &past->held[past->held_count - 1];
    for (size_t i = 0; i < past->held_count; i++) look_at(rules, &past->held[i], now_ms, out);
    int64_t from = past->refused_ms + rules->refusal_days * MS_DAY;
    if (past->refusals && now_ms < from &&
        (out->may == CERT_MAY_APPLY || (out->may == CERT_MAY_REVOKED && from > out->from_ms))) {
        out->may = CERT_MAY_REFUSED;
        out->from_ms = from;
    }
    if (past->waits && out->may != CERT_MAY_SUSPENDED) {
        out->may = CERT_MAY_WAITS;
        out->from_ms = 0;
    }
}
