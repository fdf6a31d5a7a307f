/* The program of the lab workers as an attacker would have it who took over every worker: a step
 * whose action holds "hostile:NAME" runs that attempt, with the worker's memory, socket and jail.
 * All else is the real worker. Only tests start it
 * (test_hostile.c). */

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "sandbox/passing.h"
#include "sandbox/wire.h"
#include "sandbox/worker.h"
#include "sandbox/zygote.h"

#define MESSAGE_ARENA_BYTES ((size_t)192 * 1024 * 1024)

static int word; /* somewhere to point at */

static bool fine(const void *payload, size_t len) {
    return wire_send(JAIL_FD, WIRE_FINE, payload, len, WIRE_NO_DEADLINE);
}
static bool more(void) { return wire_send(JAIL_FD, WIRE_MORE, "", 0, WIRE_NO_DEADLINE); }

/* ---- Telling -------------------------------------------------------------------------------- */
static void answer_with(const char *head, const char *body, size_t body_len) {
    static char out[64 * 1024];
    size_t n = strlen(head) + 1;
    memcpy(out, head, n);
    if (body_len) memcpy(out + n, body, body_len);
    if (!fine(out, n + body_len)) _exit(0);
}

#define HEAD                                                                                       \
    "{\"status\":200,\"type\":\"application/json\",\"now_ms\":1,\"step\":1,\"refused\":false,\"headers\":["

/* What a call gave: that it worked, or the name of the error. */
static void tell(long result) {
    char body[80];
    int n = snprintf(body, sizeof body, "{\"hostile\":\"%s\"}",
                     result < 0 ? strerrorname_np(errno) : "worked");
    answer_with(HEAD "]}", body, (size_t)n);
}

static void raw(const void *bytes, size_t len) {
    if (write(JAIL_FD, bytes, len) != (ssize_t)len) _exit(0);
}

static void frame(unsigned operation, unsigned len) {
    unsigned char head[8];
    for (int i = 0; i < 4; i++) {
        head[i] = (unsigned char)(operation >> (8 * i));
        head[4 + i] = (unsigned char)(len >> (8 * i));
    }
    raw(head, sizeof head);
}

/* ---- Calls ---------------------------------------------------------------------------------- */
#define CALL(name, ...)                                                                            \
    static void name(void) { tell(syscall(__VA_ARGS__)); }
CALL(try_open, SYS_open, "/etc/passwd", O_RDONLY)
CALL(try_openat, SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY)
CALL(try_proc_mem, SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR)
CALL(try_stat, SYS_newfstatat, AT_FDCWD, "/etc/shadow", NULL, 0)
CALL(try_readlink, SYS_readlink, "/proc/self/exe", NULL, 0)
CALL(try_openat2, SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0)
CALL(try_creat, SYS_creat, "/tmp/gradus-hostile", 0600)
CALL(try_unlink, SYS_unlink, "/tmp/gradus-hostile")
CALL(try_mkdir, SYS_mkdir, "/tmp/gradus-hostile", 0700)
CALL(try_chdir, SYS_chdir, "/")
CALL(try_mount, SYS_mount, "none", "/", "tmpfs", 0, NULL)
CALL(try_socket, SYS_socket, 2, 1, 0)
CALL(try_netlink, SYS_socket, 16, 3, 0)
CALL(try_socketpair, SYS_socketpair, 1, 1, 0, NULL)
CALL(try_fork, SYS_fork)
CALL(try_vfork_clone3, SYS_clone3, NULL, 0)
CALL(try_execve, SYS_execve, "/bin/sh", NULL, NULL)
CALL(try_execveat, SYS_execveat, AT_FDCWD, "/bin/sh", NULL, NULL, 0)
CALL(try_ptrace, SYS_ptrace, 16, 1, NULL, NULL)
CALL(try_kill_all, SYS_kill, -1, SIGKILL)
CALL(try_tgkill, SYS_tgkill, 1, 1, SIGKILL)
CALL(try_pidfd_open, SYS_pidfd_open, 1, 0)
CALL(try_vm_writev, SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0)
CALL(try_memfd, SYS_memfd_create, "x", 0)
CALL(try_memfd_secret, SYS_memfd_secret, 0)
CALL(try_io_uring, SYS_io_uring_setup, 4, NULL)
CALL(try_userfaultfd, SYS_userfaultfd, 0)
CALL(try_bpf, SYS_bpf, 0, NULL, 0)
CALL(try_perf, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALL(try_keyctl, SYS_keyctl, 0, 0)
CALL(try_add_key, SYS_add_key, "user", "x", "x", 1, -3)
CALL(try_prctl_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)
CALL(try_seccomp, SYS_seccomp, 0, 0, NULL)
CALL(try_shmget, SYS_shmget, 1, 4096, 01600)
CALL(try_msgget, SYS_msgget, 1, 01600)
CALL(try_mq_open, SYS_mq_open, "/x", O_CREAT, 0600, NULL)
CALL(try_inotify, SYS_inotify_init1, 0)
CALL(try_fanotify, SYS_fanotify_init, 0, 0)
CALL(try_epoll, SYS_epoll_create1, 0)
CALL(try_eventfd, SYS_eventfd2, 0, 0)
CALL(try_timerfd, SYS_timerfd_create, 1, 0)
CALL(try_signalfd, SYS_signalfd4, -1, NULL, 8, 0)
CALL(try_setuid, SYS_setuid, 0)
CALL(try_setns, SYS_setns, JAIL_FD, 0)
CALL(try_chroot, SYS_chroot, "/")
CALL(try_ioctl, SYS_ioctl, JAIL_FD, TIOCSTI, "x")
CALL(try_fcntl, SYS_fcntl, JAIL_FD, F_SETOWN, 1)
CALL(try_sendmsg, SYS_sendmsg, JAIL_FD, NULL, 0)
CALL(try_recvmsg, SYS_recvmsg, JAIL_FD, NULL, 0)
CALL(try_read_other_fd, SYS_read, 0, NULL, 0)
CALL(try_write_other_fd, SYS_write, 2, "x", 1)
CALL(try_mmap_exec, SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
CALL(try_mprotect, SYS_mprotect, NULL, 4096, PROT_READ | PROT_EXEC)
CALL(try_pkey_mprotect, SYS_pkey_mprotect, NULL, 4096, PROT_READ | PROT_EXEC, -1)
CALL(try_futex_wait, SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0)
CALL(try_rseq, SYS_rseq, NULL, 0, 0, 0)
CALL(try_sigaction, SYS_rt_sigaction, SIGSYS, NULL, NULL, 8)
CALL(try_setrlimit, SYS_prlimit64, 0, RLIMIT_CPU, NULL, NULL)
CALL(try_nice, SYS_setpriority, 0, 0, -20)
CALL(try_settime, SYS_clock_settime, 0, NULL)
CALL(try_reboot, SYS_reboot, 0xfee1dead, 672274793, 0x01234567, NULL)

/* ---- Memory and time ------------------------------------------------------------------------ */
static void try_memory(void) {
    size_t got = 0;
    while (got < ((size_t)4 << 30)) {
        char *p = mmap(NULL, (size_t)64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
        if (p == MAP_FAILED) {
            tell(-1);
            return;
        }
        got += (size_t)64 << 20;
    }
    tell(0);
}
static void try_stack(void) {
    volatile char room[16 * 1024 * 1024]; /* more than a stack may have */
    for (size_t i = sizeof room; i > 0; i -= 1024) room[i - 1] = 1;
    tell(room[0]);
}
static void try_abort(void) { BUG("as if memory for the state were used up"); }
static void try_wild_write(void) {
    *(volatile char *)(uintptr_t)((uintptr_t)&word ^ ((uintptr_t)1 << 46)) = 1;
    tell(0);
}
static void try_text_write(void) {
    *(volatile char *)(uintptr_t)&try_abort = 0;
    tell(0);
}
static void try_exit(void) { _exit(0); }
static void try_spin(void) {
    for (volatile long i = 0;; i++) continue;
}

/* ---- Answers that lie ----------------------------------------------------------------------- */
static void try_silence(void) {
    char byte;
    while (read(JAIL_FD, &byte, 1) == 1) continue; /* it has been asked, and listens on */
    _exit(0);
}
static void try_half_a_frame(void) { raw("\x64\0\0", 3), try_silence(); }
static void try_short_payload(void) { frame(WIRE_FINE, 100), raw("{}", 2), try_silence(); }
static void try_huge_length(void) { frame(WIRE_FINE, 0xffffffff); }
static void try_too_long(void) { frame(WIRE_FINE, 9 * 1024 * 1024); }
static void try_endless(void) {
    static char zeros[32 * 1024];
    frame(WIRE_FINE, 9 * 1024 * 1024 - 1);
    for (;;) raw(zeros, sizeof zeros);
}
static void try_drip(void) {
    frame(WIRE_FINE, 1024 * 1024);
    for (struct timespec now, then = {0, 0};;) { /* a byte each 20 ms, and never the last one */
        clock_gettime(CLOCK_MONOTONIC, &now);
        long ms = (now.tv_sec - then.tv_sec) * 1000 + (now.tv_nsec - then.tv_nsec) / 1000000;
        if (ms < 20) continue;
        then = now;
        raw("x", 1);
    }
}
static void try_two_answers(void) {
    tell(0);
    tell(0);
}
static void try_other_operation(void) { frame(WIRE_BOOT, 0); }
static void try_more_without_end(void) {
    if (!more()) _exit(0);
    for (;;) {
        struct arena a;
        unsigned operation;
        char *payload;
        size_t len;
        arena_init(&a, MESSAGE_ARENA_BYTES);
        if (!wire_receive(JAIL_FD, &operation, &payload, &len, WIRE_MAX, &a, WIRE_NO_DEADLINE) ||
            !more())
            _exit(0);
        arena_release(&a);
    }
}
static void try_no_head(void) {
    if (!fine("{}", 2)) _exit(0); /* nothing ends the head */
}
static void try_no_json(void) { answer_with("status: 200", "{}", 2); }
static void try_deep_json(void) {
    static char deep[20001];
    memset(deep, '[', sizeof deep - 1);
    answer_with(deep, "{}", 2);
}
#define LIE(name, head)                                                                            \
    static void name(void) { answer_with(head, "{}", 2); }
LIE(try_set_cookie, HEAD "[\"Set-Cookie\",\"session=1\"]]}")
LIE(try_location, HEAD "[\"Location\",\"https://elsewhere.example/\"]]}")
LIE(try_split_header, HEAD "[\"X-Limit\",\"1\\r\\nSet-Cookie: a=b\"]]}")
LIE(try_header_name, HEAD "[\"X-Limit: 1\\r\\nX\",\"1\"]]}")
LIE(try_link_elsewhere, HEAD "[\"Link\",\"<https://elsewhere.example/?a>; rel=\\\"next\\\"\"]]}")
LIE(try_html, "{\"status\":200,\"type\":\"text/html\",\"now_ms\":1,\"step\":1,\"headers\":[]}")
LIE(try_status,
    "{\"status\":99999,\"type\":\"application/json\",\"now_ms\":1,\"step\":1,\"headers\":[]}")
LIE(try_redirect,
    "{\"status\":302,\"type\":\"application/json\",\"now_ms\":1,\"step\":1,\"headers\":[]}")
LIE(try_many_headers,
    HEAD "[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],"
         "[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],[\"X-A\",\"1\"],"
         "[\"X-A\",\"1\"],[\"X-A\",\"1\"]]}")

#define ATTEMPT(name)                                                                              \
    { #name, try_##name }
static const struct {
    const char *name;
    void (*run)(void);
} all[] = {
    ATTEMPT(open),
    ATTEMPT(openat),
    ATTEMPT(proc_mem),
    ATTEMPT(stat),
    ATTEMPT(readlink),
    ATTEMPT(openat2),
    ATTEMPT(creat),
    ATTEMPT(unlink),
    ATTEMPT(mkdir),
    ATTEMPT(chdir),
    ATTEMPT(mount),
    ATTEMPT(socket),
    ATTEMPT(netlink),
    ATTEMPT(socketpair),
    ATTEMPT(fork),
    ATTEMPT(vfork_clone3),
    ATTEMPT(execve),
    ATTEMPT(execveat),
    ATTEMPT(ptrace),
    ATTEMPT(kill_all),
    ATTEMPT(tgkill),
    ATTEMPT(pidfd_open),
    ATTEMPT(vm_writev),
    ATTEMPT(memfd),
    ATTEMPT(memfd_secret),
    ATTEMPT(io_uring),
    ATTEMPT(userfaultfd),
    ATTEMPT(bpf),
    ATTEMPT(perf),
    ATTEMPT(keyctl),
    ATTEMPT(add_key),
    ATTEMPT(prctl_dumpable),
    ATTEMPT(seccomp),
    ATTEMPT(shmget),
    ATTEMPT(msgget),
    ATTEMPT(mq_open),
    ATTEMPT(inotify),
    ATTEMPT(fanotify),
    ATTEMPT(epoll),
    ATTEMPT(eventfd),
    ATTEMPT(timerfd),
    ATTEMPT(signalfd),
    ATTEMPT(setuid),
    ATTEMPT(setns),
    ATTEMPT(chroot),
    ATTEMPT(ioctl),
    ATTEMPT(fcntl),
    ATTEMPT(sendmsg),
    ATTEMPT(recvmsg),
    ATTEMPT(read_other_fd),
    ATTEMPT(write_other_fd),
    ATTEMPT(mmap_exec),
    ATTEMPT(mprotect),
    ATTEMPT(pkey_mprotect),
    ATTEMPT(futex_wait),
    ATTEMPT(rseq),
    ATTEMPT(sigaction),
    ATTEMPT(setrlimit),
    ATTEMPT(nice),
    ATTEMPT(settime),
    ATTEMPT(reboot),
    ATTEMPT(memory),
    ATTEMPT(stack),
    ATTEMPT(abort),
    ATTEMPT(wild_write),
    ATTEMPT(text_write),
    ATTEMPT(exit),
    ATTEMPT(spin),
    ATTEMPT(silence),
    ATTEMPT(half_a_frame),
    ATTEMPT(short_payload),
    ATTEMPT(huge_length),
    ATTEMPT(too_long),
    ATTEMPT(endless),
    ATTEMPT(drip),
    ATTEMPT(two_answers),
    ATTEMPT(other_operation),
    ATTEMPT(more_without_end),
    ATTEMPT(no_head),
    ATTEMPT(no_json),
    ATTEMPT(deep_json),
    ATTEMPT(set_cookie),
    ATTEMPT(location),
    ATTEMPT(split_header),
    ATTEMPT(header_name),
    ATTEMPT(link_elsewhere),
    ATTEMPT(html),
    ATTEMPT(status),
    ATTEMPT(redirect),
    ATTEMPT(many_headers),
};

/* ---- The worker ----------------------------------------------------------------------------- */
static bool attempt(const char *payload) {
    static const char mark[] = "hostile:";
    const char *name = strstr(payload, mark);
    if (!name) return false;
    name += sizeof mark - 1;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strlen(all[i].name) == strcspn(name, "\"") &&
            strncmp(all[i].name, name, strlen(all[i].name)) == 0) {
            all[i].run();
            return true;
        }
    return false;
}

_Noreturn void worker_serve(int fd, struct lab_state *prepared) {
    worker_begin(prepared);
    for (;;) {
        struct arena a;
        unsigned operation;
        char *payload;
        size_t len;
        arena_init(&a, MESSAGE_ARENA_BYTES);
        if (!wire_receive(fd, &operation, &payload, &len, WIRE_MAX, &a, WIRE_NO_DEADLINE)) _exit(0);
        bool tried = operation == WIRE_STEP && attempt(payload);
        if (!tried && !worker_answer(fd, operation, payload, len, &a)) _exit(0);
        arena_release(&a);
    }
}

/* As main.c of the real program. */
int main(void) {
    const char *why;
    char hello[PASSING_HELLO_BYTES];
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    codec_start();
    xmlInitParser();
    state_engine_start();
    struct jail *jail = jail_prepare(&why);
    int n = snprintf(hello, sizeof hello, "%c%s", PASSING_READY, worker_version());
    if (!jail || send(SANDBOX_FD, hello, (size_t)n, MSG_NOSIGNAL) != n) return 1;
    zygote_main(SANDBOX_FD, jail, NULL);
}
