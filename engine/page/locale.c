/* Languages: plurals, numbers, negotiation, direction. Dates are in locale_time.c. */
#include "page/locale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uldnames.h>
#include <unicode/uloc.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

#include "base/text.h"
#include "page/page.h"

struct locale {
    char name[32];
    UPluralRules *cardinal, *ordinal;
    UNumberFormatter *number, *percent; /* immutable, so all threads share them */
};

struct locale *locale_new(struct arena *a, const char *name) {
    char icu[64];
    UErrorCode e = U_ZERO_ERROR;
    uloc_forLanguageTag(name, icu, sizeof icu, NULL, &e);
    if (e == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
    if (U_FAILURE(e)) return NULL;
    struct locale *l = calloc(1, sizeof *l);
    if (!l) arena_starve(a);
    if (strlen(name) >= sizeof l->name) {
        free(l);
        return NULL;
    }
    snprintf(l->name, sizeof l->name, "%s", name);
    l->cardinal = uplrules_openForType(icu, UPLURAL_TYPE_CARDINAL, &e);
    l->ordinal = uplrules_openForType(icu, UPLURAL_TYPE_ORDINAL, &e);
    l->number = unumf_openForSkeletonAndLocale(u"", -1, icu, &e);
    /* The value is given as per mille; the skeleton makes per cent of it. */
    l->percent = unumf_openForSkeletonAndLocale(u"percent .#", -1, icu, &e);
    if (U_SUCCESS(e)) return l;
    locale_free(l);
    if (e == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
    return NULL;
}

void locale_free(struct locale *l) {
    if (!l) return;
    if (l->cardinal) uplrules_close(l->cardinal);
    if (l->ordinal) uplrules_close(l->ordinal);
    if (l->number) unumf_close(l->number);
    if (l->percent) unumf_close(l->percent);
    free(l);
}

const char *locale_name(const struct locale *l) { return l ? l->name : "en"; }

const char *locale_plural(const struct locale *l, int64_t n, bool ordinal) {
    static const char *const categories[] = {"zero", "one", "two", "few", "many", "other"};
    UChar category[16];
    UErrorCode e = U_ZERO_ERROR;
    if (!l) return n == 1 ? "one" : "other";
    int32_t len = uplrules_select(ordinal ? l->ordinal : l->cardinal, (double)n, category,
                                  COUNT_OF(category), &e);
    char name[16];
    if (U_FAILURE(e) || len >= (int32_t)sizeof name) return "other";
    u_UCharsToChars(category, name, len);
    name[len] = '\0';
    for (size_t i = 0; i < COUNT_OF(categories); i++)
        if (strcmp(name, categories[i]) == 0) return categories[i];
    return "other";
}

/* Formats `decimal`, a plain decimal number; adds `fallback` when ICU cannot. */
static void add_decimal(const UNumberFormatter *formatter, const char *decimal,
                        const char *fallback, struct buf *out) {
    UChar wide[96];
    char text[256];
    UErrorCode e = U_ZERO_ERROR;
    int32_t bytes = 0;
    UFormattedNumber *f = unumf_openResult(&e);
    if (U_SUCCESS(e)) {
        unumf_formatDecimal(formatter, decimal, -1, f, &e);
        int32_t len = unumf_resultToString(f, wide, COUNT_OF(wide), &e);
        u_strToUTF8(text, sizeof text, &bytes, wide, len, &e);
    }
    /* closed before adding, which may leave through the arena's guard */
    if (f) unumf_closeResult(f);
    if (U_SUCCESS(e)) buf_add(out, text, (size_t)bytes);
    else buf_puts(out, fallback);
}

void locale_number(const struct locale *l, int64_t n, struct buf *out) {
    char plain[24];
    snprintf(plain, sizeof plain, "%" PRId64, n);
    /* Small numbers with western digits need no library. */
    bool as_it_is = !l || (strncmp(l->name, "en", 2) == 0 && n > -1000 && n < 1000);
    if (as_it_is) buf_puts(out, plain);
    else add_decimal(l->number, plain, plain, out);
}

void locale_hundredths(const struct locale *l, int64_t hundredths, struct buf *out) {
    char plain[32];
    int64_t size = hundredths < 0 ? -hundredths : hundredths;
    int part = (int)(size % 100);
    int len = snprintf(plain, sizeof plain, "%s%" PRId64, hundredths < 0 ? "-" : "", size / 100);
    if (part % 10) snprintf(plain + len, sizeof plain - (size_t)len, ".%02d", part);
    else if (part) snprintf(plain + len, sizeof plain - (size_t)len, ".%d", part / 10);
    if (l) add_decimal(l->number, plain, plain, out);
    else buf_puts(out, plain);
}

void locale_percent(const struct locale *l, int64_t permille, struct buf *out) {
    char plain[32], with_sign[40];
    int64_t whole = permille / 10, tenth = permille % 10;
    if (tenth)
        snprintf(plain, sizeof plain, "%s%" PRId64 ".%d", permille < 0 && !whole ? "-" : "", whole,
                 (int)(tenth < 0 ? -tenth : tenth));
    else snprintf(plain, sizeof plain, "%" PRId64, whole);
    snprintf(with_sign, sizeof with_sign, "%s%%", plain);
    if (l) add_decimal(l->percent, plain, with_sign, out);
    else buf_puts(out, with_sign);
}

/* ---- Negotiation ---------------------------------------------------------------------------- */

#define LANGUAGE_BYTES 35 /* of a tag (RFC 5646, section 4.4.1) */
#define RANGES 40
#define HEADER_BYTES 2000

struct range {
    char tag[36];
    int quality; /* thousandths */
};

/* The quality of "…;q=0.8" in thousandths (RFC 9110 section 12.4.2); 0 when it is malformed. */
static int read_quality(const char *p, size_t len) {
    while (len && (*p == ' ' || *p == '\t' || *p == ';')) p++, len--;
    if (len == 0) return 1000;
    if (len < 3 || (p[0] != 'q' && p[0] != 'Q') || p[1] != '=') return 0;
    if (p[2] == '1') return 1000;
    if (p[2] != '0') return 0;
    int quality = 0, scale = 100;
    for (size_t i = 4; i < len && p[3] == '.' && p[i] >= '0' && p[i] <= '9' && scale;
         i++, scale /= 10)
        quality += (p[i] - '0') * scale;
    return quality;
}

static size_t read_ranges(const char *header, struct range *out) {
    size_t count = 0, left = strnlen(header, HEADER_BYTES);
    const char *p = header;
    while (left && count < RANGES) {
        size_t n = 0;
        while (n < left && p[n] != ',') n++;
        size_t start = 0;
        while (start < n && (p[start] == ' ' || p[start] == '\t')) start++;
        size_t end = start;
        while (end < n && p[end] != ';' && p[end] != ' ' && p[end] != '\t') end++;
        if (end > start && end - start < sizeof out->tag) {
            memcpy(out[count].tag, p + start, end - start);
            out[count].tag[end - start] = '\0';
            out[count].quality = read_quality(p + end, n - end);
            if (out[count].quality > 0) count++;
        }
        p += n;
        left -= n;
        if (left) p++, left--;
    }
    return count;
}

static int find_tag(const char *tag, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(tag, names[i]) == 0) return (int)i;
    return -1;
}

int locale_negotiate(const char *accept_language, const char *const *names, size_t count) {
    struct range ranges[RANGES];
    if (!accept_language) return -1;
    size_t range_count = read_ranges(accept_language, ranges);
    int best = -1, best_quality = 0;
    for (size_t i = 0; i < range_count; i++) {
        if (ranges[i].quality <= best_quality) continue; /* equal: the first one counts */
        char *tag = ranges[i].tag;
        int found = strcmp(tag, "*") == 0 ? 0 : find_tag(tag, names, count);
        /* Lookup (RFC 4647 section 3.4): from the right, one subtag after the other goes. */
        for (char *dash; found < 0 && (dash = strrchr(tag, '-')) != NULL;
             found = find_tag(tag, names, count)) {
            *dash = '\0';
            if (dash - tag >= 2 && dash[-2] == '-') dash[-2] = '\0';
        }
        if (found < 0) continue;
        best = found;
        best_quality = ranges[i].quality;
    }
    return best;
}

/* ---- Which text of several ------------------------------------------------------------------ */

const char *page_language(struct arena *a, const char *tag) {
    char icu[ULOC_FULLNAME_CAPACITY], canonical[ULOC_FULLNAME_CAPACITY];
    UErrorCode e = U_ZERO_ERROR;
    int32_t read = 0;
    if (!tag || strlen(tag) > LANGUAGE_BYTES) return NULL;
    uloc_forLanguageTag(tag, icu, sizeof icu, &read, &e);
    if (e == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
    if (U_FAILURE(e) || (size_t)read != strlen(tag) || !*uloc_getISO3Language(icu)) return NULL;
    uloc_toLanguageTag(icu, canonical, sizeof canonical, true, &e);
    if (e == U_MEMORY_ALLOCATION_ERROR) arena_starve(a);
    return U_SUCCESS(e) && e != U_STRING_NOT_TERMINATED_WARNING ? arena_dup(a, canonical) : NULL;
}

const char *page_language_name(struct arena *a, const char *tag) {
    char icu[ULOC_FULLNAME_CAPACITY], name[200];
    UChar wide[120];
    UErrorCode e = U_ZERO_ERROR;
    int32_t len = 0;
    UDisplayContext contexts[] = {UDISPCTX_CAPITALIZATION_FOR_UI_LIST_OR_MENU};
    uloc_forLanguageTag(tag, icu, sizeof icu, NULL, &e);
    ULocaleDisplayNames *names = uldn_openForContext(icu, contexts, COUNT_OF(contexts), &e);
    int32_t wide_len = U_SUCCESS(e) ? uldn_localeDisplayName(names, icu, wide, COUNT_OF(wide), &e)
                                    : 0;
    if (names) uldn_close(names);
    u_strToUTF8(name, sizeof name, &len, wide, wide_len, &e);
    return U_SUCCESS(e) && len ? arena_copy(a, name, (size_t)len) : arena_dup(a, tag);
}

/* Language and script of a tag, with likely subtags added: "zh-TW" is zh and Hant. */
static bool maximize(const char *tag, char language[ULOC_LANG_CAPACITY],
                     char script[ULOC_SCRIPT_CAPACITY]) {
    char icu[ULOC_FULLNAME_CAPACITY], full[ULOC_FULLNAME_CAPACITY];
    UErrorCode e = U_ZERO_ERROR;
    uloc_forLanguageTag(tag, icu, sizeof icu, NULL, &e);
    if (U_FAILURE(e) || uloc_getLanguage(icu, language, ULOC_LANG_CAPACITY, &e) == 0)
        return false; /* ICU would take no language for English */
    uloc_addLikelySubtags(icu, full, sizeof full, &e);
    uloc_getLanguage(full, language, ULOC_LANG_CAPACITY, &e);
    uloc_getScript(full, script, ULOC_SCRIPT_CAPACITY, &e);
    return U_SUCCESS(e) && e != U_STRING_NOT_TERMINATED_WARNING && *language;
}

bool page_language_fits(const char *a, const char *b) {
    char languages[2][ULOC_LANG_CAPACITY], scripts[2][ULOC_SCRIPT_CAPACITY];
    if (strcasecmp(a, b) == 0) return true;
    return maximize(a, languages[0], scripts[0]) && maximize(b, languages[1], scripts[1]) &&
           strcmp(languages[0], languages[1]) == 0 && strcmp(scripts[0], scripts[1]) == 0;
}

static int find_fitting(const char *tag, const char *const *names, size_t count) {
    int found = find_tag(tag, names, count);
    for (size_t i = 0; found < 0 && i < count; i++)
        if (page_language_fits(tag, names[i])) found = (int)i;
    return found;
}

static int find_accepted(const char *accept_language, const char *const *names, size_t count) {
    struct range ranges[RANGES];
    int best = -1, best_quality = 0;
    size_t range_count = accept_language ? read_ranges(accept_language, ranges) : 0;
    for (size_t i = 0; i < range_count; i++) {
        if (ranges[i].quality <= best_quality) continue; /* equal: the first one counts */
        int found = strcmp(ranges[i].tag, "*") == 0 ? 0 : find_fitting(ranges[i].tag, names, count);
        if (found < 0) continue;
        best = found;
        best_quality = ranges[i].quality;
    }
    return best;
}

size_t page_language_choose(const char *const *wanted, size_t wanted_count,
                            const char *accept_language, const char *const *names, size_t count) {
    int found = -1;
    for (size_t i = 0; found < 0 && i < wanted_count; i++)
        if (wanted[i]) found = find_fitting(wanted[i], names, count);
    if (found < 0) found = find_accepted(accept_language, names, count);
    return found < 0 ? 0 : (size_t)found;
}

static bool is_right_to_left(const char *name) {
    char icu[64];
    UErrorCode e = U_ZERO_ERROR;
    uloc_forLanguageTag(name, icu, sizeof icu, NULL, &e);
    return U_SUCCESS(e) && e != U_STRING_NOT_TERMINATED_WARNING && uloc_isRightToLeft(icu);
}

const char *page_direction(const char *name) {
    /* Cached, since each page asks several times, nearly always for the same language. */
    static _Thread_local char last[16];
    static _Thread_local const char *last_direction;
    if (!name) return "ltr";
    if (last_direction && strcmp(name, last) == 0) return last_direction;
    const char *direction = is_right_to_left(name) ? "rtl" : "ltr";
    size_t len = strlen(name);
    if (len < sizeof last) {
        memcpy(last, name, len + 1);
        last_direction = direction;
    }
    return direction;
}
