/* A person's login, name and address: how they are compared, and what may be wrong with them. Pure:
 * no store, no clock. */
#include <string.h>

#include <unicode/ucasemap.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "account/account.h"
#include "base/name.h"
#include "base/text.h"

#define EMAIL_MAX 254     /* bytes: RFC 5321 section 4.5.3.1.3, without the angle brackets */
#define FOLDED_UNITS 1024 /* of UTF-16; a longer text is neither login nor address */

/* NFC(toCasefold(NFD(text))). NULL when the text is no UTF-8 or too long. Any other error of ICU
 * means that memory is short, since its data are part of the program. */
static const char *fold(struct arena *a, const char *text) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *decomposed = unorm2_getNFDInstance(&status),
                       *composed = unorm2_getNFCInstance(&status);
    UChar one[FOLDED_UNITS], other[FOLDED_UNITS];
    int32_t len = 0;
    u_strFromUTF8(one, FOLDED_UNITS, &len, text, -1, &status);
    /* Once one call has failed the others do nothing. */
    len = unorm2_normalize(decomposed, one, len, other, FOLDED_UNITS, &status);
    len = u_strFoldCase(one, FOLDED_UNITS, other, len, U_FOLD_CASE_DEFAULT, &status);
    len = unorm2_normalize(composed, one, len, other, FOLDED_UNITS, &status);
    char out[3 * FOLDED_UNITS + 1];
    u_strToUTF8(out, sizeof out, NULL, other, len, &status);
    if (U_SUCCESS(status)) return arena_dup(a, out);
    if (status != U_INVALID_CHAR_FOUND && status != U_BUFFER_OVERFLOW_ERROR) arena_starve(a);
    return NULL;
}

const char *account_login_clean(struct arena *a, const char *typed) {
    if (!typed) return NULL;
    const char *clean = name_clean(a, typed), *folded = fold(a, clean);
    return folded ? folded : clean;
}

const char *account_name_clean(struct arena *a, const char *typed) {
    return typed ? name_clean(a, typed) : NULL;
}

const char *account_email_clean(struct arena *a, const char *typed) {
    return typed ? name_clean(a, typed) : NULL;
}

const char *account_email_key(struct arena *a, const char *email) { return fold(a, email); }

static bool login_valid(const char *login) {
    size_t n = strlen(login);
    return n >= ACCOUNT_LOGIN_MIN && n <= ACCOUNT_LOGIN_MAX &&
           strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static bool email_valid(const char *email) {
    const char *at = strchr(email, '@');
    size_t n = strlen(email);
    return at && at != email && strchr(at + 1, '.') && !strchr(at + 1, '@') && n <= EMAIL_MAX &&
           !strpbrk(email, " \t,;<>\"()") && name_bad_character(email) == 0;
}

static const struct account_problem *problem(struct arena *a, const char *key, uint32_t character) {
    struct account_problem *p = NEW(a, struct account_problem);
    *p = (struct account_problem){key, character};
    return p;
}

const struct account_problem *account_person_problem(struct arena *a, const char *login,
                                                     const char *name, const char *email) {
    login = account_login_clean(a, login);
    name = account_name_clean(a, name);
    email = account_email_clean(a, email);
    if (!login || !login_valid(login)) return problem(a, "account_problem_login", 0);
    if (!name || !name_is_visible(name)) return problem(a, "account_problem_no_name", 0);
    uint32_t bad = name_bad_character(name);
    if (bad) return problem(a, "account_problem_name_hidden", bad);
    if (utf8_count(name) > ACCOUNT_NAME_LIMIT) return problem(a, "account_problem_name_long", 0);
    if (!email || !email_valid(email) || !account_email_key(a, email))
        return problem(a, "account_problem_email", 0);
    return NULL;
}
