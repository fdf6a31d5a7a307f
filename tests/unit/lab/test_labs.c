/* Live runs over a store: acting, resuming, going back, seals, the limit of workers. */
#include "unit/lab/lab_runs.h"

/* ---- Tests ---------------------------------------------------------------------------------- */
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
    struct lab_log log;
    assert_int_equal(lab_store_record(store_reader(app.store), *state, run.id, &log), OK);
    assert_int_equal(log.count, 11); /* nothing was taken out of the record */
    assert_false(log.broken);
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

/* ---- Damage --------------------------------------------------------------------------------- */
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
    struct lab_action one;
    struct lab_log log;
    enum err e = lab_store_record(db, a, run->id, &log);
    if (e) return e;
    one = (struct lab_action){.seq = (int64_t)log.count + 1,
                              .at_ms = now_ms,
                              .actor_id = person,
                              .action = "{\"kind\":\"rewind\",\"to\":0}",
                              .answer_sha = LAB_HASH_ZERO,
                              .status = 200};
    one.hash = lab_log_hash(a, run->id, &one, log.head);
    return lab_store_action_add(db, a, run->id, &one, log.head);
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

/* An action whose answer is on record in words that no engine of today would give. */
static enum err act_in_other_words(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct lab_run_row *run = arg;
    struct lab_log log;
    enum err e = lab_store_record(db, a, run->id, &log);
    if (e) return e;
    struct lab_action one = {.seq = (int64_t)log.count + 1,
                             .at_ms = now_ms,
                             .actor_id = person,
                             .action = "{\"advance_ms\":60000,\"kind\":\"clock\"}",
                             .answer_sha = LAB_HASH_ZERO,
                             .status = 200};
    one.hash = lab_log_hash(a, run->id, &one, log.head);
    return lab_store_action_add(db, a, run->id, &one, log.head);
}

/* RULE lab-engine. */
static void test_an_answer_in_other_words(void **state) {
    for (int other = 0; other < 2; other++) {
        struct lab_run_row run = new_run(*state);
        int64_t incidents = app.labs->incidents;
        if (other) run.engine = "gradus-lab-5 sqlite-3.0.0";
        assert_int_equal(store_write(app.store, act_in_other_words, &run, *state), OK);
        assert_int_equal(effective(*state, &run), 1);
        assert_int_equal(app.labs->incidents, incidents + !other);
    }
}

/* RULE lab-engine-old. */
static void test_an_older_engine(void **state) {
    static const char *const played[] = {"gradus-lab-4", "gradus-lab-5 sqlite-3.40.1"},
                             *const not_played[] = {"gradus-lab-3 sqlite-3.40.1", "gradus-lab-8",
                                                    "gradus-lab-", "gradus-lab-44444444444", "x"};
    for (size_t i = 0; i < COUNT_OF(played); i++) assert_true(worker_plays(played[i]));
    for (size_t i = 0; i < COUNT_OF(not_played); i++) assert_false(worker_plays(not_played[i]));
    assert_true(worker_plays(worker_engine()));
    struct lab_run_row run = new_run(*state);
    run.engine = not_played[0];
    struct lab_ask *ask = ask_of(*state, &run);
    ask->action = "{\"advance_ms\":60000,\"kind\":\"clock\"}";
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_CONFLICT);
    assert_string_equal(ask->error, "lab_error_engine_old");
}

/* ---- Many ----------------------------------------------------------------------------------- */
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

/* ---- Facts for others ----------------------------------------------------------------------- */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_resume_after_closing),
        LABS(test_images_every_fifty),
        LABS(test_going_back),
        LABS(test_a_step_of_the_past),
        LABS(test_reads_on_their_way),
        LABS(test_a_forged_image_is_not_opened),
        LABS(test_another_node),
        LABS(test_an_answer_in_other_words),
        LABS(test_an_older_engine),
        LABS(test_more_runs_than_workers),
        LABS(test_a_crowd),
        LABS(test_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
