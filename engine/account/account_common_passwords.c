/* Common passwords, which are guessed first: the list of common_passwords.txt (which names its
 * source) is part of the program. */
#include <string.h>
#include <strings.h>

#include "account/account_private.h"
#include "base/text.h"

/* The Makefile makes this object depend on the file. */
__asm__(".section .rodata\n"
        ".global account_common_list, account_common_bytes\n"
        "account_common_list:\n"
        ".incbin \"engine/account/common_passwords.txt\"\n"
        "1: .balign 8\n"
        "account_common_bytes: .quad 1b - account_common_list\n"
        ".previous\n");
extern const char account_common_list[];
extern const size_t account_common_bytes;

/* How many digits and signs may be put around a common password so that it still counts as one. */
#define AROUND_LIMIT 6

static const char *line_start(const char *from, const char *p) {
    while (p > from && p[-1] != '\n') p--;
    return p;
}

static int compare(const char *line, const char *word, size_t len) {
    size_t n = strcspn(line, "\n");
    int order = memcmp(line, word, n < len ? n : len);
    return order ? order : (n > len) - (n < len);
}

/* Binary search. The list is sorted by bytes; before it are notes that begin with '#', and the file
 * ends with a newline. */
static bool listed(const char *word, size_t len) {
    const char *from = account_common_list, *to = from + account_common_bytes;
    while (from < to && *from == '#') from = strchr(from, '\n') + 1;
    while (from < to) {
        const char *line = line_start(from, from + (to - from) / 2);
        int order = compare(line, word, len);
        if (order == 0) return true;
        if (order > 0) to = line;
        else from = line + strcspn(line, "\n") + 1;
    }
    return false;
}

/* The length of the shortest piece that `text` repeats; `len` when there is none. */
static size_t period(const char *text, size_t len) {
    for (size_t n = 1; n <= len / 2; n++)
        if (len % n == 0 && memcmp(text, text + n, len - n) == 0) return n;
    return len;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80; }

bool account_password_repeats(const char *password) {
    size_t len = strlen(password);
    return len > 0 && period(password, len) <= 4;
}

bool account_password_common(const char *password) {
    char small[4 * ACCOUNT_PASSWORD_MAX + 1];
    size_t len = strlen(password);
    if (len >= sizeof small) return false;
    for (size_t i = 0; i <= len; i++) small[i] = ascii_lower(password[i]);
    if (listed(small, period(small, len))) return true;
    size_t from = 0, to = len;
    while (from < to && !is_letter(small[from])) from++;
    while (to > from && !is_letter(small[to - 1])) to--;
    if (from == to || !listed(small + from, period(small + from, to - from))) return false;
    bool around = (from && listed(small, from)) || (to < len && listed(small + to, len - to));
    return around || from + (len - to) <= AROUND_LIMIT;
}
