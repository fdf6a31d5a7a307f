/* Proves scenarios: divides the work into rounds, and has them done side by side. */
#include "lab/lab_prove.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/lab_prove_round.h"

#define OUTPUT_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define THREADS_MAX 32
#define SEED_STEP 7919 /* seeds that differ in more than their last bits */

/* What the threads share. */
struct proof_shared {
    struct lab_proof *proofs;
    int count, seeds;
    struct zygote *z;
    FILE *out, *progress;
    pthread_mutex_t lock; /* of everything below, of the counts in proofs, and of the files */
    int proof, next;      /* the next round, of which proof */
    int done, total;
};

/* ---- Choices -------------------------------------------------------------------------------- */
static const char *choice_of(const struct lab_stack *s, const int *dialect, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < s->member_count; i++) {
        const struct lab_member *m = &s->members[i];
        buf_printf(&b, "%s%s=%s", i ? "," : "", m->connector->id,
                   m->dialects[dialect[i] % m->dialect_count]->id);
    }
    return buf_text(&b);
}

size_t lab_choices(const struct lab_stack *s, const char ***choices, struct arena *a) {
    size_t total = 1;
    for (int i = 0; i < s->member_count; i++) total *= (size_t)s->members[i].dialect_count;
    if (total > 256) total = 256;
    *choices = NEW_ARRAY(a, const char *, total);
    for (size_t n = 0; n < total; n++) {
        int dialect[LAB_CONNECTORS_MAX];
        size_t rest = n;
        for (int i = 0; i < s->member_count; i++) {
            dialect[i] = (int)(rest % (size_t)s->members[i].dialect_count);
            rest /= (size_t)s->members[i].dialect_count;
        }
        (*choices)[n] = choice_of(s, dialect, a);
    }
    return total;
}

int lab_proof_choices(const struct lab_stack *s) {
    int most = 1;
    for (int i = 0; i < s->member_count; i++)
        if (s->members[i].dialect_count > most) most = s->members[i].dialect_count;
    return most;
}

/* The second connector is shifted by one with each seed, the third with every second one, and so
 * on, as the digits of a number are. */
const char *lab_proof_choice(const struct lab_stack *s, int seed, int n, struct arena *a) {
    int dialect[LAB_CONNECTORS_MAX];
    for (int i = 0; i < s->member_count; i++) dialect[i] = n + (i ? seed >> (i - 1) : 0);
    return choice_of(s, dialect, a);
}

/* ---- Rounds --------------------------------------------------------------------------------- */
static int rounds_of(const struct proof_shared *x, const struct lab_proof *p) {
    return x->seeds * lab_proof_choices(&p->s->stack);
}

/* The proof whose round *number is to be done next; NULL: all are begun. */
static struct lab_proof *take(struct proof_shared *x, int *number) {
    struct lab_proof *p = NULL;
    pthread_mutex_lock(&x->lock);
    if (x->proof < x->count && x->next == rounds_of(x, &x->proofs[x->proof])) {
        x->proof++;
        x->next = 0;
    }
    if (x->proof < x->count) {
        p = &x->proofs[x->proof];
        *number = x->next++;
    }
    pthread_mutex_unlock(&x->lock);
    return p;
}

static void tell_progress(const struct proof_shared *x, const struct lab_proof *p) {
    if (!x->progress) return;
    fprintf(x->progress, "\r\033[K");
    if (x->done < x->total)
        fprintf(x->progress, "%d of %d rounds, %s", x->done, x->total, p->s->id);
    fflush(x->progress);
}

static void report(struct proof_shared *x, struct lab_proof *p, const struct proof_round *r,
                   int64_t work_ms) {
    pthread_mutex_lock(&x->lock);
    p->rounds++;
    p->runs += r->runs;
    p->actions += r->actions;
    p->problems += r->problems;
    p->work_ms += work_ms;
    x->done++;
    bool whole = p->rounds == rounds_of(x, p);
    if (x->progress && (r->out->len || whole)) fprintf(x->progress, "\r\033[K");
    fputs(buf_text(r->out), x->out);
    if (whole)
        fprintf(x->out,
                "%s: %d seeds, %d choices of dialects each, %d runs of %d solutions, %d actions, "
                "%lld ms, %d problems\n",
                p->s->id, x->seeds, lab_proof_choices(&p->s->stack), p->runs, p->solutions->count,
                p->actions, (long long)p->work_ms, p->problems);
    fflush(x->out);
    tell_progress(x, p);
    pthread_mutex_unlock(&x->lock);
}

static void do_round(struct proof_shared *x, struct lab_proof *p, int number) {
    struct arena a;
    struct buf out;
    int choices = lab_proof_choices(&p->s->stack), seed = number / choices;
    int64_t began_ms = clock_monotonic_ms();
    arena_init(&a, OUTPUT_ARENA_BYTES);
    buf_init(&out, &a);
    struct proof_round r = {.s = p->s,
                            .solutions = p->solutions,
                            .z = x->z,
                            .choice = lab_proof_choice(&p->s->stack, seed, number % choices, &a),
                            .seed = (uint64_t)(seed + 1) * SEED_STEP,
                            .tries_copy = seed == 0,
                            .out = &out};
    prove_round(&r);
    report(x, p, &r, clock_monotonic_ms() - began_ms);
    arena_release(&a);
}

static void *do_rounds(void *arg) {
    struct lab_proof *p;
    for (int number; (p = take(arg, &number)) != NULL;) do_round(arg, p, number);
    return NULL;
}

enum err lab_prove(struct lab_proof *proofs, int count, struct zygote *z, int seeds, FILE *out,
                   FILE *progress) {
    struct proof_shared x = {
        .proofs = proofs, .count = count, .seeds = seeds, .z = z, .out = out, .progress = progress};
    pthread_t threads[THREADS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int started = 0, problems = 0;
    for (int i = 0; i < count; i++) x.total += rounds_of(&x, &proofs[i]);
    pthread_mutex_init(&x.lock, NULL);
    while (started < cores && started < THREADS_MAX &&
           pthread_create(&threads[started], NULL, do_rounds, &x) == 0)
        started++;
    if (started == 0) do_rounds(&x);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&x.lock);
    for (int i = 0; i < count; i++) problems += proofs[i].problems;
    return problems ? ERR_INVALID : OK;
}
