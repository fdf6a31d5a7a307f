/* Private to account/: the second factor, which is time-based codes (TOTP, RFC 6238) and recovery
 * codes for when the telephone is lost. */
#ifndef GR_ACCOUNT_ACCOUNT_FACTOR_H
#define GR_ACCOUNT_ACCOUNT_FACTOR_H

#include "account/account_private.h"

#define FACTOR_SECRET_BYTES 20 /* RFC 4226, section 4, R6: 160 bits */
#define FACTOR_STEP_S 30
#define FACTOR_RECOVERY 10 /* codes */

/* Is this the code of now, of the step before or of the one after (RFC 6238, section 5.2)? Then
 * `*step` is the one it belongs to. Pure. Any text. */
bool factor_code_matches(const unsigned char *secret, size_t len, int64_t now_ms, const char *code,
                         int64_t *step);
/* What was typed, without blanks and hyphens and in small letters. Arena. */
char *factor_code_clean(struct arena *a, const char *typed);

struct factor {
    const char *id;
    const unsigned char *secret;
    size_t secret_len;
    int64_t made_ms, confirmed_ms, last_step; /* confirmed 0: not yet */
    int64_t codes_left;
};
/* The factor of a person that has not ended; ERR_NOT_FOUND when there is none. */
enum err factor_of(struct db *db, struct arena *a, const char *person_id,
                   struct factor *out) MUST_USE;
/* RULE logged-factor: a second factor, with its secret and its recovery codes, is the one that the
 * newest signed row of the log tells, by digests, which help nobody to guess. One that the log
 * tells and that is not there, or is another, lets nobody in until somebody with the power ends it.
 * One that an older program set up is told when a code of it was right. `*problem`: a sentence
 * without its subject; NULL when it is so. */
enum err factor_problem(struct db *db, struct arena *a, const char *person_id,
                        const char **problem) MUST_USE;
/* Whether the log tells of a factor, and that it has not ended. */
enum err factor_logged(struct db *db, struct arena *a, const char *person_id, bool *ever,
                       bool *on) MUST_USE;
/* In a job: the log tells this factor from here on. */
enum err factor_log(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                    const struct factor *f) MUST_USE;
/* RULE second-factor-once: whether the log tells that this recovery code was used. */
enum err factor_recovery_used(struct db *db, struct arena *a, const char *person_id,
                              const char *hash, bool *used) MUST_USE;
/* In a job. Ends a factor that was begun and not confirmed; ERR_CONFLICT when there is a confirmed
 * one, on record or by the log. */
enum err factor_begin(struct db *db, struct arena *a, int64_t now_ms,
                      const char *person_id) MUST_USE;
/* In a job, audited. `codes` (arena) gets FACTOR_RECOVERY recovery codes, which are shown once.
 * `*right` false: the code was wrong. */
enum err factor_confirm(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                        const char *code, bool *right, const char **codes) MUST_USE;
/* RULE second-factor-once: takes a code of the telephone or a recovery code, each once. */
enum err factor_use_code(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                         const char *code, bool *right) MUST_USE;
/* In a job, audited. Also ends a factor that is not confirmed, and one that the log alone tells; OK
 * when there is none. When somebody
 * else ends it, all sessions of the person end. */
enum err factor_end(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                    const char *person_id) MUST_USE;

/* The QR code of the otpauth address, as SVG markup that may stand in a page. NULL when memory is
 * short. Arena. */
const char *factor_qr_svg(struct arena *a, const char *uri);
/* The secret in base32 (`grouped`: in groups of four letters, to be typed), and the otpauth
 * address. NULL when memory is short. */
const char *factor_secret_base32(struct arena *a, const struct factor *f, bool grouped);
const char *factor_uri(struct arena *a, const struct factor *f, const char *login,
                       const char *origin);

#endif
