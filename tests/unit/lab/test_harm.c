/* What one run can do to the others: workers that die or stand still, queries without an end, one
 * person in many runs. */
#include "unit/lab/lab_runs.h"

#include <semaphore.h>
#include <sys/syscall.h>

#include "base/clock.h"

/* ---- Workers that fail ---------------------------------------------------------------------- */
static struct lab_live *live_of(const struct lab_run_row *run) {
    pthread_mutex_lock(&app.labs->lock);
    struct lab_live *v = app.labs->live;
    while (v && strcmp(v->run_id, run->id) != 0) v = v->next;
    pthread_mutex_unlock(&app.labs->lock);
    assert_non_null(v);
    return v;
}

/* Stops the worker of a run as a debugger would, and makes whoever asks it less patient. */
static void stop_worker(const struct lab_run_row *run) {
    struct lab_live *live = live_of(run);
    if (live->w.pid_fd < 0) skip();
    live->w.deadline_ms = 500;
    assert_int_equal(syscall(SYS_pidfd_send_signal, live->w.pid_fd, SIGSTOP, NULL, 0), 0);
}

/* RULE lab-second-try: a worker that is dead, or stands still, is replaced, and what it was asked
 * is done by the next one, once. Nobody notices but by the time it takes. */
static void test_an_action_is_tried_once_more(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    for (int i = 0; i < 5; i++) act(*state, &run, renaming(*state, id, i));
    worker_end(&live_of(&run)->w);
    act(*state, &run, renaming(*state, id, 6));
    assert_int_equal(effective(*state, &run), 6);
    stop_worker(&run);
    act(*state, &run, renaming(*state, id, 7));
    assert_int_equal(effective(*state, &run), 7);
    verified(*state, &run);
    assert_int_equal(app.labs->died, 2);
}

static void test_a_look_is_tried_once_more(void **state) {
    struct lab_run_row run = new_run(*state);
    const char *id = first_contact(*state, &run);
    act(*state, &run, renaming(*state, id, 1));
    stop_worker(&run);
    assert_string_equal(first_contact(*state, &run), id);
    stop_worker(&run);
    struct lab_ask *ask = ask_of(*state, &run);
    ask->check = true;
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_non_null(ask->verdicts);
    stop_worker(&run); /* while it is compared with a replay */
    verified(*state, &run);
    stop_worker(&run); /* while its image is saved: without one the next start replays */
    close_labs();
    open_labs(*state, 8);
    assert_int_equal(effective(*state, &run), 1);
}

/* The process that starts workers stands still: another one is at hand. */
static void test_a_run_without_the_zygote(void **state) {
    struct lab_run_row run = new_run(*state);
    assert_int_equal(kill(zygote_pid(app.labs->zygote), SIGSTOP), 0);
    const char *id = first_contact(*state, &run);
    act(*state, &run, renaming(*state, id, 1));
    verified(*state, &run);
}

/* ---- Queries -------------------------------------------------------------------------------- */
static struct lab_ask *query_of(struct arena *a, const struct lab_run_row *run, const char *sql) {
    struct lab_ask *ask = ask_of(a, run);
    ask->action = json_text(a, json_adopt(a, json_pack("{s:s, s:s}", "kind", "sql", "sql", sql)));
    ask->reads_only = true;
    return ask;
}

static struct lab_action *last_action(struct arena *a, const struct lab_run_row *run) {
    struct lab_action *last = NEW(a, struct lab_action);
    struct lab_log log;
    verified(a, run); /* whatever is on its way has arrived */
    assert_int_equal(lab_store_record(store_reader(app.store), a, run->id, &log), OK);
    assert_false(log.broken);
    assert_int_equal(
        lab_store_action(store_reader(app.store), a, run->id, (int64_t)log.count, last), OK);
    return last;
}

#define ENDLESS                                                                                    \
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

/* RULE lab-cut-off: what was cut off is recorded as cut off, and not tried again. */
static void test_a_query_is_cut_off(void **state) {
    struct lab_run_row run = new_run(*state);
    first_contact(*state, &run);
    struct lab_ask *ask = query_of(*state, &run, ENDLESS);
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_int_equal(ask->answer.status, 422);
    assert_non_null(ask->answer.cut);
    int64_t died = app.labs->died; /* none, but on a machine that is very busy */
    const char *record = last_action(*state, &run)->action;
    assert_non_null(
        strstr(record, arena_printf(*state, "{\"cut\":\"%s\",\"kind\":\"sql\",", ask->answer.cut)));

    stop_worker(&run); /* now it cannot */
    ask = query_of(*state, &run, "SELECT 1");
    ask->question[ask->questions++] = "{\"view\":\"summary\"}";
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_string_equal(ask->answer.cut, "time");
    assert_int_equal(ask->answer.status, 422);
    assert_non_null(ask->view[0]); /* by the next worker */
    assert_int_equal(app.labs->died, died + 1);
    assert_string_equal(last_action(*state, &run)->action,
                        "{\"cut\":\"time\",\"kind\":\"sql\",\"sql\":\"SELECT 1\"}");
    assert_int_equal(last_action(*state, &run)->status, 422);

    ask = query_of(*state, &run, "SELECT 1");
    assert_int_equal(labs_ask_now(app.labs, ask), OK);
    assert_int_equal(ask->answer.status, 200);
    assert_null(ask->answer.cut);
    assert_string_equal(last_action(*state, &run)->action,
                        "{\"kind\":\"sql\",\"sql\":\"SELECT 1\"}");
    assert_int_equal(effective(*state, &run), 3);
}

static enum err look_often(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct lab_run_row *run = arg;
    const char *previous = LAB_HASH_ZERO;
    enum err e = OK;
    for (int i = 1; i <= 60 && !e; i++) {
        struct lab_action one = {.seq = i,
                                 .at_ms = now_ms,
                                 .actor_id = person,
                                 .action = "{\"kind\":\"sql\",\"sql\":\"" ENDLESS "\"}",
                                 .answer_sha = LAB_HASH_ZERO, /* of no answer that there is */
                                 .status = 422};
        one.hash = lab_log_hash(a, run->id, &one, previous);
        e = lab_store_action_add(db, a, run->id, &one, previous);
        previous = one.hash;
    }
    return e;
}

/* RULE lab-look: sixty queries of a second each stand in the record. They are not run again at
 * resume, nor in a replay, nor are their answers compared. */
static void test_looks_are_not_run_again(void **state) {
    struct lab_run_row run = new_run(*state);
    assert_int_equal(store_write(app.store, look_often, &run, *state), OK);
    int64_t began = clock_monotonic_ms();
    assert_int_equal(effective(*state, &run), 60);
    const char *id = first_contact(*state, &run);
    act(*state, &run, renaming(*state, id, 1));
    verified(*state, &run);
    assert_true(clock_monotonic_ms() - began < 20000);
    assert_int_equal(app.labs->incidents, 0);
    assert_int_equal(app.labs->died, 0);
}

/* ---- Fairness ------------------------------------------------------------------------------- */
/* RULE lab-share: one person asks four runs for more than a second each, twice over. Somebody
 * else's page is answered before even two of them are: one is at work at a time, whatever number
 * waits. A third person's query waits for none but itself. */
static void test_one_person_does_not_hold_up_others(void **state) {
    struct lab_run_row runs[4], other = new_run(*state), third = new_run(*state);
    static struct sent greedy[8], page, query;
    turn = 0;
    first_contact(*state, &other);
    first_contact(*state, &third);
    for (int i = 0; i < 4; i++) {
        runs[i] = new_run(*state);
        first_contact(*state, &runs[i]);
    }
    for (int i = 0; i < 8; i++) {
        arena_init(&greedy[i].arena, (size_t)8 << 20);
        send_ask(&greedy[i], query_of(&greedy[i].arena, &runs[i % 4], ENDLESS), "greedy");
    }
    usleep(50000); /* they are at it */
    arena_init(&page.arena, (size_t)8 << 20);
    arena_init(&query.arena, (size_t)8 << 20);
    struct lab_ask *look = ask_of(&page.arena, &other);
    look->question[look->questions++] =
        "{\"limit\":25,\"object\":\"crm.contact\",\"view\":\"list\"}";
    send_ask(&page, look, "other");
    send_ask(&query, query_of(&query.arena, &third, "SELECT count(*) FROM event"), "third");
    wait_answer(&page);
    wait_answer(&query);
    assert_true(page.turn <= 3);
    assert_true(query.turn <= 3);
    assert_int_equal(look->result, OK);
    for (int i = 0; i < 8; i++) {
        wait_answer(&greedy[i]);
        assert_int_equal(greedy[i].ask->result, OK);
        assert_int_equal(greedy[i].ask->answer.status, 422);
        arena_release(&greedy[i].arena);
    }
    arena_release(&page.arena);
    arena_release(&query.arena);
    pthread_mutex_lock(&app.labs->lock);
    assert_null(app.labs->person_queues); /* nothing is kept of who is done */
    assert_int_equal(app.labs->heavy, 0);
    pthread_mutex_unlock(&app.labs->lock);
}

/* Both sides of the edge: LAB_WAITING asks of one person wait, the next is told so at once; another
 * person's is not. */
static void test_a_queue_has_an_end(void **state) {
    struct lab_run_row run = new_run(*state), other = new_run(*state);
    static struct sent many[LAB_WAITING + 2], one;
    turn = 0;
    first_contact(*state, &run);
    arena_init(&many[0].arena, (size_t)8 << 20);
    send_ask(&many[0], query_of(&many[0].arena, &run, ENDLESS), "greedy"); /* at work */
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&app.labs->lock);
        bool at_work = app.labs->heavy == 1;
        pthread_mutex_unlock(&app.labs->lock);
        if (at_work) break;
        usleep(1000);
    }
    for (int i = 1; i < LAB_WAITING + 2; i++) {
        arena_init(&many[i].arena, (size_t)1 << 20);
        send_ask(&many[i], ask_of(&many[i].arena, &run), "greedy");
    }
    assert_int_equal(many[LAB_WAITING + 1].turn, 1); /* the first to be told anything */
    assert_int_equal(many[LAB_WAITING + 1].ask->result, ERR_BUSY);
    assert_string_equal(many[LAB_WAITING + 1].ask->error, "lab_error_many");
    arena_init(&one.arena, (size_t)8 << 20);
    send_ask(&one, ask_of(&one.arena, &other), "other");
    wait_answer(&one);
    assert_int_equal(one.ask->result, OK);
    for (int i = 0; i <= LAB_WAITING; i++) {
        wait_answer(&many[i]);
        assert_int_equal(many[i].ask->result, OK);
    }
    for (int i = 0; i < LAB_WAITING + 2; i++) arena_release(&many[i].arena);
    arena_release(&one.arena);
}

/* ---- Waking --------------------------------------------------------------------------------- */
static enum err hold_writer(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)db, (void)a, (void)now_ms;
    while (sem_wait(arg) != 0) continue;
    return OK;
}
static void let_go(struct write_job *job, enum err result) { (void)job, (void)result; }

/* Three of the threads wait for the disk. Whoever asks another run meanwhile wakes the fourth,
 * which has nothing to do, and not one of those: it is answered at once, each time. */
static void test_an_ask_wakes_an_idle_thread(void **state) {
    struct lab_run_row runs[LAB_THREADS - 1], other = new_run(*state);
    static struct sent waiting[LAB_THREADS - 1];
    sem_t held;
    struct write_job hold = {.run = hold_writer, .arg = &held, .arena = *state, .done = let_go};
    turn = 0;
    sem_init(&held, 0, 0);
    first_contact(*state, &other);
    for (int i = 0; i < LAB_THREADS - 1; i++) {
        runs[i] = new_run(*state);
        first_contact(*state, &runs[i]);
    }
    assert_int_equal(store_submit(app.store, &hold), OK);
    for (int i = 0; i < LAB_THREADS - 1; i++) {
        struct lab_ask *read = query_of(*state, &runs[i], "SELECT 1");
        assert_int_equal(labs_ask_now(app.labs, read), OK);
        pthread_mutex_lock(&app.labs->lock);
        for (struct lab_live *v = app.labs->live; v; v = v->next)
            if (str_eq(v->run_id, runs[i].id)) v->poisoned = true; /* to be read from the disk */
        pthread_mutex_unlock(&app.labs->lock);
        arena_init(&waiting[i].arena, (size_t)8 << 20);
        send_ask(&waiting[i], ask_of(&waiting[i].arena, &runs[i]), arena_printf(*state, "p%d", i));
    }
    usleep(300000);
    int64_t began = clock_monotonic_ms();
    for (int i = 0; i < 2 * LAB_THREADS && clock_monotonic_ms() - began < 3000; i++) {
        effective(*state, &other);
        usleep(20000);
    }
    int64_t took = clock_monotonic_ms() - began;
    int told_early = turn;
    sem_post(&held); /* before anything may fail: closing waits for it */
    assert_int_equal(told_early, 0);
    for (int i = 0; i < LAB_THREADS - 1; i++) {
        wait_answer(&waiting[i]);
        assert_int_equal(waiting[i].ask->result, OK);
        arena_release(&waiting[i].arena);
    }
    assert_true(took < 3000); /* a wait that nobody ends lasts five seconds */
    sem_destroy(&held);
}

/* ---- Queries that kill ---------------------------------------------------------------------- */
static _Atomic bool killing;

/* Processor time of a process in ticks of 10 ms; -1: it is gone. */
static long ticks_of(int pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    long user = -1;
    if (!f) return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld", &user) != 1)
        return -1;
    return user;
}

/* Calls `each` with the children of a process. */
static void children_of(int parent, void (*each)(int pid)) {
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%d", &pid) == 1) each(pid);
    if (f) fclose(f);
}

static void kill_if_busy(int pid) {
    if (ticks_of(pid) > 8) kill(pid, SIGKILL);
}
static void kill_workers_of(int template) { children_of(template, kill_if_busy); }

/* Kills each worker that is at a long query: none needs that much time for anything else. */
static void *kill_the_busy(void *arg) {
    (void)arg;
    for (; killing; usleep(5000)) children_of(zygote_pid(app.labs->zygote), kill_workers_of);
    return NULL;
}

/* RULE lab-cut-off, the other side: a query whose worker died, twice, was not too slow. It is
 * refused, the record says nothing of it, and the run goes on. */
static void test_a_query_whose_workers_die(void **state) {
    struct lab_run_row run = new_run(*state);
    pthread_t killer;
    const char *id = first_contact(*state, &run);
    if (access("/proc/self/task", R_OK) != 0) skip();
    killing = true;
    assert_int_equal(pthread_create(&killer, NULL, kill_the_busy, NULL), 0);
    struct lab_ask *ask = query_of(*state, &run, ENDLESS);
    enum err e = labs_ask_now(app.labs, ask);
    killing = false;
    pthread_join(killer, NULL);
    assert_int_equal(app.labs->died, 2);
    assert_int_equal(e, ERR_LIMIT);
    assert_string_equal(ask->error, "lab_error_stopped");
    act(*state, &run, renaming(*state, id, 1));
    assert_int_equal(effective(*state, &run), 1);
    assert_int_equal(last_action(*state, &run)->seq, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_an_action_is_tried_once_more), LABS(test_a_look_is_tried_once_more),
        LABS(test_a_run_without_the_zygote),     LABS(test_a_query_is_cut_off),
        LABS(test_looks_are_not_run_again),      LABS(test_one_person_does_not_hold_up_others),
        LABS(test_a_queue_has_an_end),           LABS(test_an_ask_wakes_an_idle_thread),
        LABS(test_a_query_whose_workers_die),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
