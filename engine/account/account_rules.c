/* Rules about roles, passwords and sign-ins. Pure: no store, no clock. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "account/account_private.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

static const struct {
    const char *name;
    unsigned role;
} role_names[] = {{"learner", ROLE_LEARNER},
                  {"instructor", ROLE_INSTRUCTOR},
                  {"assessor", ROLE_ASSESSOR},
                  {"admin", ROLE_ADMIN}};

bool account_roles_parse(const char *text, unsigned *roles) {
    *roles = 0;
    while (*text) {
        size_t n = strcspn(text, ","), i = 0;
        while (i < COUNT_OF(role_names) &&
               !(strlen(role_names[i].name) == n && memcmp(role_names[i].name, text, n) == 0))
            i++;
        if (i == COUNT_OF(role_names)) return false;
        *roles |= role_names[i].role;
        text += n + (text[n] == ',');
    }
    return *roles != 0;
}

const char *account_roles_text(struct arena *a, unsigned roles) {
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < COUNT_OF(role_names); i++)
        if (roles & role_names[i].role)
            buf_printf(&b, "%s%s", b.len ? "," : "", role_names[i].name);
    return buf_text(&b);
}

const struct account_problem *account_password_problem(const char *password, const char *login) {
    static const struct account_problem brief = {.key = "account_problem_password_short"},
                                        lengthy = {.key = "account_problem_password_long"},
                                        of_login = {.key = "account_problem_password_login"},
                                        common = {.key = "account_problem_password_common"},
                                        repeated = {.key = "account_problem_password_repeated"};
    if (!password || !utf8_valid(password, strlen(password)) ||
        utf8_count(password) < ACCOUNT_PASSWORD_MIN)
        return &brief;
    if (utf8_count(password) > ACCOUNT_PASSWORD_MAX) return &lengthy;
    if (login && *login && strcasestr(password, login)) return &of_login;
    if (account_password_repeats(password)) return &repeated;
    return account_password_common(password) ? &common : NULL;
}

const char *account_client_key(struct arena *a, const char *client) {
    struct in6_addr six;
    if (inet_pton(AF_INET6, client, &six) != 1) return client;
    const unsigned char *s = six.s6_addr;
    return arena_printf(a, "%x:%x:%x:%x::/64", s[0] << 8 | s[1], s[2] << 8 | s[3], s[4] << 8 | s[5],
                        s[6] << 8 | s[7]);
}

#define PRIVILEGED_ROLES (ROLE_INSTRUCTOR | ROLE_ASSESSOR | ROLE_ADMIN)

int64_t account_session_idle_ms(unsigned roles) {
    return roles & PRIVILEGED_ROLES ? MS_HOUR : 3 * MS_DAY;
}

int64_t account_session_until(unsigned roles, int64_t began_ms, int64_t used_ms) {
    int64_t end = began_ms + (roles & PRIVILEGED_ROLES ? 12 * MS_HOUR : 14 * MS_DAY);
    int64_t idle = used_ms + account_session_idle_ms(roles);
    return idle < end ? idle : end;
}

void account_throttle_add(struct recent_failures *r, int64_t at_ms) {
    if (r->count < THROTTLE_ALL) r->at_ms[r->count++] = at_ms;
}

static int64_t later(int64_t wait, int64_t until_ms, int64_t now_ms) {
    return until_ms - now_ms > wait ? until_ms - now_ms : wait;
}

/* The wait until the `limit`th newest failure is a minute old. */
static int64_t minute_wait(int64_t wait, const struct recent_failures *r, int limit,
                           int64_t now_ms) {
    return r->count < limit ? wait : later(wait, r->at_ms[limit - 1] + THROTTLE_MINUTE_MS, now_ms);
}

static int64_t doubled(int64_t first_ms, int64_t times, int64_t most_ms) {
    int64_t wait = times > 20 ? most_ms : first_ms << times;
    return wait < most_ms ? wait : most_ms;
}

struct login_throttle account_throttle(const struct login_history *h, int64_t now_ms) {
    struct login_throttle throttle = {.known = h->known_client};
    throttle.wait_ms = minute_wait(0, &h->login, h->known_client ? THROTTLE_ALL : THROTTLE_UNKNOWN,
                                   now_ms);
    if (h->known_client)
        throttle.wait_ms = minute_wait(throttle.wait_ms, &h->pair, THROTTLE_KNOWN, now_ms);
    if (h->pair_failures >= 5)
        throttle.wait_ms = later(
            throttle.wait_ms,
            h->pair_last_ms + doubled(MS_SECOND, h->pair_failures - 5, THROTTLE_WINDOW_MS), now_ms);
    if (h->client_failures >= THROTTLE_CLIENT && !h->known_client) {
        int64_t times = 0;
        while (h->client_failures >= THROTTLE_CLIENT << (times + 1)) times++;
        throttle.hold_ms = doubled(250, times, 4 * MS_SECOND);
    }
    return throttle;
}

char *account_random_password(struct arena *a) {
    /* Without letters and digits that look alike. */
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char *out = arena_alloc(a, 24);
    for (int i = 0; i < 23; i++)
        out[i] = i % 6 == 5 ? '-' : letters[random_below(sizeof letters - 1)];
    return out;
}
