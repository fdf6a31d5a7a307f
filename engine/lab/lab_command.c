/* gradus lab test, gradus lab run, and the lab part of gradus check. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_prove.h"

#define COMMAND_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define GATE_SEEDS 20

static void print_diags(const struct diag_list *l) {
    for (const struct diag *d = l->first; d; d = d->next) {
        fprintf(stderr, "%s", d->file);
        if (d->line) fprintf(stderr, ":%d:%d", d->line, d->column ? d->column : 1);
        fprintf(stderr, ": %s: %s [%s]\n", d->severity == SEVERITY_ERROR ? "error" : "warning",
                d->message, d->rule);
    }
}

void lab_check_tree(const char *root, struct diag_list *diags) {
    struct arena *a = diags->arena;
    const char **ids;
    size_t count = lab_scenario_ids(root, &ids, a);
    for (size_t i = 0; i < count; i++) {
        struct lab_scenario *s = NEW(a, struct lab_scenario);
        struct lab_solutions *solutions = NEW(a, struct lab_solutions);
        if (lab_scenario_load(s, root, ids[i], a, diags) == OK)
            lab_solutions_load(solutions, root, s, a, diags);
    }
}

static int test_one(const char *root, const char *id, struct zygote *z, int seeds) {
    struct arena a;
    struct diag_list diags;
    struct lab_proof proof;
    int result = 1;
    arena_init(&a, COMMAND_ARENA_BYTES);
    diag_init(&diags, &a);
    struct lab_scenario *s = NEW(&a, struct lab_scenario);
    struct lab_solutions *solutions = NEW(&a, struct lab_solutions);
    enum err e = lab_scenario_load(s, root, id, &a, &diags);
    if (e == ERR_NOT_FOUND)
        fprintf(stderr, "gradus: there is no scenario “%s” in labs/scenarios.\n", id);
    else if (!e && lab_solutions_load(solutions, root, s, &a, &diags)) {
        e = lab_prove(s, solutions, z, seeds, stdout, true, &proof);
        printf("%s: %d runs, %d actions, %lld ms, %d problems\n", id, proof.runs, proof.actions,
               (long long)proof.elapsed_ms, proof.problems);
        result = e ? 1 : 0;
    }
    print_diags(&diags);
    arena_release(&a);
    return result;
}

static int test(int argc, char **argv, const char *root, struct zygote *z) {
    struct arena a;
    int result = 0, named = 0;
    int64_t seeds = GATE_SEEDS;
    arena_init(&a, (size_t)1024 * 1024);
    for (int i = 0; i < argc; i++) {
        if (str_eq(argv[i], "--seeds") && i + 1 < argc && parse_i64(argv[i + 1], 1, 10000, &seeds))
            i++;
        else if (argv[i][0] == '-') {
            fprintf(
                stderr,
                "gradus: “%s” is not understood. Usage: gradus lab test [--seeds N] [SCENARIO…]\n",
                argv[i]);
            arena_release(&a);
            return 2;
        } else argv[named++] = argv[i];
    }
    const char **ids = NULL;
    size_t count = named ? (size_t)named : lab_scenario_ids(root, &ids, &a);
    for (size_t i = 0; i < count; i++)
        result |= test_one(root, named ? argv[i] : ids[i], z, (int)seeds);
    if (count == 0) {
        fprintf(stderr, "gradus: there are no scenarios in %s/labs/scenarios.\n", root);
        result = 2;
    }
    arena_release(&a);
    return result;
}

static void show(const struct lab_scenario *s, struct worker *w, struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    const char *answer, *hash;
    size_t len;
    if (client_view(w, lab_checks_question(s, a), a, &answer, &len)) return;
    int passed = lab_verdicts_read(s, answer, len, verdicts, a);
    for (int i = 0; i < s->check_count; i++)
        printf("%s %-20s %s\n", verdicts[i].passed ? "pass" : "FAIL", verdicts[i].check->id,
               verdicts[i].sentence);
    if (client_hash(w, a, &hash) == OK)
        printf("%d of %d checks, state %.16s\n", passed, s->check_count, hash);
}

static int run(const char *root, const char *id, const char *name, const char *choice, int64_t seed,
               struct zygote *z) {
    struct arena a;
    struct diag_list diags;
    struct worker w;
    struct lab_played played;
    const char *why = NULL;
    int result = 2;
    arena_init(&a, COMMAND_ARENA_BYTES * 2);
    diag_init(&diags, &a);
    struct lab_scenario *s = NEW(&a, struct lab_scenario);
    struct lab_solutions *solutions = NEW(&a, struct lab_solutions);
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    const char **choices;
    if (lab_scenario_load(s, root, id, &a, &diags) ||
        !lab_solutions_load(solutions, root, s, &a, &diags))
        print_diags(&diags);
    else {
        const struct lab_solution *which = lab_solution_find(solutions, name);
        lab_choices(&s->stack, &choices, &a);
        choice = choice ? lab_choice_normal(&s->stack, choice, &a) : choices[0];
        if (!which) fprintf(stderr, "gradus: “%s” has no solution “%s”.\n", id, name);
        else if (!choice || !lab_choice_read(&s->stack, choice, dialects, &a))
            fprintf(stderr, "gradus: these dialects are not allowed here.\n");
        else if (client_start(&w, z, s->pack, s->pack_len, choice, (uint64_t)seed, NULL, 0, &a,
                              &why))
            fprintf(stderr, "gradus: %s\n", why);
        else {
            enum err e = lab_solution_play(solutions, which, s, dialects, &w, &a, &played);
            printf("%s, %s, seed %lld: %d actions, %d refused\n", which->title, choice,
                   (long long)seed, played.count, played.refused);
            if (played.first_refusal) printf("first refusal: %s\n", played.first_refusal);
            if (!e) show(s, &w, &a);
            result = e ? 1 : 0;
            worker_end(&w);
        }
    }
    arena_release(&a);
    return result;
}

/* Asked for: to standard output, exit status 0. Given because a call was not understood: to standard error, 2. */
static int usage(bool asked) {
    fputs("usage: gradus lab test [--seeds N] [SCENARIO…]   prove scenarios with their solutions\n"
          "       gradus lab run SCENARIO --solution NAME [--dialects crm=…,map=…] [--seed N]"
          "\n",
          asked ? stdout : stderr);
    return asked ? 0 : 2;
}

int lab_command(int argc, char **argv, const char *root) {
    const char *why, *solution = NULL, *choice = NULL;
    int64_t seed = 1;
    if (argc < 1 || str_eq(argv[0], "--help")) return usage(argc >= 1);
    codec_start();
    signal(SIGPIPE, SIG_IGN);
    struct zygote *z = zygote_start(&why);
    if (!z) {
        fprintf(stderr, "gradus: %s\n", why);
        return 2;
    }
    int result = 2;
    if (str_eq(argv[0], "test")) result = test(argc - 1, argv + 1, root, z);
    else if (str_eq(argv[0], "run") && argc >= 2) {
        for (int i = 2; i + 1 < argc; i += 2) {
            if (str_eq(argv[i], "--solution")) solution = argv[i + 1];
            else if (str_eq(argv[i], "--dialects")) choice = argv[i + 1];
            else if (!str_eq(argv[i], "--seed") || !parse_i64(argv[i + 1], 0, INT64_MAX, &seed))
                solution = NULL, i = argc;
        }
        result = solution ? run(root, argv[1], solution, choice, seed, z) : usage(false);
    } else (void)usage(false);
    zygote_stop(z);
    return result;
}
