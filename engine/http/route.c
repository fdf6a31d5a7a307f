/* Route matching: a walk over the table, segment by segment. */
#include "http/route.h"

#include <string.h>

#include "http/form.h"

#define SEGMENTS 16

struct segments {
    char *text[SEGMENTS];
    size_t count;
    const char *raw_rest[SEGMENTS]; /* raw path from this segment on */
};

static bool split(struct arena *a, const char *raw, struct segments *out) {
    out->count = 0;
    if (*raw != '/') return false;
    raw++;
    while (*raw) {
        size_t n = strcspn(raw, "/");
        if (out->count == SEGMENTS)
            return true; /* more than any route but "*" has: raw_rest serves those */
        out->raw_rest[out->count] = raw;
        char *text = percent_decode(a, raw, n, false);
        if (!text) return false;
        out->text[out->count++] = text;
        raw += n;
        if (*raw == '/') {
            raw++;
            if (!*raw && out->count < SEGMENTS) { /* a trailing slash is an empty segment */
                out->raw_rest[out->count] = raw;
                out->text[out->count++] = arena_copy(a, "", 0);
            }
        }
    }
    return true;
}

static bool matches(struct arena *a, const char *pattern, const struct segments *s,
                    const char **param, bool *broken) {
    size_t at = 0, captures = 0;
    const char *p = pattern + 1;
    while (*p) {
        size_t n = strcspn(p, "/");
        if (n == 1 && *p == '*') {
            if (at >= s->count || captures == REQUEST_PARAMS) return false;
            const char *rest = s->raw_rest[at];
            param[captures] = percent_decode(a, rest, strlen(rest), false);
            *broken = *broken || !param[captures];
            return param[captures] != NULL;
        }
        if (at >= s->count) return false;
        if (*p == ':') {
            if (!*s->text[at] || captures == REQUEST_PARAMS) return false;
            param[captures++] = s->text[at];
        } else if (strlen(s->text[at]) != n || memcmp(s->text[at], p, n) != 0) return false;
        at++;
        p += n;
        if (*p == '/') p++;
    }
    return at == s->count;
}

bool route_find(const struct route *routes, size_t count, enum method method, const char *raw_path,
                struct arena *a, struct route_match *out) {
    memset(out, 0, sizeof *out);
    struct segments s;
    if (!split(a, raw_path, &s)) return false;
    bool broken = false;
    for (size_t i = 0; i < count; i++) {
        const char *param[REQUEST_PARAMS] = {0};
        if (!matches(a, routes[i].path, &s, param, &broken)) continue;
        out->path_known = true;
        out->allowed |= 1u << routes[i].method;
        if (routes[i].method != method && !(routes[i].flags & ROUTE_METHODS)) continue;
        out->route = &routes[i];
        memcpy(out->param, param, sizeof param);
        return true;
    }
    return !broken;
}
