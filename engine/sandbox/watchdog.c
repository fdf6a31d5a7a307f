/* A bound on processor time that does not depend on SQLite's checks. */
#include "sandbox/watchdog.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/wire.h"

static struct {
    int fd;
    const char *words;
    size_t len;
} last;

/* The handler calls nothing but write() and _exit(): the code that was interrupted may hold locks
 * of malloc. */
static void too_late(int signal) {
    (void)signal;
    if (last.words && !wire_send(last.fd, WIRE_FINE, last.words, last.len, WIRE_NO_DEADLINE))
        _exit(1);
    _exit(0);
}

void watchdog_prepare(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = too_late;
    sigfillset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) != 0) BUG("a signal's handler cannot be set");
}

static void set(int64_t ms) {
    struct itimerval when = {{0, 0}, {ms / MS_SECOND, ms % MS_SECOND * 1000}};
    if (setitimer(ITIMER_PROF, &when, NULL) != 0) BUG("a timer cannot be set");
}

void watchdog_start(int64_t cpu_ms, int fd, struct buf *words) {
    last.fd = fd;
    last.words = buf_text(words);
    last.len = words->len;
    set(cpu_ms);
}

void watchdog_stop(void) {
    set(0);
    last.words = NULL;
}
