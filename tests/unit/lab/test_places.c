/* Who gets a worker when all are in use. */
#include "unit/lab/lab_runs.h"

#include "base/clock.h"

static enum err add_named(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char **name = arg;
    return account_add(db, a, now_ms, "system", *name, *name,
                       arena_printf(a, "%s@example.com", *name), ROLE_LEARNER, NULL, name);
}

/* A run of a person who is added for it; NULL: of `person`. */
static struct lab_run_row run_of(struct arena *a, const char *name) {
    const char *before = person;
    if (name) {
        assert_int_equal(store_write(app.store, add_named, &name, a), OK);
        person = name;
    }
    struct lab_run_row run = new_run(a);
    person = before;
    return run;
}

static enum err use(struct arena *a, const struct lab_run_row *run, const char **error) {
    struct lab_ask *ask = ask_of(a, run);
    ask->actor_id = run->person_id;
    ask->question[ask->questions++] = "{\"view\":\"summary\"}";
    enum err e = labs_ask_now(app.labs, ask);
    *error = ask->error;
    return e;
}

static bool has_worker(const struct lab_run_row *run) {
    bool has = false;
    pthread_mutex_lock(&app.labs->lock);
    for (const struct lab_live *v = app.labs->live; v; v = v->next)
        if (strcmp(v->run_id, run->id) == 0) has = v->version != NULL;
    pthread_mutex_unlock(&app.labs->lock);
    return has;
}

static void let_time_pass(const struct lab_run_row *run, int64_t ms) {
    pthread_mutex_lock(&app.labs->lock);
    for (struct lab_live *v = app.labs->live; v; v = v->next)
        if (strcmp(v->run_id, run->id) == 0) v->used_ms -= ms;
    pthread_mutex_unlock(&app.labs->lock);
}

/* RULE lab-places: who has two more than who comes makes room; else nobody is thrown out who was
 * here a moment ago; one's own runs make room for each other; what was unused for a while makes
 * room for all. */
static void test_places(void **state) {
    const char *error;
    close_labs();
    open_labs(*state, 2);
    struct lab_run_row one = run_of(*state, NULL), two = run_of(*state, NULL),
                       bens = run_of(*state, "ben"), cys = run_of(*state, "cy");
    assert_int_equal(use(*state, &one, &error), OK);
    assert_int_equal(use(*state, &two, &error), OK);
    assert_int_equal(use(*state, &bens, &error), OK);
    assert_false(has_worker(&one));
    assert_true(has_worker(&two) && has_worker(&bens));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(use(*state, &cys, &error), ERR_BUSY);
        assert_string_equal(error, "lab_error_full");
    }
    assert_int_equal(app.labs->refused, 3);
    assert_true(has_worker(&two) && has_worker(&bens));
    assert_int_equal(use(*state, &one, &error), OK);
    assert_false(has_worker(&two));
    assert_true(has_worker(&one) && has_worker(&bens));
    let_time_pass(&bens, LAB_KEEP_MS);
    assert_int_equal(use(*state, &cys, &error), OK);
    assert_false(has_worker(&bens));
    assert_true(has_worker(&one) && has_worker(&cys));
    assert_int_equal(app.labs->workers, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {LABS(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
