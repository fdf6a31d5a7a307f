/* A worker's life: a message, its answer, the next message. */
#include <malloc.h>
#include <unistd.h>

#include "sandbox/wire.h"
#include "sandbox/worker.h"

#define MESSAGE_ARENA_BYTES ((size_t)192 * 1024 * 1024)
/* A message that took more gives its memory back: most take little, and there are many workers. */
#define MESSAGE_KEPT_BYTES ((size_t)160 * 1024)

_Noreturn void worker_serve(int fd, struct lab_state *prepared) {
    worker_begin(prepared);
    for (;;) {
        struct arena a;
        unsigned operation;
        char *payload;
        size_t len;
        arena_init(&a, MESSAGE_ARENA_BYTES);
        if (!wire_receive(fd, &operation, &payload, &len, WIRE_MAX, &a, WIRE_NO_DEADLINE) ||
            !worker_answer(fd, operation, payload, len, &a))
            _exit(0);
        bool much = a.used > MESSAGE_KEPT_BYTES;
        arena_release(&a);
        if (!much) continue;
        arena_forget_spare();
        malloc_trim(0);
    }
}
