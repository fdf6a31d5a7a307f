/* The proof of one round: all solutions of a scenario with one choice of dialects and one seed. */
#ifndef GR_LAB_PROVE_ROUND_H
#define GR_LAB_PROVE_ROUND_H

#include "lab/lab_play.h"

struct proof_round {
    const struct lab_scenario *s;
    const struct lab_solutions *solutions;
    struct zygote *z;
    const char *choice;
    uint64_t seed;
    bool tries_copy; /* also tries the actions of another seed's reference */
    int runs, actions, problems;
    struct buf *out; /* receives the problems, a line each */
};

/* Counts what it does and finds in the round. */
void prove_round(struct proof_round *r);

/* A worker and the state that its runs begin with. */
struct proof_bench {
    struct worker w;
    const unsigned char *image;
    size_t image_len;
};
/* One solution as it was played. */
struct proof_run {
    const struct lab_solution *which;
    struct arena arena; /* holds what follows */
    struct lab_played played;
    const char *effect, *hash; /* NULL: it was not played to its end */
};

/* False with a problem when no worker starts. */
bool prove_open(struct proof_round *r, struct proof_bench *b, struct arena *a) MUST_USE;
/* Plays `run->which` from the begin, and judges it. */
void prove_play(struct proof_round *r, struct proof_bench *b, struct proof_run *run);
/* RULE lab-proof-copy: who copies what the reference did with another seed does not pass, so that
 * the data have to differ from learner to learner. */
void prove_copy(struct proof_round *r, struct proof_bench *b, struct arena *a);
/* RULE lab-proof-replay: the same actions in another worker give the same answers and the same
 * state, byte by byte. */
void prove_replay(struct proof_round *r, struct proof_bench *b, struct proof_run *run);

#endif
