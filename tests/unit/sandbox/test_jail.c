/* What a worker might try if somebody had taken it over: each attempt is made by a process in the
 * real jail, and must end there. Which end is part of the test: killed by the kernel, or refused.
 */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/jail.h"

#define REFUSED 42 /* exit codes of an attempt: refused as it should be, */
#define WORKED 43  /* or it got what it wanted */
#define MARK "/tmp/gradus-jail-escaped"

/* The status of a process that enters the jail and tries. */
static int try_in_cell(void (*attempt)(void)) {
    const char *why = NULL;
    int ends[2], status = -1;
    struct jail *jail = jail_prepare(&why);
    if (!jail) fail_msg("%s", why);
    unlink(MARK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!jail_enter(jail, ends[1], &why)) _exit(99);
        attempt();
        _exit(WORKED);
    }
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(jail);
    assert_int_equal(access(MARK, F_OK), -1);
    return status;
}

static void dies(void (*attempt)(void)) {
    int status = try_in_cell(attempt);
    if (!WIFSIGNALED(status)) fail_msg("it was not killed, it ended with %d", WEXITSTATUS(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void is_refused(void (*attempt)(void)) {
    int status = try_in_cell(attempt);
    if (WIFSIGNALED(status)) fail_msg("killed by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void verdict(bool got_it) { _exit(got_it ? WORKED : REFUSED); }

/* ---- Attempts ------------------------------------------------------------------------------- */
static void nothing(void) { _exit(REFUSED); }
static void open_file(void) { verdict(open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES); }
static void make_file(void) { verdict(open(MARK, O_CREAT | O_WRONLY, 0600) >= 0); }
static void open_self(void) { verdict(open("/proc/self/mem", O_RDWR) >= 0); }
static void tcp_socket(void) { socket(AF_INET, SOCK_STREAM, 0); }
static void udp_socket(void) { socket(AF_INET, SOCK_DGRAM, 0); }
static void unix_socket(void) { socket(AF_UNIX, SOCK_STREAM, 0); }
static void forks(void) { syscall(SYS_fork); }
static void clones(void) { syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL); }
static void threads(void) { syscall(SYS_clone3, NULL, 0); }
static void executes(void) {
    char *const argv[] = {(char *)(uintptr_t) "/bin/touch", (char *)(uintptr_t)MARK, NULL};
    execv("/bin/touch", argv);
}
static void traces(void) { ptrace(PTRACE_ATTACH, 1, NULL, NULL); }
static void reads_others(void) {
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)4096, 1};
    process_vm_readv(1, &mine, 1, &theirs, 1, 0);
}
static void kills(void) { syscall(SYS_kill, 1, SIGTERM); }
static void memory_file(void) { syscall(SYS_memfd_create, "x", 0); }
static void io_ring(void) {
    struct io_uring_params p;
    memset(&p, 0, sizeof p);
    syscall(SYS_io_uring_setup, 4, &p);
}
static void unshares(void) { unshare(CLONE_NEWUSER); }
static void becomes_root(void) { syscall(SYS_setuid, 0); }
static void loads_bpf(void) { syscall(SYS_bpf, 0, NULL, 0); }
static void executable_memory(void) {
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void makes_executable(void) {
    syscall(SYS_mprotect, (uintptr_t)&kills & ~4095ul, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static void maps_a_file(void) { mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, JAIL_FD, 0); }
static void writes_elsewhere(void) {
    write(STDERR_FILENO, "escaped\n", 8) == 8 ? _exit(WORKED) : _exit(REFUSED);
}
static void duplicates(void) { syscall(SYS_dup2, JAIL_FD, 1); }
static void sends_elsewhere(void) { syscall(SYS_sendto, JAIL_FD, "x", 1, 0, NULL, 0); }
static void sleeps(void) { syscall(SYS_nanosleep, NULL, NULL); }
static void lifts_limits(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    syscall(SYS_prlimit64, 0, RLIMIT_AS, &all, NULL);
}
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void takes_memory(void) {
    size_t got = 0;
    for (int i = 0; i < 64; i++) {
        char *p = malloc((size_t)64 << 20);
        if (!p) verdict(false);
        memset(p, 1, (size_t)64 << 20);
        got += (size_t)64 << 20;
    }
    verdict(got > JAIL_MEMORY_BYTES);
}
#endif
#ifdef __x86_64__
/* The 32-bit door: another table of calls, in which 20 is getpid and 2 is fork. */
static void other_architecture(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(2) : "memory");
}
static void x32_door(void) { syscall(0x40000000 | SYS_getpid); }
#endif

/* ---- Tests ---------------------------------------------------------------------------------- */
static void test_a_quiet_worker_lives(void **state) {
    (void)state;
    is_refused(nothing);
}

#define DIES(name)                                                                                 \
    static void test_##name(void **state) {                                                        \
        (void)state;                                                                               \
        dies(name);                                                                                \
    }
#define REFUSES(name)                                                                              \
    static void test_##name(void **state) {                                                        \
        (void)state;                                                                               \
        is_refused(name);                                                                          \
    }
REFUSES(open_file)
REFUSES(make_file)
REFUSES(open_self)
DIES(tcp_socket)
DIES(udp_socket)
DIES(unix_socket)
DIES(forks)
DIES(clones)
DIES(threads)
DIES(executes)
DIES(traces)
DIES(reads_others)
DIES(kills)
DIES(memory_file)
DIES(io_ring)
DIES(unshares)
DIES(becomes_root)
DIES(loads_bpf)
DIES(executable_memory)
DIES(makes_executable)
DIES(maps_a_file)
DIES(writes_elsewhere)
DIES(duplicates)
DIES(sends_elsewhere)
DIES(sleeps)
DIES(lifts_limits)
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
REFUSES(takes_memory)
#endif
#ifdef __x86_64__
DIES(other_architecture)
DIES(x32_door)
#endif

/* An endless loop ends by its processor time; the limit that a parent set lower stays lower. */
static void spins(void) {
    for (volatile long i = 0;; i++) continue;
}
static void test_endless_loop(void **state) {
    struct rlimit old, low = {1, 1};
    (void)state;
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        const char *why;
        int ends[2];
        struct jail *jail = jail_prepare(&why);
        if (!jail || setrlimit(RLIMIT_CPU, &low) != 0 ||
            socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
            _exit(98);
        if (!jail_enter(jail, ends[1], &why)) _exit(99);
        spins();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU);
    assert_int_equal(getrlimit(RLIMIT_CPU, &old), 0);
}

/* When the parent dies, so does the worker, whatever it is doing. */
static void test_dies_with_its_parent(void **state) {
    (void)state;
    int ends[2], status;
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fflush(NULL);
    pid_t parent = fork();
    if (parent == 0) {
        const char *why;
        struct jail *jail = jail_prepare(&why);
        pid_t child = jail ? fork() : -1;
        if (child == 0) {
            if (!jail_enter(jail, ends[1], &why)) _exit(99);
            if (write(JAIL_FD, "r", 1) == 1) spins();
            _exit(98);
        }
        if (read(ends[0], &byte, 1) == 1) raise(SIGKILL);
        _exit(97);
    }
    close(ends[1]);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFSIGNALED(status));
    /* Both ends of the worker's are gone: the socket says so. */
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

/* The same jail for an ordinary user: nothing in it needs root. */
static void test_ordinary_user(void **state) {
    (void)state;
    int status;
    if (geteuid() != 0) skip();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        const char *why;
        int ends[2];
        if (setresgid(65533, 65533, 65533) != 0 || setresuid(65533, 65533, 65533) != 0) _exit(97);
        struct jail *jail = jail_prepare(&why);
        if (!jail || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) _exit(98);
        if (!jail_enter(jail, ends[1], &why)) _exit(99);
        syscall(SYS_getuid); /* not on the list */
        _exit(WORKED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quiet_worker_lives),
        cmocka_unit_test(test_open_file),
        cmocka_unit_test(test_make_file),
        cmocka_unit_test(test_open_self),
        cmocka_unit_test(test_tcp_socket),
        cmocka_unit_test(test_udp_socket),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_clones),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_executes),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_reads_others),
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_memory_file),
        cmocka_unit_test(test_io_ring),
        cmocka_unit_test(test_unshares),
        cmocka_unit_test(test_becomes_root),
        cmocka_unit_test(test_loads_bpf),
        cmocka_unit_test(test_executable_memory),
        cmocka_unit_test(test_makes_executable),
        cmocka_unit_test(test_maps_a_file),
        cmocka_unit_test(test_writes_elsewhere),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_sends_elsewhere),
        cmocka_unit_test(test_sleeps),
        cmocka_unit_test(test_lifts_limits),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_takes_memory),
#endif
#ifdef __x86_64__
        cmocka_unit_test(test_other_architecture),
        cmocka_unit_test(test_x32_door),
#endif
        cmocka_unit_test(test_endless_loop),
        cmocka_unit_test(test_dies_with_its_parent),
        cmocka_unit_test(test_ordinary_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
