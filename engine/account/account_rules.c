/* Rules about people, passwords and sign-ins. Pure: no store, no clock. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "account/account.h"
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

/* Characters that print nothing or change how a page reads, so that one name can look like another: controls, marks of
 * direction (Unicode Standard Annex 9, section 2), invisible joints, annotations and tags. The joiners that Arabic, Thai
 * and Indic names need stay. */
static bool hidden_character(const char *p) {
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
                  {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F}, {0x2028, 0x202E},
                  {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
    const unsigned char *s = (const unsigned char *)p;
    uint32_t c = s[0];
    if (c >= 0xF0) c = (c & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u);
    else if (c >= 0xE0) c = (c & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
    else if (c >= 0xC0) c = (c & 31u) << 6 | (s[1] & 63u);
    else if (c >= 0x80) return false; /* inside a character that was looked at */
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (c >= hidden[i].first && c <= hidden[i].last) return true;
    return false;
}

static bool plain_line(const char *text) {
    if (!utf8_valid(text, strlen(text))) return false;
    for (const char *p = text; *p; p++)
        if (hidden_character(p)) return false;
    return true;
}

static bool login_valid(const char *login) {
    size_t n = strlen(login);
    return n >= ACCOUNT_LOGIN_MIN && n <= ACCOUNT_LOGIN_MAX &&
           strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static bool email_valid(const char *email) {
    const char *at = strchr(email, '@');
    size_t n = strlen(email);
    return at && at != email && strchr(at + 1, '.') && !strchr(at + 1, '@') && n <= 254 &&
           !strpbrk(email, " \t,;<>\"()");
}

const char *account_person_problem(struct arena *a, const char *login, const char *name,
                                   const char *email) {
    if (!login || !login_valid(login)) return "account_problem_login";
    if (!name || !*str_trim(a, name)) return "account_problem_no_name";
    if (!plain_line(name)) return "account_problem_name_hidden";
    if (utf8_count(name) > ACCOUNT_NAME_LIMIT) return "account_problem_name_long";
    if (!email || !plain_line(email) || !email_valid(email)) return "account_problem_email";
    return NULL;
}

const char *account_password_problem(const char *password, const char *login) {
    static const char *const common[] = {
        "1234567890",   "12345678910",      "0123456789",  "qwertyuiop",    "password123",
        "password1234", "passwordpassword", "iloveyou123", "administrator", "letmein123",
        "1q2w3e4r5t",   "qwerty12345",      "1111111111",  "0987654321",    "welcome123"};
    if (!password || !utf8_valid(password, strlen(password)) ||
        utf8_count(password) < ACCOUNT_PASSWORD_MIN)
        return "account_problem_password_short";
    if (utf8_count(password) > ACCOUNT_PASSWORD_MAX) return "account_problem_password_long";
    if (login && *login && strstr(password, login)) return "account_problem_password_login";
    for (size_t i = 0; i < COUNT_OF(common); i++)
        if (str_eq(password, common[i])) return "account_problem_password_common";
    const char *p = password;
    while (*p == *password) p++;
    return *p ? NULL : "account_problem_password_repeated";
}

const char *account_client_key(struct arena *a, const char *client) {
    struct in6_addr six;
    if (inet_pton(AF_INET6, client, &six) != 1) return client;
    const unsigned char *s = six.s6_addr;
    return arena_printf(a, "%x:%x:%x:%x::/64", s[0] << 8 | s[1], s[2] << 8 | s[3], s[4] << 8 | s[5],
                        s[6] << 8 | s[7]);
}

static int64_t until(int64_t last_ms, int64_t wait_ms, int64_t now_ms) {
    int64_t left = last_ms + wait_ms - now_ms;
    return left > 0 ? left : 0;
}

int64_t account_throttle_ms(const struct login_history *h, int64_t now_ms) {
    int64_t wait = 0;
    if (h->pair_failures >= 5) {
        int64_t doubled = MS_SECOND << (h->pair_failures - 5 > 10 ? 10 : h->pair_failures - 5);
        if (doubled > 15 * MS_MINUTE) doubled = 15 * MS_MINUTE;
        wait = until(h->pair_last_ms, doubled, now_ms);
    }
    if (h->login_failures >= 20 && !h->known_client) {
        int64_t left = until(h->login_last_ms, 10 * MS_SECOND, now_ms);
        if (left > wait) wait = left;
    }
    if (h->client_failures >= 60) {
        int64_t left = until(h->client_last_ms, 30 * MS_SECOND, now_ms);
        if (left > wait) wait = left;
    }
    return wait;
}

char *account_random_password(struct arena *a) {
    /* Without letters and digits that people mistake for each other. */
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char *out = arena_alloc(a, 24);
    for (int i = 0; i < 23; i++)
        out[i] = i % 6 == 5 ? '-' : letters[random_below(sizeof letters - 1)];
    return out;
}
