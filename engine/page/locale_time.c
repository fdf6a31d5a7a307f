/* Dates and times for people. ICU's date formats may not be shared by threads, so each thread
 * caches a few. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/ucal.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/clock.h"
#include "page/page.h"
#include "page/view.h"

#define CACHED_FORMATS 6
#define NAME_BYTES 64

enum style { STYLE_FULL, STYLE_DATE, STYLE_CLOCK, STYLES };

struct formats {
    char locale[NAME_BYTES], zone[NAME_BYTES];
    bool utc; /* the zone is unknown: " UTC" is added to each time */
    UDateFormat *style[STYLES];
    unsigned long used; /* when it was used last; the oldest is replaced */
};

struct format_cache {
    struct formats at[CACHED_FORMATS];
    unsigned long turn;
};

static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void close_formats(struct formats *f) {
    for (int i = 0; i < STYLES; i++)
        if (f->style[i]) udat_close(f->style[i]);
    memset(f, 0, sizeof *f);
}

static void free_cache(void *thing) {
    struct format_cache *k = thing;
    for (int i = 0; i < CACHED_FORMATS; i++) close_formats(&k->at[i]);
    free(k);
}

static void make_key(void) {
    BUG_IF(pthread_key_create(&cache_key, free_cache) != 0); /* cannot fail: see arena.c */
}

static UDateFormat *open_format(UDateFormatStyle time, UDateFormatStyle date, const char *locale,
                                const char *zone) {
    UChar wide[NAME_BYTES];
    UErrorCode e = U_ZERO_ERROR;
    u_uastrncpy(wide, zone, NAME_BYTES);
    UDateFormat *f = udat_open(time, date, locale, wide, -1, NULL, 0, &e);
    return U_SUCCESS(e) ? f : NULL;
}

static UDateFormat *clock_format(const char *locale, const char *zone) {
    UErrorCode e = U_ZERO_ERROR;
    UChar pattern[NAME_BYTES], wide[NAME_BYTES];
    UDateTimePatternGenerator *g = udatpg_open(locale, &e);
    int32_t len = udatpg_getBestPattern(g, u"jms", 3, pattern, NAME_BYTES, &e);
    if (g) udatpg_close(g);
    if (U_FAILURE(e)) return NULL;
    u_uastrncpy(wide, zone, NAME_BYTES);
    UDateFormat *f = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, wide, -1, pattern, len, &e);
    return U_SUCCESS(e) ? f : NULL;
}

/* A zone that ICU knows: an unknown one would silently be GMT. */
static bool zone_known(const char *zone) {
    if (!*zone || strcmp(zone, "UTC") == 0) return false;
    for (const char *p = zone; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              strchr("/_+-", *p)))
            return false;
    UChar wide[NAME_BYTES], canonical[NAME_BYTES];
    UErrorCode e = U_ZERO_ERROR;
    UBool system_id = 0;
    u_uastrncpy(wide, zone, NAME_BYTES);
    ucal_getCanonicalTimeZoneID(wide, -1, canonical, NAME_BYTES, &system_id, &e);
    return U_SUCCESS(e) && system_id;
}

static bool open_formats(struct formats *f, const char *locale, const char *zone) {
    char icu[NAME_BYTES];
    UErrorCode e = U_ZERO_ERROR;
    uloc_forLanguageTag(locale, icu, sizeof icu, NULL, &e);
    /* "en" without a region becomes en_GB, which writes the day first and the month as a word:
     * 11/12 could be two days. */
    if (U_FAILURE(e) || e == U_STRING_NOT_TERMINATED_WARNING || strcmp(icu, "en") == 0)
        snprintf(icu, sizeof icu, "en_GB");
    f->utc = !zone_known(zone);
    const char *shown = f->utc ? "UTC" : zone;
    f->style[STYLE_FULL] = open_format(UDAT_SHORT, UDAT_MEDIUM, icu, shown);
    f->style[STYLE_DATE] = open_format(UDAT_NONE, UDAT_MEDIUM, icu, shown);
    f->style[STYLE_CLOCK] = clock_format(icu, shown);
    snprintf(f->locale, NAME_BYTES, "%s", locale);
    snprintf(f->zone, NAME_BYTES, "%s", zone);
    return f->style[STYLE_FULL] && f->style[STYLE_DATE] && f->style[STYLE_CLOCK];
}

/* This thread's formats for a locale and zone; NULL when ICU cannot open them. */
static const struct formats *formats_for(const char *locale, const char *zone) {
    pthread_once(&cache_once, make_key);
    struct format_cache *k = pthread_getspecific(cache_key);
    if (!k) {
        k = calloc(1, sizeof *k);
        if (!k || pthread_setspecific(cache_key, k) != 0) {
            free(k);
            return NULL;
        }
    }
    struct formats *oldest = &k->at[0];
    for (int i = 0; i < CACHED_FORMATS; i++) {
        struct formats *f = &k->at[i];
        if (f->style[0] && strcmp(f->locale, locale) == 0 && strcmp(f->zone, zone) == 0) {
            f->used = ++k->turn;
            return f;
        }
        if (f->used < oldest->used) oldest = f;
    }
    close_formats(oldest);
    if (!open_formats(oldest, locale, zone)) {
        close_formats(oldest);
        return NULL;
    }
    oldest->used = ++k->turn;
    return oldest;
}

static const char *formatted(char *out, size_t size, UDateFormat *f, int64_t ms,
                             const char *fallback) {
    UChar wide[128];
    UErrorCode e = U_ZERO_ERROR;
    int32_t bytes = 0, len = udat_format(f, (UDate)ms, wide, COUNT_OF(wide), NULL, &e);
    u_strToUTF8(out, (int32_t)size, &bytes, wide, len, &e);
    return U_SUCCESS(e) && e != U_STRING_NOT_TERMINATED_WARNING ? out : fallback;
}

void view_time(struct view *v, const char *name, int64_t ms, const char *locale, const char *zone) {
    static const char *const suffixes[STYLES] = {"", "_date", "_clock"};
    if (!locale || !*locale || strlen(locale) >= NAME_BYTES) locale = "en";
    if (!zone || strlen(zone) >= NAME_BYTES) zone = "";
    const struct formats *f = formats_for(locale, zone);
    const char *iso = time_iso(v->arena, ms);
    for (int i = 0; i < STYLES; i++) {
        char text[400];
        const char *shown = f ? formatted(text, sizeof text, f->style[i], ms, iso) : iso;
        const char *mark = f && f->utc && i != STYLE_DATE ? " UTC" : "";
        view_text(v, arena_printf(v->arena, "%s%s", name, suffixes[i]),
                  arena_printf(v->arena, "%s%s", shown, mark));
    }
    view_text(v, arena_printf(v->arena, "%s_iso", name), iso);
}

const char *page_icu_problem(void) {
    struct formats f = {0};
    bool fine = open_formats(&f, "en", "Europe/Berlin") && !f.utc;
    close_formats(&f);
    return fine ? NULL
                : "the data of languages and time zones (ICU) cannot be read. On Debian, install "
                  "the package libicu72 again, and see that ICU_DATA is not set";
}
