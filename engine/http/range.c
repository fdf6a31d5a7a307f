/* Range: bytes=FIRST-LAST, FIRST- or -LENGTH. */
#include "http/range.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define FIGURES 18 /* a longer number is larger than any file */

static const char *skip_blanks(const char *p) { return p + strspn(p, " \t"); }

/* False when there is no figure. */
static bool number(const char **at, int64_t *out) {
    const char *p = *at;
    int figures = 0;
    *out = 0;
    for (; isdigit((unsigned char)*p); p++) {
        if (figures < FIGURES) *out = *out * 10 + (*p - '0');
        if (*out) figures++;
        if (figures > FIGURES) *out = INT64_MAX;
    }
    bool any = p != *at;
    *at = p;
    return any;
}

/* RULE one-range: several parts in one answer are asked for by no player, and a list of a thousand
 * would cost more than the file. */
enum range_kind range_read(const char *header, int64_t size, int64_t *from, int64_t *len) {
    int64_t first = 0, last = 0;
    if (!header || strncasecmp(header, "bytes=", 6) != 0) return RANGE_WHOLE;
    const char *p = skip_blanks(header + 6);
    bool has_first = number(&p, &first);
    if (*p++ != '-') return RANGE_WHOLE;
    bool has_last = number(&p, &last);
    if (*skip_blanks(p) || (!has_first && !has_last)) return RANGE_WHOLE;
    if (has_first && has_last && last < first) return RANGE_WHOLE;
    if (has_first ? first >= size : last == 0 || size == 0) return RANGE_OUTSIDE;
    if (!has_first) first = last < size ? size - last : 0;
    if (!has_first || !has_last || last >= size) last = size - 1;
    *from = first;
    *len = last - first + 1;
    return RANGE_PART;
}
