/* Private to account/: the second factor, time-based codes of RFC 6238 and codes for when the
 * telephone is lost. */
#ifndef GR_ACCOUNT_ACCOUNT_FACTOR_H
#define GR_ACCOUNT_ACCOUNT_FACTOR_H

#include "account/account_private.h"

#define FACTOR_SECRET_BYTES 20 /* RFC 4226, section 4, R6: 160 bits */
#define FACTOR_STEP_S 30
#define FACTOR_RECOVERY 10 /* codes */

/* Is this the code of now, of the step before or of the one after (RFC 6238, section 5.2)? Then
 * `*step` is the one it belongs to. Pure. Any text. */
bool factor_code_right(const unsigned char *secret, size_t len, int64_t now_ms, const char *code,
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
/* The newest that has not ended; ERR_NOT_FOUND when there is none. */
enum err factor_of(struct db *db, struct arena *a, const char *person_id,
                   struct factor *out) MUST_USE;
/* In jobs, audited. factor_begin ends one that was begun and not confirmed; ERR_CONFLICT when there
 * is a confirmed one. */
enum err factor_begin(struct db *db, struct arena *a, int64_t now_ms,
                      const char *person_id) MUST_USE;
/* `codes` (arena) gets FACTOR_RECOVERY codes, which are shown once. `*right` false: that was not
 * its code. */
enum err factor_confirm(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                        const char *code, bool *right, const char **codes) MUST_USE;
/* RULE second-factor-once: takes a code of the telephone or a recovery code, each once. */
enum err factor_take(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                     const char *code, bool *right) MUST_USE;
/* Also of one that was only begun. OK when there is none. Ended by somebody else, all sessions of
 * the person end. */
enum err factor_end(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                    const char *person_id) MUST_USE;

/* The address that a telephone reads (otpauth), as a drawing: markup that may stand in a page. NULL
 * when memory is short. Arena. */
const char *factor_drawing(struct arena *a, const char *uri);
/* The secret in letters, in groups of four, for telephones without a camera; and the address. NULL
 * when memory is short. */
const char *factor_letters(struct arena *a, const struct factor *f, bool grouped);
const char *factor_uri(struct arena *a, const struct factor *f, const char *login,
                       const char *origin);

#endif
