/* The server's end of a worker: boots it for a run and asks it. One thread at a time. */
#ifndef GR_LAB_CLIENT_H
#define GR_LAB_CLIENT_H

#include "lab/lab_scenario.h"
#include "lab/sandbox/zygote.h"

#define CLIENT_DEADLINE_MS 20000 /* a step that takes longer has lost its worker */

struct lab_answer {
    int status;
    const char *type;
    struct {
        const char *name, *value;
    } headers[8];
    int header_count;
    const char *body;
    size_t body_len;
    int64_t now_ms, step;
    bool refused;
    const char *sha; /* SHA-256 of the whole answer, hex */
};

/* Starts a worker for a pack. With an image it continues from there, else from the seeds. ERR_LIMIT: no process
 * to be had; ERR_INVALID: the worker refused (sentence); ERR_IO: it died. */
enum err client_start(struct worker *w, struct zygote *z, const char *pack, size_t pack_len,
                      const char *choice, uint64_t seed, const unsigned char *image,
                      size_t image_len, struct arena *a, const char **why) MUST_USE;
/* Runs an action (JSON text). ERR_IO: the worker died or took too long; it is ended. */
enum err client_step(struct worker *w, const char *action, struct arena *a,
                     struct lab_answer *out) MUST_USE;
/* Asks a view; the answer is JSON. */
enum err client_view(struct worker *w, const char *question, struct arena *a, const char **answer,
                     size_t *len) MUST_USE;
enum err client_hash(struct worker *w, struct arena *a, const char **hash) MUST_USE;
enum err client_save(struct worker *w, struct arena *a, const unsigned char **image,
                     size_t *len) MUST_USE;

#endif
