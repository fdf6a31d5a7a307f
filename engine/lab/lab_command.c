/* gradus lab test, gradus lab run, gradus lab new. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_new.h"
#include "lab/lab_prove.h"

#define COMMAND_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define DEFAULT_SEEDS 20

static const char test_help[] =
    "usage: gradus lab test [SCENARIO…] [--seeds N] [--root DIR]\n\n"
    "Proves scenarios with their solutions, in every dialect; without a name, all of them. All\n"
    "cores work at it. On a terminal, a line tells how far it is.\n\n"
    "  --seeds N      variants of each scenario, 1 to 10000 (default: 20)\n"
    "  --root DIR     folder with labs/\n\n"
    "Exit status: 0 all is proved, 1 problems were found, 2 it could not run.\n";

static const char run_help[] =
    "usage: gradus lab run SCENARIO --solution NAME [--dialects crm=…,map=…] [--seed N] [--root "
    "DIR]\n\n"
    "Plays one solution of a scenario and shows what each check says of it.\n\n"
    "  --solution NAME    a file of the scenario's solutions/, without .xml\n"
    "  --dialects CHOICE  as crm=aurelia,map=heron (default: the first of each)\n"
    "  --seed N           of the run (default: 1)\n"
    "  --root DIR         folder with labs/\n\n"
    "Exit status: 0 every check passes, 1 some do not, 2 it could not run.\n";

static const char new_help[] =
    "usage: gradus lab new NAME [--root DIR]\n\n"
    "Makes the folder labs/scenarios/NAME: a small scenario that is whole, to be changed piece by\n"
    "piece. NAME is of small letters, digits and hyphens.\n\n"
    "  --root DIR     folder with labs/\n\n"
    "Exit status: 0 it is made, 2 it could not be made.\n";

enum status { FINE, PROBLEMS, CANNOT_RUN };

enum command { TEST, RUN, NEW_SCENARIO, COMMAND_COUNT };
static const char *const command_names[COMMAND_COUNT] = {"test", "run", "new"};
static const char *const helps[COMMAND_COUNT] = {test_help, run_help, new_help};

/* The arguments and options of a command. */
struct lab_options {
    const char *root, *solution, *choice;
    const char **ids; /* the arguments that are no options */
    int id_count;
    int64_t seeds, seed;
};

static void print_diags(const struct diag_list *l) {
    for (const struct diag *d = l->first; d; d = d->next)
        fprintf(stderr, "%s: %s: %s [%s]\n", diag_place(l->arena, d),
                d->severity == SEVERITY_ERROR ? "error" : "warning", d->message, d->rule);
}

/* Says so when there is no such scenario. */
static enum status load(struct lab_scenario *s, struct lab_solutions *solutions, const char *root,
                        const char *id, struct arena *a) {
    struct diag_list diags;
    diag_init(&diags, a);
    enum err e = lab_scenario_load(s, root, id, a, &diags);
    bool fine = !e && lab_solutions_load(solutions, root, s, a, &diags);
    if (e == ERR_NOT_FOUND)
        fprintf(stderr, "gradus: there is no scenario “%s” in %s/labs/scenarios.\n", id, root);
    print_diags(&diags);
    return fine ? FINE : e == ERR_NOT_FOUND ? CANNOT_RUN : PROBLEMS;
}

/* A line that is overwritten is for people who watch. */
static FILE *progress_file(void) { return isatty(STDERR_FILENO) ? stderr : NULL; }

/* A scenario that cannot be read does not keep the others from being proved. */
static enum status test_all(const struct lab_options *options, const char **ids, size_t count,
                            struct zygote *z) {
    enum status result = FINE;
    struct arena *arenas = calloc(count, sizeof *arenas);
    struct lab_proof *proofs = calloc(count, sizeof *proofs);
    int readable = 0;
    BUG_IF(!arenas || !proofs);
    for (size_t i = 0; i < count; i++) {
        struct arena *a = &arenas[i];
        arena_init(a, COMMAND_ARENA_BYTES);
        struct lab_scenario *s = NEW(a, struct lab_scenario);
        struct lab_solutions *solutions = NEW(a, struct lab_solutions);
        enum status one = load(s, solutions, options->root, ids[i], a);
        if (one == FINE) proofs[readable++] = (struct lab_proof){.s = s, .solutions = solutions};
        if (one > result) result = one;
    }
    if (lab_prove(proofs, readable, z, (int)options->seeds, stdout, progress_file()) &&
        result == FINE)
        result = PROBLEMS;
    for (size_t i = 0; i < count; i++) arena_release(&arenas[i]);
    free(proofs);
    free(arenas);
    return result;
}

static enum status test(const struct lab_options *options, struct zygote *z) {
    struct arena a;
    enum status result = CANNOT_RUN;
    arena_init(&a, (size_t)1024 * 1024);
    const char **ids = options->ids;
    size_t count = options->id_count ? (size_t)options->id_count
                                     : lab_scenario_ids(options->root, &ids, &a);
    if (count) result = test_all(options, ids, count, z);
    else fprintf(stderr, "gradus: there are no scenarios in %s/labs/scenarios.\n", options->root);
    arena_release(&a);
    return result;
}

static enum status show(const struct lab_scenario *s, struct worker *w, struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    const char *answer, *hash;
    size_t len;
    if (client_view(w, lab_checks_question(s, a), a, &answer, &len)) {
        fprintf(stderr, "gradus: the checks could not be asked.\n");
        return CANNOT_RUN;
    }
    int passed = lab_verdicts_read(s, NULL, answer, len, verdicts, a);
    for (int i = 0; i < s->check_count; i++)
        printf("%s %-20s %s\n", verdicts[i].passed ? "pass" : "FAIL", verdicts[i].check->id,
               verdicts[i].sentence);
    if (client_hash(w, a, &hash) == OK)
        printf("%d of %d checks, state %.16s\n", passed, s->check_count, hash);
    return passed == s->check_count ? FINE : PROBLEMS;
}

/* One hash of all answers, byte by byte. */
static const char *answers_hash(const struct lab_played *played, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < played->count; i++) buf_puts(&b, played->answers[i]);
    return sha256_hex(a, buf_text(&b), b.len);
}

static enum status play(const struct lab_options *options, const struct lab_scenario *s,
                        const struct lab_solutions *solutions, struct zygote *z, struct arena *a) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    const char **choices, *why = NULL;
    struct worker w;
    struct lab_played played;
    const struct lab_solution *which = lab_solution_find(solutions, options->solution);
    lab_choices(&s->stack, &choices, a);
    const char *choice = options->choice ? lab_choice_normal(&s->stack, options->choice, a)
                                         : choices[0];
    if (!which)
        fprintf(stderr, "gradus: “%s” has no solution “%s”.\n", options->ids[0], options->solution);
    else if (!choice || !lab_choice_read(&s->stack, choice, dialects, a))
        fprintf(stderr, "gradus: these dialects are not allowed here.\n");
    else if (client_start(&w, z, s->pack, s->pack_len, choice, (uint64_t)options->seed, NULL, 0, a,
                          &why))
        fprintf(stderr, "gradus: %s\n", why);
    else {
        enum err e = lab_solution_play(solutions, which, s, dialects, &w, a, &played);
        printf("%s, %s, seed %lld: %d actions, %d refused\n", which->title, choice,
               (long long)options->seed, played.count, played.refused);
        printf("answers %.16s\n", answers_hash(&played, a));
        if (played.first_refusal) printf("first refusal: %s\n", played.first_refusal);
        enum status result = e ? PROBLEMS : show(s, &w, a);
        worker_end(&w);
        return result;
    }
    return CANNOT_RUN;
}

static enum status run(const struct lab_options *options, struct zygote *z) {
    struct arena a;
    arena_init(&a, COMMAND_ARENA_BYTES * 2);
    struct lab_scenario *s = NEW(&a, struct lab_scenario);
    struct lab_solutions *solutions = NEW(&a, struct lab_solutions);
    enum status result = load(s, solutions, options->root, options->ids[0], &a);
    /* When nothing was played, nothing was found out about the solution. */
    result = result == FINE ? play(options, s, solutions, z, &a) : CANNOT_RUN;
    arena_release(&a);
    return result;
}

/* ---- Words and options ---------------------------------------------------------------------- */
/* Prints the usage: to standard output with exit status 0 when it was asked for, else to standard
 * error with 2. */
static int usage(bool asked) {
    fputs("usage: gradus lab test [SCENARIO…] [OPTIONS]               prove scenarios with their "
          "solutions\n"
          "       gradus lab run SCENARIO --solution NAME [OPTIONS]  play one solution\n"
          "       gradus lab new NAME [OPTIONS]                      make a scenario\n\n"
          "Each has --help.\n",
          asked ? stdout : stderr);
    return asked ? FINE : CANNOT_RUN;
}

static int refused(const char *name, const char *why, const char *word, const char *help) {
    fprintf(stderr, "gradus lab %s: %s%s\n\n%s", name, why, word, help);
    return CANNOT_RUN;
}

/* Returns -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, enum command command, struct lab_options *w) {
    const char *name = argv[0], *help = helps[command];
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], **text = NULL;
        int64_t *number = NULL;
        if (str_eq(word, "--help")) return fputs(help, stdout), FINE;
        if (word[0] != '-') {
            w->ids[w->id_count++] = word;
            continue;
        }
        if (str_eq(word, "--root")) text = &w->root;
        else if (command == RUN && str_eq(word, "--solution")) text = &w->solution;
        else if (command == RUN && str_eq(word, "--dialects")) text = &w->choice;
        else if (command == RUN && str_eq(word, "--seed")) number = &w->seed;
        else if (command == TEST && str_eq(word, "--seeds")) number = &w->seeds;
        else return refused(name, "there is no option ", word, help);
        if (++i == argc) return refused(name, "something must follow ", word, help);
        if (text) *text = argv[i];
        else if (!parse_i64(argv[i], command == TEST ? 1 : 0, command == TEST ? 10000 : INT64_MAX,
                            number))
            return refused(name, "this is no number for ", word, help);
    }
    if (command == TEST) return -1;
    if (w->id_count != 1) return refused(name, "one scenario must be named", "", help);
    return command != RUN || w->solution ? -1 : refused(name, "a solution must be named", "", help);
}

static int make_new(const struct lab_options *options, struct arena *a) {
    const char *why, *id = options->ids[0];
    if (lab_new(options->root, id, stdout, a, &why)) {
        fprintf(stderr, "gradus lab new: %s.\n", why);
        return CANNOT_RUN;
    }
    printf("\nIt can be played now, and is proved with: gradus lab test %s\n", id);
    return FINE;
}

static int with_workers(const struct lab_options *options, enum command command, struct arena *a) {
    struct zygote *z;
    const char *why;
    signal(SIGPIPE, SIG_IGN);
    if (zygote_start(&z, NULL, a, &why)) {
        fprintf(stderr, "gradus: %s\n", why);
        return CANNOT_RUN;
    }
    int result = command == TEST ? test(options, z) : run(options, z);
    zygote_stop(z);
    return result;
}

int lab_command(int argc, char **argv, const char *root) {
    if (argc < 1 || str_eq(argv[0], "--help")) return usage(argc >= 1);
    int command = 0;
    while (command < COMMAND_COUNT && !str_eq(argv[0], command_names[command])) command++;
    if (command == COMMAND_COUNT) return usage(false);
    struct arena a;
    arena_init(&a, (size_t)16 * 1024 * 1024);
    struct lab_options options = {.root = root,
                                  .seeds = DEFAULT_SEEDS,
                                  .seed = 1,
                                  .ids = NEW_ARRAY(&a, const char *, (size_t)argc)};
    int result = read_options(argc, argv, (enum command)command, &options);
    if (result < 0) {
        codec_start();
        result = command == NEW_SCENARIO ? make_new(&options, &a)
                                         : with_workers(&options, (enum command)command, &a);
    }
    arena_release(&a);
    return result;
}
