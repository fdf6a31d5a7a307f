/* The clock and the machine forms of a time. What people read is formatted with ICU in page/. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#define UNSET INT64_MIN
static _Atomic int64_t trusted_base_ms = UNSET;

int64_t clock_wall_ms(void) { return read_clock_us(CLOCK_REALTIME) / 1000; }
int64_t clock_boot_ms(void) { return read_clock_us(CLOCK_BOOTTIME) / 1000; }
void clock_set(int64_t base_ms) { atomic_store(&trusted_base_ms, base_ms); }
void clock_unset(void) { atomic_store(&trusted_base_ms, UNSET); }
int64_t clock_now_ms(void) {
    int64_t base_ms = atomic_load(&trusted_base_ms);
    return base_ms == UNSET ? clock_wall_ms() : base_ms + clock_boot_ms();
}
int64_t clock_monotonic_ms(void) { return read_clock_us(CLOCK_MONOTONIC) / 1000; }
int64_t clock_monotonic_us(void) { return read_clock_us(CLOCK_MONOTONIC); }

static struct tm parts(int64_t ms) {
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0)); /* towards the past, also before 1970 */
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    gmtime_r(&seconds, &tm);
    return tm;
}

static char *formatted(struct arena *a, int64_t ms, const char *format) {
    struct tm tm = parts(ms);
    char *out = arena_alloc(a, 64);
    strftime(out, 64, format, &tm);
    return out;
}

char *time_iso(struct arena *a, int64_t ms) { return formatted(a, ms, "%Y-%m-%dT%H:%M:%SZ"); }
char *time_iso_date(struct arena *a, int64_t ms) { return formatted(a, ms, "%Y-%m-%d"); }

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool digits(const char **p, int count, int *out) {
    *out = 0;
    for (; count--; (*p)++) {
        if (**p < '0' || **p > '9') return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool skip(const char **p, char c) { return **p == c ? (*p)++, true : false; }

bool time_parse_iso(const char *p, int64_t *ms) {
    int year, month, day, hour, minute, second, millis = 0, zone = 0;
    if (!p || !digits(&p, 4, &year) || !skip(&p, '-') || !digits(&p, 2, &month) || !skip(&p, '-') ||
        !digits(&p, 2, &day) || !skip(&p, 'T') || !digits(&p, 2, &hour) || !skip(&p, ':') ||
        !digits(&p, 2, &minute) || !skip(&p, ':') || !digits(&p, 2, &second))
        return false;
    if (skip(&p, '.')) {
        if (*p < '0' || *p > '9') return false;
        for (int scale = 100; *p >= '0' && *p <= '9'; p++, scale /= 10)
            millis += (*p - '0') * scale;
    }
    if (*p == '+' || *p == '-') {
        int sign = *p++ == '-' ? -1 : 1, h, m;
        if (!digits(&p, 2, &h) || !skip(&p, ':') || !digits(&p, 2, &m) || h > 23 || m > 59)
            return false;
        zone = sign * (h * 60 + m);
    } else if (!skip(&p, 'Z')) return false;
    if (*p || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60)
        return false;
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    *ms = (int64_t)timegm(&tm) * 1000 + millis - (int64_t)zone * MS_MINUTE;
    return true;
}

int64_t time_add_months(int64_t ms, int months) {
    struct tm tm = parts(ms);
    int total = (tm.tm_year + 1900) * 12 + tm.tm_mon + months;
    tm.tm_year = total / 12 - 1900;
    tm.tm_mon = total % 12;
    int last = days_in_month(tm.tm_year + 1900, tm.tm_mon + 1);
    if (tm.tm_mday > last) tm.tm_mday = last;
    return (int64_t)timegm(&tm) * 1000 + (ms % 1000 + 1000) % 1000;
}
