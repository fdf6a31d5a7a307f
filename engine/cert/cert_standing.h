/* Who may apply for a level, and what counts as evidence for it. Pure: a function of what the
 * programme says, of what became of earlier applications, and of the time. */
#ifndef GR_CERT_STANDING_H
#define GR_CERT_STANDING_H

#include "cert/cert_level.h"

/* What the programme says of one level. */
struct cert_rules {
    int refusal_days;      /* to wait after a refusal; 0 = not at all */
    int revocation_days;   /* to wait after a revocation */
    int renewal_days;      /* before the end of a certificate from which it can be renewed */
    bool anew[CERT_KINDS]; /* what a renewal asks to be done again, by row of cert_kinds */
};

/* A certificate of the person for this level. */
struct cert_held {
    const char *state;           /* as cert_state_at says now */
    int64_t issued_ms, until_ms; /* until 0 = without end */
    int64_t changed_ms;          /* of the last suspension, revocation …; 0 = none */
    const char *number, *reason; /* reason: of that change; NULL = none */
};

/* What became of all that the person asked for in this level. */
struct cert_past {
    bool waits;                   /* an application that nobody has decided on */
    int64_t refusals, refused_ms; /* how many, and when the last was; 0 = never */
    struct cert_held *held;       /* oldest first */
    size_t held_count;
};

enum cert_may {
    CERT_MAY_APPLY,
    CERT_MAY_WAITS,     /* an application waits already */
    CERT_MAY_HELD,      /* a valid certificate that cannot be renewed yet */
    CERT_MAY_SUSPENDED, /* first it has to be reinstated or revoked */
    CERT_MAY_REVOKED,   /* too soon after a revocation */
    CERT_MAY_REFUSED    /* too soon after a refusal */
};

struct cert_standing {
    enum cert_may may;
    int64_t from_ms; /* when it will be otherwise; 0 = not known, or never */
    bool renewal;    /* the person has held this level, and lost it by nothing but time */
    bool revoked;    /* a certificate of this level was revoked */
    const struct cert_held *newest; /* of the past; NULL = none */
    /* RULE new-evidence: of each kind only what was done later than this counts; 0 = whenever it
     * was done. After a revocation everything is done anew; for a renewal, what the programme says.
     */
    int64_t since_ms[CERT_KINDS];
};

/* A certificate that is held, and cannot be renewed yet: what it was granted for is evidence. */
bool cert_is_held(const struct cert_standing *standing);

/* RULE may-apply: see enum cert_may; a day is 24 hours, and on the last millisecond of a wait one
 * still waits. RULE one-valid: a certificate can be renewed in the last `renewal_days` before its
 * end, but never in the first half of its time, so that a short one cannot be renewed at once. */
void cert_standing(const struct cert_rules *rules, const struct cert_past *past, int64_t now_ms,
                   struct cert_standing *out);

#endif
