/* Live runs over a store of their own. */
#ifndef GR_TEST_LAB_RUNS_H
#define GR_TEST_LAB_RUNS_H

#include "unit/lab/lab_fixture.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "lab/lab_manager.h"

static struct app app;
static const char *person;
static char folder[64];

static inline int drop(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline enum err add_person(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return account_add(db, a, now_ms, "system", "ada", "Ada", "ada@example.com", ROLE_LEARNER, NULL,
                       arg);
}

static inline void open_labs(struct arena *a, int limit) {
    const char *why = "";
    struct zygote *z;
    if (labs_prepare(&z, GRADUS_LABS, a, &why)) fail_msg("%s", why);
    struct store_options options = {.path = arena_printf(a, "%s/gradus.db", folder)};
    if (store_open(&app.store, &options, a, &why)) fail_msg("%s", why);
    if (labs_open(&app.labs, &app, z, limit, a, &why)) fail_msg("%s", why);
}

static inline void close_labs(void) {
    labs_close(app.labs);
    assert_true(store_close(app.store, 5000));
}

static inline int setup(void **state) {
    if (arena_setup(state) != 0) return -1;
    snprintf(folder, sizeof folder, "/tmp/gradus-labs-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    memset(&app, 0, sizeof app);
    app.root = ".";
    app.data = folder;
    open_labs(*state, 8);
    return store_write(app.store, add_person, &person, *state) == OK ? 0 : -1;
}

static inline int teardown(void **state) {
    close_labs();
    nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
    return arena_teardown(state);
}

/* ---- A run ---------------------------------------------------------------------------------- */
static inline enum err add_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct lab_run_row *run = arg;
    const struct lab_version *version = registry_current(app.labs->registry, a,
                                                         "field-mapping-dedupe", NULL);
    if (!version) return ERR_NOT_FOUND;
    *run = (struct lab_run_row){.id = id_new(a, now_ms),
                                .person_id = person,
                                .scenario_id = version->scenario.id,
                                .version = version->scenario.version,
                                .choice = CHOICE,
                                .engine = worker_engine(),
                                .seed = 99,
                                .started_ms = now_ms};
    run->version = arena_dup(a, run->version); /* the registry frees it when the labs are closed */
    run->scenario_id = arena_dup(a, run->scenario_id);
    return lab_store_run_add(db, a, run, version->scenario.title, version->scenario.pack,
                             version->scenario.pack_len);
}

static inline struct lab_run_row new_run(struct arena *a) {
    struct lab_run_row run;
    assert_int_equal(store_write(app.store, add_run, &run, a), OK);
    return run;
}

static inline struct lab_ask *ask_of(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = NEW(a, struct lab_ask);
    lab_ask_init(ask, a, 1700000000000);
    ask->run = *run;
    ask->actor_id = person;
    return ask;
}

static inline void act(struct arena *a, const struct lab_run_row *run, const char *action) {
    struct lab_ask *ask = ask_of(a, run);
    ask->action = action;
    if (labs_ask_now(app.labs, ask)) fail_msg("%s", ask->error ? ask->error : "no answer");
}

static inline char *renaming(struct arena *a, const char *id, int n) {
    return arena_printf(
        a,
        "{\"body\":\"{\\\"FamilyName\\\":\\\"N%d\\\"}\",\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"PATCH\",\"path\":"
        "\"/desk/v3/tables/Contact/%s\",\"via\":\"screen\"}",
        n, id);
}

static inline const char *view(struct arena *a, const struct lab_run_row *run,
                               const char *question) {
    struct lab_ask *ask = ask_of(a, run);
    ask->question[ask->questions++] = question;
    if (labs_ask_now(app.labs, ask)) fail_msg("%s", ask->error ? ask->error : "no answer");
    return ask->view[0];
}

static inline const char *first_contact(struct arena *a, const struct lab_run_row *run) {
    const char *why,
        *text = view(a, run, "{\"limit\":1,\"object\":\"crm.contact\",\"view\":\"list\"}");
    return json_string_value(json_object_get(
        json_array_get(json_object_get(json_read(a, text, strlen(text), &why), "rows"), 0), "id"));
}

/* The live state and a replay of the whole record, which must agree. */
static inline const char *verified(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = ask_of(a, run);
    ask->verify = true;
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_int_equal(ask->first_difference, 0);
    assert_string_equal(ask->live_hash, ask->replay_hash);
    return ask->live_hash;
}

static inline int64_t effective(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = ask_of(a, run);
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    return ask->effective;
}

#define LABS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- Asks that are not waited for ----------------------------------------------------------- */
static _Atomic int turn; /* answers so far; a test that sends sets it to 0 */
struct sent {
    struct lab_ask *ask;
    struct arena arena; /* the test's */
    _Atomic int turn;   /* which answer it was; 0: not answered yet */
};

static inline void note_turn(struct lab_ask *ask) {
    struct sent *s = ask->context;
    s->turn = ++turn;
}

static inline void send_ask(struct sent *s, struct lab_ask *ask, const char *who) {
    s->ask = ask;
    s->turn = 0;
    ask->actor_id = who;
    ask->done = note_turn;
    ask->context = s;
    labs_ask(app.labs, ask);
}

static inline void wait_answer(const struct sent *s) {
    for (int i = 0; i < 9000 && !s->turn; i++) usleep(10000);
    assert_true(s->turn > 0);
}

#endif
