/* One round of a proof. All of it happens in two workers, each of which reads the scenario once:
 * solutions begin from an image of the state that the seeds gave. */
#include "lab/lab_prove_round.h"

#include "base/text.h"

#define ROUND_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define RUN_ARENA_BYTES ((size_t)512 * 1024 * 1024)

static void problem(struct proof_round *r, const char *what, const char *detail) {
    r->problems++;
    buf_printf(r->out, "labs/scenarios/%s: error: %s, seed %llu: %s%s%s [lab-proof]\n", r->s->id,
               r->choice, (unsigned long long)r->seed, what, detail ? ": " : "",
               detail ? detail : "");
}

/* ---- Judging -------------------------------------------------------------------------------- */
static bool judge(struct proof_round *r, struct worker *w, const char *after, struct arena *a,
                  struct lab_verdict *verdicts) {
    const char *answer;
    size_t len;
    if (client_view(w, lab_checks_question(r->s, a), a, &answer, &len)) {
        problem(r, "the checks could not be made after", after);
        return false;
    }
    lab_verdicts_read(r->s, NULL, answer, len, verdicts, a);
    for (int i = 0; i < r->s->check_count; i++)
        if (verdicts[i].error)
            problem(r, arena_printf(a, "after “%s” “%s”", after, verdicts[i].check->id),
                    verdicts[i].error);
    return true;
}

/* RULE lab-proof-untouched: who does nothing passes no check. */
static void judge_untouched(struct proof_round *r, struct worker *w, struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    if (!judge(r, w, "nothing was done", a, verdicts)) return;
    for (int i = 0; i < r->s->check_count; i++)
        if (verdicts[i].passed) problem(r, "the untouched stack passes", verdicts[i].check->id);
}

/* RULE lab-proof-exact: a solution fails the checks that it names and no other; the reference names
 * none. */
static void judge_played(struct proof_round *r, struct worker *w, struct proof_run *run) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    struct arena *a = &run->arena;
    const char *name = run->which->name;
    if (!judge(r, w, name, a, verdicts)) return;
    for (int i = 0; i < r->s->check_count; i++) {
        const char *check = verdicts[i].check->id;
        bool should_pass = !lab_solution_fails(run->which, check);
        if (verdicts[i].error || verdicts[i].passed == should_pass) continue;
        if (should_pass)
            problem(r, arena_printf(a, "“%s” does not pass “%s”", name, check),
                    verdicts[i].sentence);
        else problem(r, arena_printf(a, "“%s” should fail, but passes", name), check);
    }
}

/* RULE lab-proof-effect: no two solutions leave the same behind, else one of them shows nothing. */
static void compare_effects(struct proof_round *r, const struct proof_run *runs, int count) {
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            if (runs[i].effect && str_eq(runs[i].effect, runs[k].effect))
                problem(
                    r,
                    arena_printf(r->out->arena, "“%s” has the same effect as", runs[i].which->name),
                    runs[k].which->name);
}

/* ---- Playing -------------------------------------------------------------------------------- */
bool prove_open(struct proof_round *r, struct proof_bench *b, struct arena *a) {
    const char *why;
    enum err e = client_start(&b->w, r->z, r->s->pack, r->s->pack_len, r->choice, r->seed, NULL, 0,
                              a, &why);
    if (!e && client_save(&b->w, a, &b->image, &b->image_len)) {
        worker_end(&b->w);
        e = ERR_IO;
        why = "its state cannot be saved";
    }
    if (e) problem(r, "the run does not start", why);
    return e == OK;
}

/* A worker that died is replaced, so that one solution does not hide the others. */
static bool begin(struct proof_round *r, struct proof_bench *b, struct arena *a) {
    const char *why;
    if (b->w.fd >= 0) return client_load(&b->w, b->image, b->image_len, a) == OK;
    enum err e = client_start(&b->w, r->z, r->s->pack, r->s->pack_len, r->choice, r->seed, b->image,
                              b->image_len, a, &why);
    if (e) problem(r, "the run does not start again", why);
    return e == OK;
}

void prove_play(struct proof_round *r, struct proof_bench *b, struct proof_run *run) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct arena *a = &run->arena;
    if (!begin(r, b, a)) return;
    /* The choice that the worker has been made with; a command, not the server. */
    BUG_IF(!lab_choice_read(&r->s->stack, r->choice, dialects, a));
    r->runs++;
    enum err e = lab_solution_play(r->solutions, run->which, r->s, dialects, &b->w, a,
                                   &run->played);
    if (e)
        problem(r, arena_printf(a, "“%s” cannot be played (%s)", run->which->name, err_name(e)),
                run->played.first_refusal);
    else if (run->played.refused && run->which->fail_count == 0)
        problem(r,
                arena_printf(a, "“%s” is refused %d times", run->which->name, run->played.refused),
                run->played.first_refusal);
    if (e) return;
    r->actions += run->played.count;
    judge_played(r, &b->w, run);
    if (client_effect(&b->w, a, &run->effect) || client_hash(&b->w, a, &run->hash))
        problem(r, "the state cannot be hashed", run->which->name);
}

void prove_replay(struct proof_round *r, struct proof_bench *b, struct proof_run *run) {
    struct arena *a = &run->arena;
    const char *again, *name = run->which->name;
    if (!run->hash || !begin(r, b, a)) return;
    for (int i = 0; i < run->played.count; i++) {
        struct lab_answer answer;
        if (client_step(&b->w, run->played.actions[i], a, &answer) ||
            !str_eq(answer.sha, run->played.answers[i])) {
            problem(r, arena_printf(a, "a replay of “%s” differs at action %d", name, i + 1),
                    run->played.actions[i]);
            break;
        }
    }
    if (client_hash(&b->w, a, &again) || !str_eq(again, run->hash))
        problem(r, "a replay ends in another state", name);
}

void prove_copy(struct proof_round *r, struct proof_bench *b, struct arena *a) {
    struct proof_round other = *r;
    struct proof_bench theirs;
    struct proof_run run = {.which = lab_solution_find(r->solutions, "reference")};
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    struct buf told; /* what is wrong with the other seed is told in its own round */
    buf_init(&told, a);
    other.out = &told;
    other.seed = r->seed + 1;
    if (!run.which || !prove_open(&other, &theirs, a)) return;
    arena_init(&run.arena, RUN_ARENA_BYTES);
    prove_play(&other, &theirs, &run);
    worker_end(&theirs.w);
    bool played = run.hash && begin(r, b, &run.arena), all = true;
    for (int i = 0; played && i < run.played.count; i++) {
        struct lab_answer answer;
        played = client_step(&b->w, run.played.actions[i], &run.arena, &answer) == OK;
    }
    if (played && judge(r, &b->w, "a copied answer", &run.arena, verdicts)) {
        for (int i = 0; i < r->s->check_count; i++) all &= verdicts[i].passed;
        if (all)
            problem(r, "what the reference does with another seed passes here as well",
                    "an answer can be copied");
    }
    arena_release(&run.arena);
}

/* Replayed in the reverse order: what one run might leave in a worker meets other runs there. */
static void play_all(struct proof_round *r, struct proof_bench *first, struct proof_run *runs,
                     struct arena *a) {
    struct proof_bench second;
    int count = r->solutions->count;
    for (int i = 0; i < count; i++) {
        runs[i].which = &r->solutions->solution[i];
        arena_init(&runs[i].arena, RUN_ARENA_BYTES);
        prove_play(r, first, &runs[i]);
    }
    compare_effects(r, runs, count);
    bool opened = prove_open(r, &second, a);
    for (int i = count - 1; i >= 0; i--) {
        if (opened) prove_replay(r, &second, &runs[i]);
        arena_release(&runs[i].arena);
    }
    if (opened) worker_end(&second.w);
}

void prove_round(struct proof_round *r) {
    struct arena a;
    struct proof_bench first;
    arena_init(&a, ROUND_ARENA_BYTES);
    if (prove_open(r, &first, &a)) {
        judge_untouched(r, &first.w, &a);
        if (r->tries_copy) prove_copy(r, &first, &a);
        play_all(r, &first, NEW_ARRAY(&a, struct proof_run, (size_t)r->solutions->count), &a);
        worker_end(&first.w);
    }
    arena_release(&a);
}
