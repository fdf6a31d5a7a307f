/* gradus-labs: the program of the lab workers. The server starts it with a socket as descriptor
 * SANDBOX_FD and no environment; it is a zygote, and its workers confine themselves (jail.h). */
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "sandbox/passing.h"
#include "sandbox/sandbox.h"
#include "sandbox/state.h"
#include "sandbox/zygote.h"

static bool has_socket(void) {
    int kind = 0;
    socklen_t len = sizeof kind;
    return getsockopt(SANDBOX_FD, SOL_SOCKET, SO_TYPE, &kind, &len) == 0 && kind == SOCK_SEQPACKET;
}

static bool say(char what, const char *words) {
    char hello[PASSING_HELLO_BYTES];
    int n = snprintf(hello, sizeof hello, "%c%s", what, words);
    size_t len = n < (int)sizeof hello ? (size_t)n : sizeof hello - 1;
    return send(SANDBOX_FD, hello, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Makes this process end with the server's thread that started it. Had that ended before now, the
 * socket would have no other end, and the first message fails. */
static void follow_server(void) { prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

/* Prepares all that workers need and cannot do once they are confined. */
static void prepare(void) {
    /* A stop of the service goes to all of its processes; the server ends us when it is done with
     * runs. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setenv("TZ", "UTC0", 1);
    tzset();
    codec_start();
    xmlInitParser();
    state_engine_start();
}

int main(int argc, char **argv) {
    const char *why;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(worker_version()) < 0;
    if (argc != 1 || !has_socket()) {
        fputs("gradus-labs: gradus starts this program; by itself it does nothing.\n", stderr);
        return 2;
    }
    follow_server();
    prepare();
    struct jail *jail = jail_prepare(&why);
    if (!say(jail ? PASSING_READY : PASSING_UNABLE, jail ? worker_version() : why) || !jail)
        return 1;
    zygote_main(SANDBOX_FD, jail, NULL);
}
