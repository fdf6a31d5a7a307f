/* The server's end of a worker: starts it for a run and asks it questions. One thread at a time.
 *
 * Every question has a deadline (worker.deadline_ms, 0 = CLIENT_DEADLINE_MS) for writing and
 * reading together: a worker that stops reading, stops in the middle of an answer or never stops
 * writing is ended and reported as ERR_BUSY (too late) or ERR_IO (it died, or its answer makes no
 * sense). */
#ifndef GR_LAB_CLIENT_H
#define GR_LAB_CLIENT_H

#include "labmodel/lab_scenario.h"
#include "sandbox/sandbox.h"

#define CLIENT_DEADLINE_MS 10000 /* of a question to a worker, all its waits together */
#define CLIENT_ANSWER_BYTES ((size_t)8 * 1024 * 1024) /* of any answer but an image */

struct lab_answer {
    int status;
    const char *type;
    struct {
        const char *name, *value;
    } headers[10];
    int header_count;
    const char *body;
    size_t body_len;
    int64_t now_ms, step;
    bool refused;
    enum lab_problem problem; /* of a refused call; its field by the dialect's name, or NULL */
    const char *field;
    const char *cut; /* why a query was stopped before its end, as step.h names it; else NULL */
    const char *sha; /* SHA-256 of the whole answer, hex */
};

/* Starts a worker for a pack. With an image it continues from there, else from the seeds.
 * ERR_LIMIT: no process to be had; ERR_INVALID: the worker refused (sentence); ERR_IO: it died. */
enum err client_start(struct worker *w, struct zygote *z, const char *pack, size_t pack_len,
                      const char *choice, uint64_t seed, const unsigned char *image,
                      size_t image_len, struct arena *a, const char **why) MUST_USE;
/* Runs an action (JSON text) up to the end of its first slice, or with NULL goes on with it to the
 * end of the next one; *more: there are others, and nothing else may be asked before. ERR_IO,
 * ERR_BUSY: the worker is ended, and nobody knows whether it has done it. */
enum err client_step_some(struct worker *w, const char *action, struct arena *a,
                          struct lab_answer *out, bool *more) MUST_USE;
/* All of it; each slice has the deadline. */
enum err client_step(struct worker *w, const char *action, struct arena *a,
                     struct lab_answer *out) MUST_USE;
/* Asks a view; the answer is JSON. */
enum err client_view(struct worker *w, const char *question, struct arena *a, const char **answer,
                     size_t *len) MUST_USE;
enum err client_hash(struct worker *w, struct arena *a, const char **hash) MUST_USE;
/* The state's hash without what looking leaves behind (state_effect). */
enum err client_effect(struct worker *w, struct arena *a, const char **hash) MUST_USE;
/* Gives a worker the state that client_save took from it, or from another of the same run. */
enum err client_load(struct worker *w, const unsigned char *image, size_t len,
                     struct arena *a) MUST_USE;
enum err client_save(struct worker *w, struct arena *a, const unsigned char **image,
                     size_t *len) MUST_USE;

#endif
