/* The protocol between the server and a zygote (packets over a SOCK_SEQPACKET pair), and between
 * the server and a template (over a stream, after WIRE_BOOT of wire.h). */
#ifndef GR_SANDBOX_PASSING_H
#define GR_SANDBOX_PASSING_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* The first packet, once, from the zygote: this and its worker_version(), or PASSING_UNABLE and a
 * sentence that says why there will be no workers. */
#define PASSING_READY '+'
#define PASSING_UNABLE '-'
#define PASSING_HELLO_BYTES 512
#define PASSING_WHY_BYTES 16384 /* of the sentence of a template that cannot load its pack */

/* After that the server asks with one byte and is answered with a reply. A trial is a worker that
 * ends as soon as it is confined, and is reaped before the answer; PASSING_NOT_JAILED: it could not
 * be confined. */
#define PASSING_MAKE 'm' /* a zygote makes a template, a template a worker */
#define PASSING_TRIAL 't'
/* Exit codes of a worker: it found a fault of its own; its memory is used up. */
#define PASSING_EXIT_BUG 70
#define PASSING_EXIT_MEMORY 73
/* To a template, with a pid (native int) behind it: how did this worker end? The reply's status is
 * that of waitpid; its pid is 0 when that is not known. */
#define PASSING_CAUSE 'c'
#define PASSING_NOT_JAILED ECANCELED

struct reply {
    int status;      /* 0, or an errno */
    int descriptors; /* that come with it: a socket, and a pidfd when the kernel has any */
    pid_t pid;
};

/* Sends a reply with descriptors, which stay open here, too. */
bool passing_send(int to, const struct reply *reply, const int fds[2]);
/* Receives a reply without waiting. `fds` gets reply->descriptors of them, which close with an
 * exec. */
bool passing_receive(int from, struct reply *reply, int fds[2]);
/* The server's side of one question: `fds` gets a socket and a pidfd, each -1 when it did not come.
 * ERR_IO: there is no answer, nor will there be. */
enum err passing_ask(int fd, const void *question, size_t len, int deadline_ms, struct reply *reply,
                     int fds[2]) MUST_USE;
/* What the reply to PASSING_MAKE and PASSING_TRIAL means. ERR_LIMIT: no process can be made. */
enum err passing_made(const struct reply *reply) MUST_USE;

#endif
