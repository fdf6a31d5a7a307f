/* The question for a passphrase, on a terminal of its own. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "server/backup.h"

static int terminal;
static pid_t child;

/* The child ends with 0 when what was typed is the passphrase that was meant. */
static void begin(void) {
    child = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child > 0) return;
    const char *why;
    char *given = backup_passphrase(true, &why);
    _exit(given && strcmp(given, "five wet stones") == 0 ? 0 : 1);
}

static bool shows(void) {
    struct termios t;
    assert_int_equal(tcgetattr(terminal, &t), 0);
    return t.c_lflag & ECHO;
}

/* Reads what the child says until its question has been asked so often, and it no longer shows what
 * is typed. */
static void wait_for_question(int count) {
    static char said[4096];
    static size_t len;
    if (count == 1) len = 0;
    for (int found = 0; found < count || shows();) {
        struct pollfd p = {.fd = terminal, .events = POLLIN};
        int ready = poll(&p, 1, found < count ? 10000 : 10);
        assert_true(ready > 0 || found >= count);
        ssize_t n = ready > 0 ? read(terminal, said + len, sizeof said - 1 - len) : 0;
        assert_true(n >= 0);
        len += (size_t)n;
        said[len] = '\0';
        found = 0;
        for (const char *at = said; (at = strstr(at, ": ")) != NULL; at += 2) found++;
    }
}

static void type(const char *text) {
    assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

static int end(void) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    bool shown = shows();
    close(terminal);
    assert_true(shown);
    return status;
}

static void a_passphrase_is_typed_unseen(void **state) {
    (void)state;
    begin();
    wait_for_question(1);
    type("five wet stones\n");
    wait_for_question(2);
    type("five wet stones\n");
    int status = end();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void whoever_ends_it_sees_what_is_typed_again(void **state) {
    (void)state;
    static const struct {
        const char *typed;
        int signal;
    } ways[] = {{"\x03", SIGINT}, {"half\x03", SIGINT}, {"\x1c", SIGQUIT}, {NULL, SIGTERM}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        begin();
        wait_for_question(1);
        if (ways[i].typed) type(ways[i].typed);
        else kill(child, ways[i].signal);
        int status = end();
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), ways[i].signal);
    }
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_passphrase_is_typed_unseen),
        cmocka_unit_test(whoever_ends_it_sees_what_is_typed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
