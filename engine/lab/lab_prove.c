/* Proves scenarios with their solutions. */
#include "lab/lab_prove.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define RUN_ARENA_BYTES ((size_t)512 * 1024 * 1024)

#define THREADS 4

/* What the threads of one choice share. */
struct proof_shared {
    pthread_mutex_t lock; /* of everything below */
    int next_seed, seeds;
    FILE *out;
    struct lab_proof *proof;
};

struct proof_run {
    const struct lab_scenario *s;
    const struct lab_solutions *solutions;
    struct zygote *z;
    struct proof_shared *shared;
    const char *choice;
    uint64_t seed;
};

size_t lab_choices(const struct lab_stack *s, const char ***choices, struct arena *a) {
    size_t total = 1;
    for (int i = 0; i < s->member_count; i++) total *= (size_t)s->members[i].dialect_count;
    if (total > 256) total = 256;
    *choices = NEW_ARRAY(a, const char *, total);
    for (size_t n = 0; n < total; n++) {
        struct buf b;
        buf_init(&b, a);
        size_t rest = n;
        for (int i = 0; i < s->member_count; i++) {
            const struct lab_member *m = &s->members[i];
            buf_printf(&b, "%s%s=%s", i ? "," : "", m->connector->id,
                       m->dialects[rest % (size_t)m->dialect_count]->id);
            rest /= (size_t)m->dialect_count;
        }
        (*choices)[n] = buf_text(&b);
    }
    return total;
}

static void problem(struct proof_run *g, const char *what, const char *detail) {
    pthread_mutex_lock(&g->shared->lock);
    g->shared->proof->problems++;
    fprintf(g->shared->out, "labs/scenarios/%s: error: %s, seed %llu: %s%s%s [lab-proof]\n",
            g->s->id, g->choice, (unsigned long long)g->seed, what, detail ? ": " : "",
            detail ? detail : "");
    pthread_mutex_unlock(&g->shared->lock);
}

static enum err judge(struct proof_run *g, struct worker *w, struct arena *a,
                      struct lab_verdict *verdicts, int *passed) {
    const char *answer;
    size_t len;
    enum err e = client_view(w, lab_checks_question(g->s, a), a, &answer, &len);
    if (e) return e;
    *passed = lab_verdicts_read(g->s, answer, len, verdicts, a);
    for (int i = 0; i < g->s->check_count; i++)
        if (verdicts[i].error) problem(g, verdicts[i].check->id, verdicts[i].error);
    return OK;
}

static void judge_untouched(struct proof_run *g, struct worker *w, struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    int passed;
    if (judge(g, w, a, verdicts, &passed)) {
        problem(g, "the checks could not be made on the untouched stack", NULL);
        return;
    }
    for (int i = 0; i < g->s->check_count; i++)
        if (verdicts[i].passed) problem(g, "the untouched stack passes", verdicts[i].check->id);
}

static void judge_played(struct proof_run *g, const struct lab_solution *which, struct worker *w,
                         struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    int passed;
    if (judge(g, w, a, verdicts, &passed)) {
        problem(g, "the checks could not be made after", which->name);
        return;
    }
    for (int i = 0; i < g->s->check_count; i++) {
        bool should_fail = false;
        for (int k = 0; k < which->fail_count; k++)
            should_fail |= str_eq(which->fails[k], verdicts[i].check->id);
        if (which->fail_count == 0 && !verdicts[i].passed)
            problem(g,
                    arena_printf(a, "“%s” does not pass “%s”", which->name, verdicts[i].check->id),
                    verdicts[i].sentence);
        if (should_fail && verdicts[i].passed)
            problem(g, arena_printf(a, "“%s” should fail, but passes", which->name),
                    verdicts[i].check->id);
    }
}

static bool start(struct proof_run *g, struct worker *w, struct arena *a) {
    const char *why;
    enum err e = client_start(w, g->z, g->s->pack, g->s->pack_len, g->choice, g->seed, NULL, 0, a,
                              &why);
    if (e) problem(g, "the run does not start", why);
    return e == OK;
}

/* The same actions on a fresh worker: each answer and the final state must be the same bytes. */
static void replay(struct proof_run *g, const struct lab_solution *which,
                   const struct lab_played *played, const char *hash, struct arena *a) {
    struct worker w;
    if (!start(g, &w, a)) return;
    for (int i = 0; i < played->count; i++) {
        struct lab_answer answer;
        if (client_step(&w, played->actions[i], a, &answer) ||
            !str_eq(answer.sha, played->answers[i])) {
            problem(g, arena_printf(a, "a replay of “%s” differs at action %d", which->name, i + 1),
                    played->actions[i]);
            break;
        }
    }
    const char *again;
    if (client_hash(&w, a, &again) || !str_eq(again, hash))
        problem(g, "a replay ends in another state", which->name);
    worker_end(&w);
}

static void count(struct proof_run *g, int runs, int actions) {
    pthread_mutex_lock(&g->shared->lock);
    g->shared->proof->runs += runs;
    g->shared->proof->actions += actions;
    pthread_mutex_unlock(&g->shared->lock);
}

static void prove_solution(struct proof_run *g, const struct lab_solution *which, bool first) {
    struct arena a;
    struct worker w;
    struct lab_played played;
    const char *hash;
    arena_init(&a, RUN_ARENA_BYTES);
    if (start(g, &w, &a)) {
        count(g, 1, 0);
        if (first) judge_untouched(g, &w, &a);
        const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
        /* The choice that start() has just made a worker of; a command, not the server. */
        BUG_IF(!lab_choice_read(&g->s->stack, g->choice, dialects, &a));
        enum err e = lab_solution_play(g->solutions, which, g->s, dialects, &w, &a, &played);
        if (e)
            problem(g, arena_printf(&a, "“%s” cannot be played (%s)", which->name, err_name(e)),
                    played.first_refusal);
        else if (played.refused && which->fail_count == 0)
            problem(g, arena_printf(&a, "“%s” is refused %d times", which->name, played.refused),
                    played.first_refusal);
        if (!e) {
            count(g, 0, played.count);
            judge_played(g, which, &w, &a);
            if (client_hash(&w, &a, &hash)) problem(g, "the state cannot be hashed", which->name);
            else replay(g, which, &played, hash, &a);
        }
        worker_end(&w);
    }
    arena_release(&a);
}

static int next_seed(struct proof_shared *shared) {
    pthread_mutex_lock(&shared->lock);
    int seed = shared->next_seed < shared->seeds ? ++shared->next_seed : 0;
    pthread_mutex_unlock(&shared->lock);
    return seed;
}

static void *prove_seeds(void *arg) {
    struct proof_run g = *(struct proof_run *)arg; /* each thread has its own seed */
    for (int seed; (seed = next_seed(g.shared)) > 0;) {
        g.seed = (uint64_t)seed * 7919;
        for (int i = 0; i < g.solutions->count; i++)
            prove_solution(&g, &g.solutions->solution[i], i == 0);
    }
    return NULL;
}

static void prove_choice(struct proof_run *g) {
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, prove_seeds, g) == 0)
        started++;
    if (started == 0) prove_seeds(g);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

enum err lab_prove(const struct lab_scenario *s, const struct lab_solutions *solutions,
                   struct zygote *z, int seeds, FILE *out, bool verbose, struct lab_proof *proof) {
    struct arena a;
    const char **choices;
    memset(proof, 0, sizeof *proof);
    int64_t began = clock_monotonic_ms();
    arena_init(&a, (size_t)4 * 1024 * 1024);
    size_t total = lab_choices(&s->stack, &choices, &a);
    for (size_t c = 0; c < total; c++) {
        struct proof_shared shared = {.seeds = seeds, .out = out, .proof = proof};
        struct proof_run g = {s, solutions, z, &shared, choices[c], 0};
        int before = proof->problems;
        pthread_mutex_init(&shared.lock, NULL);
        prove_choice(&g);
        pthread_mutex_destroy(&shared.lock);
        if (verbose)
            fprintf(out, "%s %s: %d seeds, %d solutions, %d problems\n", s->id, choices[c], seeds,
                    solutions->count, proof->problems - before);
    }
    arena_release(&a);
    proof->elapsed_ms = clock_monotonic_ms() - began;
    return proof->problems ? ERR_INVALID : OK;
}
