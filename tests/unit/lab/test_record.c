/* Records that are larger than a request may be, and what bounds them. */
#include "unit/lab/lab_runs.h"

#define ASK_BYTES ((size_t)32 * 1024 * 1024) /* as of a request */

/* ---- Long records --------------------------------------------------------------------------- */
struct piece {
    const struct lab_run_row *run;
    struct lab_action action;
    const char *previous;
};

static enum err add_piece(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct piece *p = arg;
    (void)now_ms;
    return lab_store_action_add(db, a, p->run->id, &p->action, p->previous);
}

/* A call whose body the system refuses: that it was made is on record all the same. */
static char *big_call(struct arena *a, size_t bytes) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{\"body\":\"");
    for (size_t i = 0; i < bytes; i++) buf_putc(&b, 'x');
    buf_puts(&b, "\",\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"POST\",\"path\":"
                 "\"/desk/v3/tables/Contact\",\"via\":\"screen\"}");
    return (char *)buf_text(&b);
}

/* Puts `count` such calls into the record as they were before there was a bound: with the answers
 * that a worker gives. */
static void record_big_calls(const struct lab_run_row *run, int count, size_t bytes) {
    struct arena kept;
    arena_init(&kept, (size_t)1 << 20);
    const struct lab_version *version = registry_current(app.labs->registry, &kept,
                                                         "field-mapping-dedupe", NULL);
    char previous[65] = LAB_HASH_ZERO;
    struct worker w;
    for (int i = 1; i <= count; i++) {
        struct arena a;
        struct lab_answer answer;
        const char *why;
        arena_init(&a, (size_t)64 << 20);
        if (i == 1 &&
            client_start(&w, app.labs->zygote, version->scenario.pack, version->scenario.pack_len,
                         run->choice, run->seed, NULL, 0, &a, &why))
            fail_msg("%s", why);
        struct piece p = {
            run,
            {.seq = i, .at_ms = 1700000000000, .actor_id = person, .action = big_call(&a, bytes)},
            previous};
        assert_int_equal(client_step(&w, p.action.action, &a, &answer), OK);
        p.action.status = answer.status;
        p.action.answer_sha = answer.sha;
        p.action.hash = lab_log_hash(&a, run->id, &p.action, previous);
        assert_int_equal(store_write(app.store, add_piece, &p, &a), OK);
        memcpy(previous, p.action.hash, sizeof previous);
        arena_release(&a);
    }
    worker_end(&w);
    arena_release(&kept);
}

/* RULE lab-record-pieces: 40 MB of record, and a request has 32. It is taken up, replayed and
 * verified; and however often it is asked for, the server stays. */
static void test_a_record_larger_than_a_request(void **state) {
    struct lab_run_row run = new_run(*state);
    record_big_calls(&run, 160, 250 * 1000);
    for (int i = 0; i < 2 * LAB_THREADS; i++) {
        struct arena a;
        arena_init(&a, ASK_BYTES);
        struct lab_ask *ask = ask_of(&a, &run);
        ask->question[ask->questions++] = "{\"view\":\"summary\"}";
        if (i == 1) ask->verify = true;
        if (i == 2) ask->replay_to = 120;
        enum err e = labs_ask_now(app.labs, ask);
        if (e) fail_msg("ask %d: %s %s", i, err_name(e), ask->error ? ask->error : "");
        assert_int_equal(ask->effective, 160);
        if (i == 1) {
            assert_int_equal(ask->first_difference, 0);
            assert_string_equal(ask->live_hash, ask->replay_hash);
        }
        arena_release(&a);
    }
    /* It was made before there was a bound; now it is full. */
    struct lab_ask *ask = ask_of(*state, &run);
    ask->action = "{\"advance_ms\":60000,\"kind\":\"clock\"}";
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_LIMIT);
    assert_string_equal(ask->error, "lab_error_run_bytes");
    assert_int_equal(effective(*state, &run), 160);
    assert_int_equal(app.labs->incidents, 0);
}

/* ---- Bounds --------------------------------------------------------------------------------- */
/* An action whose JSON has exactly so many bytes. */
static char *action_of(struct arena *a, size_t bytes) {
    size_t around = strlen(big_call(a, 0));
    char *action = big_call(a, bytes - around);
    assert_int_equal(strlen(action), bytes);
    return action;
}

static const char *refusal(struct arena *a, const struct lab_run_row *run, const char *action) {
    struct lab_ask *ask = ask_of(a, run);
    ask->action = action;
    enum err e = labs_ask_now(app.labs, ask);
    if (e && e != ERR_LIMIT) fail_msg("%s", err_name(e));
    return e ? ask->error : "";
}

/* What was refused left no trace, neither in the state nor in the record. */
static void holds(struct arena *a, const struct lab_run_row *run, int64_t actions, int64_t bytes) {
    struct lab_log log;
    verified(a, run);
    assert_int_equal(effective(a, run), actions);
    assert_int_equal(lab_store_record(store_reader(app.store), a, run->id, &log), OK);
    assert_false(log.broken);
    assert_int_equal(log.count, actions);
    assert_int_equal(log.bytes, bytes);
}

/* RULE lab-record-bound, of one action: both sides of the edge. */
static void test_an_action_has_a_bound(void **state) {
    struct lab_run_row run = new_run(*state);
    assert_string_equal(refusal(*state, &run, action_of(*state, LAB_ACTION_BYTES)), "");
    assert_string_equal(refusal(*state, &run, action_of(*state, LAB_ACTION_BYTES + 1)),
                        "lab_error_action_bytes");
    holds(*state, &run, 1, LAB_ACTION_BYTES);
}

/* Of a run: its last byte may be used, and the run can be taken up from its record then. */
static void test_a_run_has_a_bound(void **state) {
    struct lab_run_row run = new_run(*state);
    /* They leave some 28 KB. */
    const size_t each = 209 * 1000, full = LAB_RUN_BYTES / each, rest = LAB_RUN_BYTES % each;
    struct arena a;
    record_big_calls(&run, (int)full, each - strlen(big_call(*state, 0)));
    arena_init(&a, ASK_BYTES);
    assert_string_equal(refusal(&a, &run, action_of(&a, rest - 1000)), "");
    assert_string_equal(refusal(&a, &run, action_of(&a, 1001)), "lab_error_run_bytes");
    struct lab_ask *ask = ask_of(&a, &run);
    close_labs();
    open_labs(*state, 8); /* as counted from the disk, too */
    assert_string_equal(refusal(&a, &run, action_of(&a, 1001)), "lab_error_run_bytes");
    assert_string_equal(refusal(&a, &run, action_of(&a, 1000)), "");
    ask->rewind_to = 0;
    assert_int_equal(labs_ask_now(app.labs, ask), ERR_LIMIT);
    assert_string_equal(ask->error, "lab_error_run_bytes");
    arena_release(&a);
    holds(*state, &run, (int64_t)full + 2, LAB_RUN_BYTES);
}

/* Of a person: what all runs have on record counts, on the disk and since. */
static void test_a_person_has_a_bound(void **state) {
    struct lab_run_row first = new_run(*state), second = new_run(*state);
    int64_t bytes;
    assert_string_equal(refusal(*state, &first, action_of(*state, 3000)), "");
    close_labs();
    open_labs(*state, 8);
    assert_string_equal(refusal(*state, &second, action_of(*state, 2000)), "");
    assert_non_null(app.labs->people);
    assert_null(app.labs->people->next);
    assert_string_equal(app.labs->people->id, person);
    assert_int_equal(app.labs->people->bytes, 5000);
    assert_int_equal(lab_store_bytes(store_reader(app.store), person, LAB_PERSON_BYTES, &bytes),
                     OK);
    assert_int_equal(bytes, 5000);
    app.labs->people->bytes = LAB_PERSON_BYTES - 1000;
    assert_string_equal(refusal(*state, &first, action_of(*state, 1001)), "lab_error_person_bytes");
    assert_string_equal(refusal(*state, &second, action_of(*state, 1000)), "");
    assert_string_equal(refusal(*state, &second, action_of(*state, 500)), "lab_error_person_bytes");
    holds(*state, &first, 1, 3000);
    holds(*state, &second, 2, 3000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_a_record_larger_than_a_request),
        LABS(test_an_action_has_a_bound),
        LABS(test_a_run_has_a_bound),
        LABS(test_a_person_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
