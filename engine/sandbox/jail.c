/* The confinement of a worker. Works as root and as an ordinary user, and needs no user namespace.
 */
#include "sandbox/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#define NOBODY 65534
#define FILTER_MAX 512

struct jail {
    struct sock_filter filter[FILTER_MAX];
    unsigned short count;
};

/* ---- The filter ----------------------------------------------------------------------------- */
/* The system calls that a worker may make. */
static const int allowed[] = {
    SCMP_SYS(exit),          SCMP_SYS(exit_group),      SCMP_SYS(rt_sigreturn),
    SCMP_SYS(brk),           SCMP_SYS(munmap),          SCMP_SYS(madvise),
    SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall), SCMP_SYS(setitimer), /* watch.h */
};
/* libc tries these on its own (time zones, random seeds, qsort's memory): they fail with an error
 * and do not kill the worker. */
static const int refused[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(stat),       SCMP_SYS(fstat),
    SCMP_SYS(lstat),     SCMP_SYS(newfstatat), SCMP_SYS(statx),      SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(sysinfo),
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
/* What their run-times do on their own while the program works; never in a released build. */
static const int for_sanitizers[] = {
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
    SCMP_SYS(sched_yield), SCMP_SYS(getpid),         SCMP_SYS(gettid),
};
#else
#define SANITIZED 0
static const int for_sanitizers[] = {SCMP_SYS(exit)};
#endif

static int add_rules(scmp_filter_ctx c) {
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(allowed); i++)
        rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; SANITIZED && i < COUNT_OF(for_sanitizers); i++)
        rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, for_sanitizers[i], 0);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        rc |= seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    /* Reading and writing on the one socket only. */
    rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, JAIL_FD, 0));
    rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, JAIL_FD, 0));
    /* Memory without a file behind it, never executable, and never made so later (no mprotect).
     * mremap only moves or grows what is there. */
    rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 3,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                           SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS),
                           SCMP_A4(SCMP_CMP_MASKED_EQ, 0xffffffffu, 0xffffffffu));
    rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
    /* pthread_once wakes waiting threads even where there can be none. */
    rc |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(futex), 1,
                           SCMP_A1(SCMP_CMP_EQ, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0));
    return rc;
}

struct jail *jail_prepare(const char **why) {
    struct jail *s = calloc(1, sizeof *s);
    /* The default also meets foreign architectures (32-bit calls, x32). */
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int ends[2] = {-1, -1};
    bool fine = false;
    *why = "The system-call filter cannot be built (seccomp).";
    if (!s || !c || add_rules(c) != 0 ||
        seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
        goto out;
    if (pipe2(ends, O_CLOEXEC) != 0 || seccomp_export_bpf(c, ends[1]) != 0) goto out;
    close(ends[1]);
    ends[1] = -1;
    size_t len = 0;
    for (ssize_t n; len < sizeof s->filter &&
                    (n = read(ends[0], (char *)s->filter + len, sizeof s->filter - len)) > 0;)
        len += (size_t)n;
    s->count = (unsigned short)(len / sizeof s->filter[0]);
    fine = len > 0 && len < sizeof s->filter && len % sizeof s->filter[0] == 0;
out:
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    seccomp_release(c);
    if (!fine) {
        free(s);
        return NULL;
    }
    *why = NULL;
    return s;
}

/* ---- Landlock ------------------------------------------------------------------------------- */
/* The kernel's own names arrive with newer headers; numbers and bits are fixed by its interface. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

struct ruleset {
    uint64_t files, network, scoped;
};

int jail_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    return version < 0 ? 0 : (int)version;
}

/* Denies everything that this kernel's version can deny: rules that handle a right and allow it
 * nowhere. */
static bool landlock(void) {
    int version = jail_landlock_version();
    if (version == 0) return true;
    struct ruleset rules = {.files = version >= 5   ? 0xffff
                                     : version >= 3 ? 0x7fff
                                     : version == 2 ? 0x3fff
                                                    : 0x1fff,
                            .network = version >= 4 ? 3 : 0,
                            .scoped = version >= 6 ? 3 : 0};
    size_t size = version >= 6   ? sizeof rules
                  : version >= 4 ? 2 * sizeof(uint64_t)
                                 : sizeof(uint64_t);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0u);
    if (fd < 0) return false;
    long rc = syscall(SYS_landlock_restrict_self, fd, 0u);
    close(fd);
    return rc == 0;
}

/* ---- Ids, capabilities, limits -------------------------------------------------------------- */
static bool drop_ids(void) {
    if (geteuid() != 0) return true;
    /* The bounding set is emptied first, while we may: an exec, were there one, could gain nothing.
     */
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM) return false;
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0,
          0); /* absent before Linux 4.3; there is nothing to clear then */
    return syscall(SYS_capset, &head, none) == 0;
}

static bool limit(int what, rlim_t value) {
    struct rlimit now, want = {value, value};
    if (getrlimit(what, &now) != 0) return false;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
        want.rlim_cur = want.rlim_max = now.rlim_max;
    return setrlimit(what, &want) == 0;
}

static size_t address_space(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    if (f && fscanf(f, "%lu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Descriptors 0 to 2 stay closed: nobody must ever write to one that something else was given. */
static bool keep_only(int fd) {
    if (fd != JAIL_FD && dup2(fd, JAIL_FD) != JAIL_FD) return false;
    if (syscall(SYS_close_range, 0u, (unsigned)JAIL_FD - 1, 0u) == 0 &&
        syscall(SYS_close_range, (unsigned)JAIL_FD + 1, ~0u, 0u) == 0)
        return true;
    long top = sysconf(_SC_OPEN_MAX); /* before Linux 5.9 */
    for (int i = 0; i < (top > 0 && top < 65536 ? (int)top : 65536); i++)
        if (i != JAIL_FD) close(i);
    return true;
}

static bool load_filter(const struct jail *s) {
    struct sock_fprog program = {.len = s->count,
                                 .filter = (struct sock_filter *)(uintptr_t)s->filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

bool jail_enter(const struct jail *s, int fd, const char **why) {
    size_t have = address_space();
    bool bounded = !SANITIZED; /* their shadow takes terabytes of address space */
    *why = "cannot be tied to its parent";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
    *why = "cannot close its descriptors";
    if (!keep_only(fd)) return false;
    *why = "cannot drop root";
    if (!drop_ids() || geteuid() == 0 || getegid() == 0) {
        /* A group of root alone is no danger to a user that is not root. */
        if (geteuid() == 0) return false;
    }
    /* Changing ids clears both. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
    *why = "cannot drop its capabilities";
    if (!drop_capabilities()) return false;
    *why = "cannot give up new privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    *why = "cannot be confined by Landlock";
    if (!landlock()) return false;
    *why = "cannot be limited";
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_NPROC, 0) ||
        !limit(RLIMIT_CPU, JAIL_CPU_SECONDS))
        return false;
    if (bounded && !limit(RLIMIT_AS, have + JAIL_MEMORY_BYTES)) return false;
    if (!limit(RLIMIT_NOFILE, 0)) return false;
    *why = "cannot load its system-call filter";
    if (!load_filter(s)) return false;
    *why = NULL;
    return true;
}
