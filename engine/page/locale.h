/* A language in ICU: opened once, read by all threads. */
#ifndef GR_PAGE_LOCALE_H
#define GR_PAGE_LOCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct locale; /* immutable */

/* NULL when ICU knows no such language. `name` is BCP 47. Without memory it leaves through the
 * guard of `a`. */
struct locale *locale_new(struct arena *a, const char *name);
void locale_free(struct locale *l);
const char *locale_name(const struct locale *l);

/* "one", "few", "other"…: the CLDR category of `n` ("other" when l is NULL, but "one" for 1). */
const char *locale_plural(const struct locale *l, int64_t n, bool ordinal);
/* Digits and grouping of the language. */
void locale_number(const struct locale *l, int64_t n, struct buf *out);
/* 267 → "2.67", -50 → "-0.5", in the language's way; no decimals that are zero. */
void locale_hundredths(const struct locale *l, int64_t hundredths, struct buf *out);
/* 823 → "82.3%", in the language's way; no decimals when they are zero. */
void locale_percent(const struct locale *l, int64_t permille, struct buf *out);

/* The best of `names` (count > 0) for an Accept-Language header: RFC 4647 lookup by falling q; -1
 * when none. Reads at most 2,000 bytes and 40 ranges of it. */
int locale_negotiate(const char *accept_language, const char *const *names, size_t count);

#endif
