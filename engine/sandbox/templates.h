/* The server's end of the templates: which there are, and asking them for workers. */
#ifndef GR_SANDBOX_TEMPLATES_H
#define GR_SANDBOX_TEMPLATES_H

#include "sandbox/sandbox.h"

/* RULE lab-templates: so many are kept, the longest unused makes room. It goes on until its workers
 * have ended, and forks no others. */
#define TEMPLATES_MAX 12

struct templates;
struct templates *templates_new(void); /* NULL: no memory */
void templates_free(struct templates *t);
/* Leaves all of them to end. Nobody may be asking. */
void templates_forget(struct templates *t);
/* As zygote_spawn. A template that does not answer is ended, with its workers, and replaced once.
 */
enum err templates_spawn(struct templates *t, struct zygote *z, const struct worker_base *base,
                         struct arena *a, struct worker *out, const char **why) MUST_USE;

/* How a worker that was ended ended: a status of waitpid; false when nobody knows. */
bool templates_cause(struct templates *t, const struct worker *w, int *status) MUST_USE;

/* zygote_keeper.c: asks the zygote (passing.h), twice when it is replaced meanwhile. */
enum err zygote_ask(struct zygote *z, char question, int fds[2]) MUST_USE;

#endif
