/* What an academy's address may be, and what it is as a DID. */
#include "cert/cert_origin.h"

#include <string.h>

#include "base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HOST_MAX 253 /* RFC 1035, section 2.3.4, as text */
#define LABEL_MAX 63

/* Labels of letters, digits and hyphens between dots (RFC 1123, section 2.1). */
static bool host_valid(const char *host, size_t len) {
    if (len == 0 || len > HOST_MAX) return false;
    for (size_t at = 0; at <= len;) {
        size_t n = strspn(host + at, LETTERS DIGITS "-");
        if (n == 0 || n > LABEL_MAX || host[at] == '-' || host[at + n - 1] == '-') return false;
        at += n;
        if (at < len && host[at] != '.') return false;
        at++;
    }
    return true;
}

const char *cert_origin_problem(const char *origin) {
    const char *host = str_has_prefix(origin, "https://")  ? origin + strlen("https://")
                       : str_has_prefix(origin, "http://") ? origin + strlen("http://")
                                                           : NULL;
    int64_t port;
    if (!host) return "it begins with neither https:// nor http://";
    if (strchr(host, '@')) return "it names a user";
    if (strpbrk(host, "/?#"))
        return "it has more than a host and a port, and an academy has its host to itself";
    if (host[0] == '[') return "it is an IPv6 address, and did:web knows only names and IPv4";
    size_t len = strcspn(host, ":");
    if (!host_valid(host, len))
        return "its host is no name of letters, digits, hyphens and dots (an international one has "
               "an xn-- form)";
    if (host[len] && !parse_i64(host + len + 1, 1, 65535, &port))
        return "its port is no number from 1 to 65535";
    return NULL;
}

char *cert_did_from_origin(struct arena *a, const char *origin) {
    if (cert_origin_problem(origin)) return NULL;
    const char *host = strstr(origin, "://") + strlen("://");
    size_t len = strcspn(host, ":");
    const char *name = str_lower(a, arena_copy(a, host, len));
    return host[len] ? arena_printf(a, "did:web:%s%%3A%s", name, host + len + 1)
                     : arena_printf(a, "did:web:%s", name);
}
