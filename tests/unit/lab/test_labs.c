/* Live runs over a store: acting, resuming after a crash, going back, seals, the limit of workers. */
#include "unit/lab/lab_fixture.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "lab/lab_manager.h"

static struct app app;
static const char *person;
static char folder[64];

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static enum err add_person(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return account_add(db, a, now_ms, "system", "ada", "Ada", "ada@example.com", ROLE_LEARNER, NULL,
                       arg);
}

static void open_labs(struct arena *a, int limit) {
    const char *why = "";
    struct zygote *z = labs_prepare(&why);
    if (!z) fail_msg("%s", why);
    struct store_options options = {.path = arena_printf(a, "%s/gradus.db", folder)};
    if (store_open(&app.store, &options, a, &why)) fail_msg("%s", why);
    if (labs_open(&app.labs, &app, z, limit, a, &why)) fail_msg("%s", why);
}

static void close_labs(void) {
    labs_close(app.labs);
    assert_true(store_close(app.store, 5000));
}

static int setup(void **state) {
    if (arena_setup(state) != 0) return -1;
    snprintf(folder, sizeof folder, "/tmp/gradus-labs-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    memset(&app, 0, sizeof app);
    app.root = ".";
    app.data = folder;
    open_labs(*state, 8);
    return store_write(app.store, add_person, &person, *state) == OK ? 0 : -1;
}

static int teardown(void **state) {
    close_labs();
    nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
    return arena_teardown(state);
}

/* ---- A run ------------------------------------------------------------------------------------ */
static enum err add_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct lab_run_row *run = arg;
    const struct lab_held *held = shelf_current(app.labs, "field-mapping-dedupe", NULL);
    if (!held) return ERR_NOT_FOUND;
    *run = (struct lab_run_row){.id = id_new(a, now_ms),
                                .person_id = person,
                                .scenario_id = held->scenario.id,
                                .version = held->scenario.version,
                                .choice = CHOICE,
                                .engine = lab_engine(),
                                .seed = 99,
                                .started_ms = now_ms};
    run->version = arena_dup(a, run->version); /* the shelf goes when the labs are closed */
    run->scenario_id = arena_dup(a, run->scenario_id);
    return lab_store_run_add(db, run, held->scenario.title, held->scenario.pack,
                             held->scenario.pack_len);
}

static struct lab_run_row new_run(struct arena *a) {
    struct lab_run_row run;
    assert_int_equal(store_write(app.store, add_run, &run, a), OK);
    return run;
}

static struct lab_ask *ask_of(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = NEW(a, struct lab_ask);
    lab_ask_init(ask, a, 1700000000000);
    ask->run = *run;
    ask->actor_id = person;
    return ask;
}

static void act(struct arena *a, const struct lab_run_row *run, const char *action) {
    struct lab_ask *ask = ask_of(a, run);
    ask->action = action;
    if (labs_ask_now(app.labs, ask)) fail_msg("%s", ask->error ? ask->error : "no answer");
}

static char *renaming(struct arena *a, const char *id, int n) {
    return arena_printf(
        a,
        "{\"body\":\"{\\\"LastName\\\":\\\"N%d\\\"}\",\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"PATCH\",\"path\":"
        "\"/services/v3/sobjects/Contact/%s\",\"via\":\"screen\"}",
        n, id);
}

static const char *view(struct arena *a, const struct lab_run_row *run, const char *question) {
    struct lab_ask *ask = ask_of(a, run);
    ask->question[ask->questions++] = question;
    if (labs_ask_now(app.labs, ask)) fail_msg("%s", ask->error ? ask->error : "no answer");
    return ask->view[0];
}

static const char *first_contact(struct arena *a, const struct lab_run_row *run) {
    const char *why,
        *text = view(a, run, "{\"limit\":1,\"object\":\"crm.contact\",\"view\":\"list\"}");
    return json_string_value(json_object_get(
        json_array_get(json_object_get(json_read(a, text, strlen(text), &why), "rows"), 0), "id"));
}

/* The live state and a replay of the whole record, which must agree. */
static const char *verified(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = ask_of(a, run);
    ask->verify = true;
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_int_equal(ask->first_difference, 0);
    assert_string_equal(ask->live_hash, ask->replay_hash);
    return ask->live_hash;
}

static int64_t effective(struct arena *a, const struct lab_run_row *run) {
    struct lab_ask *ask = ask_of(a, run);
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    return ask->effective;
}

/* ---- Tests ------------------------------------------------------------------------------------ */
static void test_resume_after_closing(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 7; i++) act(*state, &run, renaming(*state, id, i));
    act(*state, &run, "{\"advance_ms\":7200000,\"kind\":\"clock\"}");
    const char *before = verified(*state, &run);
    close_labs();
    open_labs(*state, 8);
    assert_int_equal(effective(*state, &run), 8);
    assert_string_equal(verified(*state, &run), before);
    assert_int_equal(app.labs->replayed, 0); /* the image that closing kept was enough */
}

/* The worker is killed in mid-run: the next question finds the run where it was. */
static void test_resume_after_a_crash(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 5; i++) act(*state, &run, renaming(*state, id, i));
    const char *before = verified(*state, &run);
    pthread_mutex_lock(&app.labs->lock);
    for (struct lab_live *v = app.labs->live; v; v = v->next) worker_end(&v->w);
    pthread_mutex_unlock(&app.labs->lock);
    struct lab_ask *ask = ask_of(*state, &run);
    ask->action = renaming(*state, id, 99);
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_LIMIT); /* told that it did not happen */
    assert_non_null(ask->error);
    assert_int_equal(effective(*state, &run), 5);
    assert_string_equal(verified(*state, &run), before);
    act(*state, &run, renaming(*state, id, 99));
    assert_int_equal(effective(*state, &run), 6);
    verified(*state, &run);
}

static void test_images_every_fifty(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 120; i++) act(*state, &run, renaming(*state, id, i));
    const char *before = verified(*state, &run);
    pthread_mutex_lock(&app.labs->lock);
    for (struct lab_live *v = app.labs->live; v; v = v->next)
        v->poisoned = true; /* as after a failed save */
    int64_t replayed = app.labs->replayed;
    pthread_mutex_unlock(&app.labs->lock);
    assert_int_equal(effective(*state, &run), 120);
    assert_int_equal(app.labs->replayed - replayed, 20); /* from the image at 100 */
    assert_string_equal(verified(*state, &run), before);
}

static void test_going_back(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run), *start = verified(*state, &run);
    for (int i = 0; i < 4; i++) act(*state, &run, renaming(*state, id, i));
    const char *four = verified(*state, &run);
    for (int i = 4; i < 9; i++) act(*state, &run, renaming(*state, id, i));
    struct lab_ask *ask = ask_of(*state, &run);
    ask->rewind_to = 4;
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_int_equal(effective(*state, &run), 4);
    assert_string_equal(verified(*state, &run), four);
    ask = ask_of(*state, &run);
    ask->rewind_to = 5; /* further than it has come */
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_INVALID);
    ask = ask_of(*state, &run);
    ask->rewind_to = 0;
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_string_equal(verified(*state, &run), start);
    struct lab_action *actions;
    size_t count;
    assert_int_equal(lab_store_actions(store_reader(app.store), *state, run.id, &actions, &count),
                     OK);
    assert_int_equal(count, 11); /* nothing was taken out of the record */
    assert_int_equal(lab_log_verify(*state, run.id, actions, count), 11);
}

static void test_a_step_of_the_past(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 6; i++) act(*state, &run, renaming(*state, id, i));
    struct lab_ask *ask = ask_of(*state, &run);
    ask->replay_to = 3;
    ask->question[ask->questions++] = arena_printf(
        *state, "{\"id\":\"%s\",\"object\":\"crm.contact\",\"view\":\"record\"}", id);
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_non_null(strstr(ask->view[0], "\"N2\""));
    assert_null(strstr(ask->view[0], "\"N3\""));
    assert_int_equal(effective(*state, &run), 6);
}

/* Reads are told before they are on the disk: whoever then asks for the record waits for them. */
static void test_reads_on_their_way(void **state) {
    struct lab_run_row run = new_run(*state);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++) {
            struct lab_ask *ask = ask_of(*state, &run);
            ask->action = "{\"kind\":\"sql\",\"sql\":\"SELECT 1\"}";
            ask->reads_only = true;
            assert_int_equal(labs_ask_now(app.labs, ask), OK);
        }
        if (round % 2) {
            verified(*state, &run);
            continue;
        }
        pthread_mutex_lock(&app.labs->lock);
        for (struct lab_live *v = app.labs->live; v; v = v->next) v->poisoned = true;
        pthread_mutex_unlock(&app.labs->lock);
        assert_int_equal(effective(*state, &run), (round + 1) * 20);
    }
    assert_int_equal(app.labs->incidents, 0);
}

/* ---- Damage ----------------------------------------------------------------------------------- */
static enum err forge_image(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct lab_run_row *run = arg;
    struct lab_image image;
    enum err e = lab_store_image(db, a, run->id, &image);
    if (e) return e;
    unsigned char *bytes = (unsigned char *)arena_copy(a, (const char *)image.bytes, image.len);
    bytes[image.len / 2] ^= 1;
    image.bytes = bytes;
    return lab_store_image_keep(db, run->id, &image, now_ms);
}

static void test_a_forged_image_is_not_opened(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 3; i++) act(*state, &run, renaming(*state, id, i));
    const char *before = verified(*state, &run);
    close_labs();
    open_labs(*state, 8);
    assert_int_equal(store_write(app.store, forge_image, &run, *state), OK);
    assert_int_equal(effective(*state, &run), 3);
    assert_int_equal(app.labs->replayed, 3);
    assert_int_equal(app.labs->incidents, 1);
    assert_string_equal(verified(*state, &run), before);
    struct lab_incident_row *rows;
    size_t count = 0;
    for (int i = 0; i < 100 && count == 0; i++) {
        usleep(10000);
        assert_int_equal(
            lab_store_incidents(store_reader(app.store), *state, run.id, &rows, &count), OK);
    }
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].kind, "seal");
}

/* Another node has gone on with the run meanwhile: what we do is refused and not told as done. */
static enum err act_elsewhere(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct lab_run_row *run = arg;
    struct lab_action *actions, one;
    size_t count;
    enum err e = lab_store_actions(db, a, run->id, &actions, &count);
    if (e) return e;
    const char *previous = count ? actions[count - 1].hash : LAB_HASH_ZERO;
    one = (struct lab_action){.seq = (int64_t)count + 1,
                              .at_ms = now_ms,
                              .actor_id = person,
                              .action = "{\"kind\":\"rewind\",\"to\":0}",
                              .answer_sha = LAB_HASH_ZERO,
                              .status = 200};
    one.hash = lab_log_hash(a, run->id, &one, previous);
    return lab_store_action_add(db, a, run->id, &one, previous);
}

static void test_another_node(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    act(*state, &run, renaming(*state, id, 1));
    assert_int_equal(store_write(app.store, act_elsewhere, &run, *state), OK);
    struct lab_ask *ask = ask_of(*state, &run);
    ask->action = renaming(*state, id, 2);
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_CONFLICT);
    assert_int_equal(effective(*state, &run), 0); /* as the other node left it */
    act(*state, &run, renaming(*state, id, 3));
    assert_int_equal(effective(*state, &run), 1);
    verified(*state, &run);
}

/* ---- Many ------------------------------------------------------------------------------------- */
static void test_more_runs_than_workers(void **state) {
    struct lab_run_row runs[20];
    const char *ids[20];
    for (int i = 0; i < 20; i++) {
        runs[i] = new_run(*state);
        ids[i] = first_contact(*state, &runs[i]);
        act(*state, &runs[i], renaming(*state, ids[i], i));
        assert_true(app.labs->workers <= 8);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(effective(*state, &runs[i]), 1);
        const char *text = view(
            *state, &runs[i],
            arena_printf(*state, "{\"id\":\"%s\",\"object\":\"crm.contact\",\"view\":\"record\"}",
                         ids[i]));
        assert_non_null(strstr(text, arena_printf(*state, "\"N%d\"", i)));
    }
    assert_true(app.labs->workers <= 8);
    assert_int_equal(app.labs->incidents, 0);
}

static void told(struct lab_ask *ask) {
    __atomic_add_fetch((int *)ask->context, 1, __ATOMIC_SEQ_CST);
}

/* A hundred questions at once for few runs: each is answered once, those of one run in order. */
static void test_a_crowd(void **state) {
    struct lab_run_row runs[4];
    const char *ids[4];
    static struct arena arenas[100];
    struct lab_ask *asks[100];
    int answered = 0;
    for (int i = 0; i < 4; i++) {
        runs[i] = new_run(*state);
        ids[i] = first_contact(*state, &runs[i]);
    }
    for (int i = 0; i < 100; i++) {
        arena_init(&arenas[i], (size_t)8 << 20);
        asks[i] = ask_of(&arenas[i], &runs[i % 4]);
        asks[i]->action = renaming(&arenas[i], ids[i % 4], i);
        asks[i]->done = told;
        asks[i]->context = &answered;
        labs_ask(app.labs, asks[i]);
    }
    for (int i = 0; i < 1000 && __atomic_load_n(&answered, __ATOMIC_SEQ_CST) < 100; i++)
        usleep(10000);
    assert_int_equal(__atomic_load_n(&answered, __ATOMIC_SEQ_CST), 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(asks[i]->result, OK);
        assert_int_equal(asks[i]->seq, i / 4 + 1);
        arena_release(&arenas[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(effective(*state, &runs[i]), 25);
        verified(*state, &runs[i]);
    }
}

/* ---- Facts for others --------------------------------------------------------------------------- */
static void test_results(void **state) {
    const char *run_id;
    struct lab_result *results;
    size_t count;
    assert_int_equal(lab_demo_run(app.labs, *state, person, "field-mapping-dedupe",
                                  "map=quillon,crm=boreal", "reference", 1600000000000, &run_id),
                     OK);
    assert_int_equal(lab_demo_run(app.labs, *state, person, "field-mapping-dedupe", CHOICE,
                                  "exact-address", 1600000000001, &run_id),
                     OK);
    assert_int_equal(lab_results(store_reader(app.store), *state, person, "field-mapping-dedupe",
                                 &results, &count),
                     OK);
    assert_int_equal(count, 2);
    assert_true(results[0].passed_ms > results[0].started_ms);
    assert_int_equal(results[0].checks_passed, results[0].checks);
    assert_string_equal(results[0].dialects, "crm=boreal,map=quillon");
    assert_int_equal(results[1].passed_ms, 0);
    assert_true(results[1].checks_passed < results[1].checks);
    assert_int_equal(lab_results(store_reader(app.store), *state, "nobody", NULL, &results, &count),
                     OK);
    assert_int_equal(count, 0);
    /* What the demo wrote is a record like any other: it replays to the same state. */
    struct lab_run_row run;
    assert_int_equal(lab_store_run(store_reader(app.store), *state, run_id, &run), OK);
    verified(*state, &run);
    assert_string_equal(lab_title(app.labs, *state, "field-mapping-dedupe"),
                        "Field mapping and deduplication");
    assert_null(lab_title(app.labs, *state, "nothing"));
}

#define LABS(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_resume_after_closing),
        LABS(test_resume_after_a_crash),
        LABS(test_images_every_fifty),
        LABS(test_going_back),
        LABS(test_a_step_of_the_past),
        LABS(test_reads_on_their_way),
        LABS(test_a_forged_image_is_not_opened),
        LABS(test_another_node),
        LABS(test_more_runs_than_workers),
        LABS(test_a_crowd),
        LABS(test_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
