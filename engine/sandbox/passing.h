/* The protocol between the server and a zygote: packets over a SOCK_SEQPACKET pair. */
#ifndef GR_SANDBOX_PASSING_H
#define GR_SANDBOX_PASSING_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

/* The first packet, once, from the zygote: this and its worker_version(), or PASSING_UNABLE and a
 * sentence that says why there will be no workers. */
#define PASSING_READY '+'
#define PASSING_UNABLE '-'
#define PASSING_HELLO_BYTES 512

/* After that the server asks with one byte and is answered with a reply. A trial is a worker that
 * ends as soon as it is confined, and is reaped before the answer; PASSING_NOT_JAILED: it could not
 * be confined. */
#define PASSING_WORKER 'w'
#define PASSING_TRIAL 't'
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

#endif
