/* How the server finds, executes and greets the program of the lab workers. */
#include "sandbox/worker_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/passing.h"
#include "sandbox/wire.h"

#define NAME "gradus-labs"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Their run-times are told by the environment what to look for; never in a released build. */
#define worker_environment environ
#else
static char *const worker_environment[] = {NULL};
#endif

const char *worker_program_find(struct arena *a, const char **why) {
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    *why = "The program of the lab workers cannot be looked for: /proc is not there.";
    if (n <= 0) return NULL;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    const char *places[] = {arena_printf(a, "%s/" NAME, self),
                            arena_printf(a, "%s/../libexec/gradus/" NAME, self)};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (access(places[i], X_OK) == 0) return places[i];
    *why = arena_printf(a, "The program of the lab workers is missing: it should be %s or %s.",
                        places[0], places[1]);
    return NULL;
}

/* The program gets our standard error, if we have one, and the socket; /dev/null stands for the
 * others. */
static int descriptors(posix_spawn_file_actions_t *actions, int fd) {
    int failed = posix_spawn_file_actions_adddup2(actions, fd, SANDBOX_FD);
    for (int i = 0; !failed && i < SANDBOX_FD; i++)
        if (i < STDERR_FILENO || fcntl(i, F_GETFD) < 0)
            failed = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
    return failed ? failed : posix_spawn_file_actions_addclosefrom_np(actions, SANDBOX_FD + 1);
}

static int spawn(const char *path, int fd, pid_t *pid) {
    char *const argv[] = {(char *)(uintptr_t)NAME, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    failed = descriptors(&actions, fd);
    if (!failed) failed = posix_spawnattr_setpgroup(&attributes, 0);
    if (!failed) failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (!failed) failed = posix_spawn(pid, path, &actions, &attributes, argv, worker_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

int worker_program_execute(const char *path, int *fd, pid_t *pid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    /* Above SANDBOX_FD, where dup2 puts it. */
    int high = fcntl(ends[1], F_DUPFD_CLOEXEC, SANDBOX_FD + 1),
        failed = high < 0 ? errno : spawn(path, high, pid);
    if (high >= 0) close(high);
    close(ends[1]);
    if (failed) close(ends[0]);
    else *fd = ends[0];
    return failed;
}

enum err worker_program_handshake(int fd, const char *path, char why[PROGRAM_WHY_BYTES]) {
    char hello[PASSING_HELLO_BYTES + 1];
    ssize_t len = wire_wait(fd, POLLIN, clock_monotonic_ms() + SANDBOX_START_MS)
                      ? recv(fd, hello, sizeof hello - 1, MSG_DONTWAIT)
                      : -1;
    hello[len > 0 ? len : 0] = '\0';
    if (hello[0] == PASSING_READY && str_eq(hello + 1, worker_version())) return OK;
    if (len <= 0) {
        snprintf(why, PROGRAM_WHY_BYTES, "The program of the lab workers, %s, does not start.",
                 path);
        return ERR_IO;
    }
    if (hello[0] == PASSING_UNABLE) {
        snprintf(why, PROGRAM_WHY_BYTES, "%s", hello + 1);
        return ERR_IO;
    }
    snprintf(why, PROGRAM_WHY_BYTES,
             "The program of the lab workers, %s, is of another version than this one: install "
             "both from the same build.",
             path);
    return ERR_CONFLICT;
}
