/* Child processes. */
#include "bench/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool process_start(struct process *p, const char *const *argv, const char *log) {
    int in[2], out[2];
    *p = (struct process){.input = -1, .output = -1};
    if (pipe2(in, O_CLOEXEC) != 0) return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a bench that is interrupted leaves no servers */
        dup2(in[0], 0);
        dup2(out[1], 1);
        if (log) {
            int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (fd >= 0) dup2(fd, 2);
        }
        execvp(argv[0], (char *const *)argv);
        fprintf(stderr, "bench: cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    p->pid = pid;
    p->input = in[1];
    p->output = out[0];
    return pid > 0;
}

bool process_wait_line(struct process *p, const char *word, int timeout_ms, char *line,
                       size_t cap) {
    const long until = now_ms() + timeout_ms;
    size_t n = 0;
    for (;;) {
        struct pollfd fd = {.fd = p->output, .events = POLLIN};
        long left = until - now_ms();
        if (left <= 0 || poll(&fd, 1, (int)left) <= 0) return false;
        char c;
        if (read(p->output, &c, 1) != 1) return false;
        if (c != '\n') {
            if (n + 1 < cap) line[n++] = c;
            continue;
        }
        line[n] = '\0';
        if (strstr(line, word)) return true;
        n = 0;
    }
}

static int reap(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int process_stop(struct process *p) {
    if (p->pid <= 0) return 0;
    int status, result = -1;
    if (p->input >= 0) close(p->input);
    kill(p->pid, SIGTERM);
    const long until = now_ms() + 15000;
    pid_t ended;
    while ((ended = waitpid(p->pid, &status, WNOHANG)) == 0 && now_ms() < until) usleep(5000);
    if (ended == p->pid) result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    else {
        kill(p->pid, SIGKILL);
        reap(p->pid);
    }
    if (p->output >= 0) close(p->output);
    *p = (struct process){.input = -1, .output = -1};
    return result;
}

int process_run(const char *const *argv, const char *log, const char *input, char *out,
                size_t cap) {
    struct process p;
    if (!process_start(&p, argv, log)) return -1;
    /* A few bytes: they fit into the pipe. */
    if (input && write(p.input, input, strlen(input)) < 0)
        fprintf(stderr, "bench: %s does not read\n", argv[0]);
    close(p.input);
    char rest[4096];
    size_t n = 0;
    for (;;) {
        bool room = out && n + 1 < cap;
        ssize_t got = read(p.output, room ? out + n : rest, room ? cap - 1 - n : sizeof rest);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (room) n += (size_t)got;
    }
    if (out && cap) out[n] = '\0';
    close(p.output);
    return reap(p.pid);
}

/* ---- Memory -------------------------------------------------------------------------------- */

static double own_memory_mb(const char *pid) {
    char path[300], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%s/smaps_rollup", pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "Pss: %ld kB", &kb) == 1) break;
    fclose(f);
    return (double)kb * 1024 / 1e6;
}

double process_memory_mb(pid_t pid) {
    char name[32], path[300];
    snprintf(name, sizeof name, "%d", (int)pid);
    double total = own_memory_mb(name);
    DIR *all = opendir("/proc");
    for (struct dirent *d = all ? readdir(all) : NULL; d; d = readdir(all)) {
        int parent = 0;
        snprintf(path, sizeof path, "/proc/%.200s/stat", d->d_name);
        FILE *f = d->d_name[0] >= '1' && d->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (!f) continue;
        if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) == 1 && parent == pid)
            total += process_memory_mb(atoi(d->d_name));
        fclose(f);
    }
    if (all) closedir(all);
    return total;
}
