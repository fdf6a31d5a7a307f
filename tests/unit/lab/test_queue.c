/* Whose turn it is: asks enter and are taken as the threads do it, without threads. */
#include "unit/check.h"

#include "lab/lab_manager.h"

#define MANY 64

static struct labs room;
static struct lab_live runs[MANY];
static struct lab_ask asks[MANY];
static int used;

static int fresh(void **state) {
    (void)state;
    memset(&room, 0, sizeof room);
    memset(runs, 0, sizeof runs);
    memset(asks, 0, sizeof asks);
    used = 0;
    return 0;
}

/* Somebody asks a run of their own. */
static struct lab_ask *enter(const char *who) {
    struct lab_ask *ask = &asks[used];
    struct lab_live *live = &runs[used++];
    assert_true(used < MANY);
    lab_ask_init(ask, NULL, 0);
    ask->actor_id = who;
    assert_true(lab_queue_enter(&room, live, ask));
    live->next = room.live;
    room.live = live;
    return ask;
}

/* The next one goes to work and is done at once. */
static struct lab_ask *serve(void) {
    struct lab_live *live = lab_queue_next(&room);
    if (!live) return NULL;
    struct lab_ask *ask = live->first;
    live->first = live->last = NULL;
    lab_queue_take(&room, ask);
    lab_queue_leave(&room, ask->person_queue, ask->heavy);
    return ask;
}

/* RULE lab-turns: whoever has several asks waiting comes to each of them, however many others come
 * with one: a second ask stands behind those that were there before it, and not behind all that
 * ever come. */
static void test_several_are_not_starved_by_singles(void **state) {
    (void)state;
    struct lab_ask *mine[3];
    char who[MANY][8];
    int found = 0;
    for (int i = 0; i < 3; i++) mine[i] = enter("several");
    for (int i = 0; i < 24; i++) {
        snprintf(who[i], sizeof who[i], "p%d", i);
        enter(who[i]);
        struct lab_ask *ask = serve();
        if (found < 3 && ask == mine[found]) found++;
        else assert_ptr_not_equal(ask, mine[0]);
        if (i == 5) assert_int_equal(found, 3);
    }
    assert_int_equal(found, 3);
}

/* And singles are not held up by several: one that comes while twenty of somebody wait stands
 * behind one of them. */
static void test_a_single_is_not_held_up(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) enter("several");
    for (int round = 0; round < 8; round++) {
        struct lab_ask *single = enter("single");
        int before = 0;
        while (serve() != single) before++;
        assert_true(before <= 1);
    }
}

/* Two with many each take turns. */
static void test_two_take_turns(void **state) {
    (void)state;
    int a = 0, b = 0;
    for (int i = 0; i < 10; i++) enter("a");
    for (int i = 0; i < 10; i++) enter("b");
    for (int i = 0; i < 20; i++) {
        if (strcmp(serve()->actor_id, "a") == 0) a++;
        else b++;
        assert_in_range(a - b + 1, 0, 2);
    }
    assert_null(serve());
    assert_null(room.person_queues); /* nothing is kept of who is done */
}

/* Of one run, which is asked again before the first is done. */
static struct lab_ask *enter_into(struct lab_live *live, const char *who) {
    struct lab_ask *ask = &asks[used++];
    lab_ask_init(ask, NULL, 0);
    ask->actor_id = who;
    assert_true(lab_queue_enter(&room, live, ask));
    return ask;
}

/* The next one goes to work and stays there. */
static struct lab_ask *begin(void) {
    struct lab_live *live = lab_queue_next(&room);
    if (!live) return NULL;
    struct lab_ask *ask = live->first;
    live->first = ask->next;
    if (!live->first) live->last = NULL;
    lab_queue_take(&room, ask);
    return ask;
}

static void end(const struct lab_ask *ask) {
    lab_queue_leave(&room, ask->person_queue, ask->heavy);
}

/* Both sides of the edge. */
static void test_so_many_wait_and_no_more(void **state) {
    (void)state;
    static struct lab_live live;
    static struct lab_ask many[LAB_WAITING + 2];
    memset(&live, 0, sizeof live);
    for (int i = 0; i < LAB_WAITING + 2; i++) {
        lab_ask_init(&many[i], NULL, 0);
        many[i].actor_id = "p";
        assert_int_equal(lab_queue_enter(&room, &live, &many[i]), i < LAB_WAITING);
    }
    assert_ptr_equal(live.last, &many[LAB_WAITING - 1]);
    assert_non_null(enter("q")); /* others are not in the way */
    room.live = &live;
    live.next = NULL;
    assert_ptr_equal(begin(), &many[0]);
    assert_true(lab_queue_enter(&room, &live, &many[LAB_WAITING])); /* one is at work now */
    assert_false(lab_queue_enter(&room, &live, &many[LAB_WAITING + 1]));
    while (room.person_queues) {
        struct lab_person_queue *next = room.person_queues->next;
        free(room.person_queues);
        room.person_queues = next;
    }
}

/* RULE lab-share: two of a person at work, and one of them that may take long. */
static void test_a_share_of_the_threads(void **state) {
    (void)state;
    struct lab_ask *ask[6];
    for (int i = 0; i < 3; i++) ask[i] = enter("p");
    ask[3] = enter("q");
    assert_ptr_equal(begin(), ask[0]);
    assert_ptr_equal(begin(), ask[3]);
    assert_ptr_equal(begin(), ask[1]);
    assert_null(begin());
    end(ask[3]);
    assert_null(begin());
    end(ask[0]);
    assert_ptr_equal(begin(), ask[2]);
    assert_null(begin());
    end(ask[1]);
    end(ask[2]);
    assert_null(room.person_queues);
}

static struct lab_ask *enter_heavy(const char *who) {
    struct lab_ask *ask = enter(who);
    ask->heavy = true;
    return ask;
}

static void test_what_takes_long_leaves_threads(void **state) {
    (void)state;
    struct lab_ask *one = enter_heavy("p"), *two = enter_heavy("p"), *light = enter("p");
    assert_ptr_equal(begin(), one);
    assert_ptr_equal(begin(), light); /* the second waits for the first */
    end(light);
    assert_null(begin());
    end(one);
    assert_ptr_equal(begin(), two);
    end(two);
    assert_int_equal(room.heavy, 0);
    /* And of all people: half of the threads. */
    char who[LAB_HEAVY + 1][8];
    struct lab_ask *heavy[LAB_HEAVY + 1];
    for (int i = 0; i <= LAB_HEAVY; i++) {
        snprintf(who[i], sizeof who[i], "p%d", i);
        heavy[i] = enter_heavy(who[i]);
    }
    for (int i = 0; i < LAB_HEAVY; i++) assert_ptr_equal(begin(), heavy[i]);
    assert_int_equal(room.heavy, LAB_HEAVY);
    assert_null(begin());
    struct lab_ask *short_one = enter("z");
    assert_ptr_equal(begin(), short_one);
    end(heavy[0]);
    assert_ptr_equal(begin(), heavy[LAB_HEAVY]);
    for (int i = 1; i <= LAB_HEAVY; i++) end(heavy[i]);
    end(short_one);
    assert_int_equal(room.heavy, 0);
    assert_null(room.person_queues);
}

static void test_what_may_take_long(void **state) {
    (void)state;
    static const struct {
        struct lab_ask ask;
        bool slow, heavy;
    } cases[] = {
        {{.replay_to = -1}, false, false},
        {{.replay_to = -1, .check = true}, false, true},
        {{.replay_to = -1, .verify = true}, false, true},
        {{.replay_to = 0}, false, true},
        {{.replay_to = 3}, false, true},
        {{.replay_to = -1, .action = "{\"kind\":\"sql\",\"text\":\"\"}"}, false, true},
        {{.replay_to = -1, .action = "{\"kind\":\"sql2\"}"}, false, false},
        {{.replay_to = -1, .action = "{\"cut\":\"time\",\"kind\":\"sql\"}"}, false, true},
        {{.replay_to = -1, .action = "{\"kind\":\"api\"}"}, false, false},
        {{.replay_to = -1, .action = "{\"kind\":\"api\"}"}, true, true},
        {{.replay_to = -1}, true, false}, /* a look at a run whose actions are slow */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_live live = {.slow = cases[i].slow};
        struct lab_ask ask = cases[i].ask;
        ask.actor_id = "p";
        assert_true(lab_queue_enter(&room, &live, &ask));
        if (ask.heavy != cases[i].heavy) fail_msg("case %zu", i);
        lab_queue_take(&room, &ask);
        end(&ask);
        assert_null(room.person_queues);
    }
}

/* What a run is asked is done in order; what has begun goes on before it, behind others. */
static void test_slices_go_on_first(void **state) {
    (void)state;
    struct lab_live *live = &runs[MANY - 1];
    room.live = live;
    struct lab_ask *first = enter_into(live, "p"), *second = enter_into(live, "p");
    assert_ptr_equal(live->first, first);
    assert_ptr_equal(live->last, second);
    live->busy = true;
    assert_null(begin());
    live->busy = false;
    assert_ptr_equal(begin(), first);
    struct lab_ask *other = enter("q");
    lab_queue_again(&room, live, first);
    lab_queue_leave(&room, first->person_queue, false);
    assert_true(first->heavy);
    assert_ptr_equal(live->first, first);
    assert_ptr_equal(live->last, second);
    assert_int_equal(first->person_queue->waiting, 2);
    assert_ptr_equal(begin(), other);
    assert_ptr_equal(begin(), first);
    assert_ptr_equal(begin(), second);
    end(first);
    end(second);
    end(other);
    /* Alone it is the last, too. */
    struct lab_ask *alone = enter_into(live, "r");
    assert_ptr_equal(begin(), alone);
    lab_queue_again(&room, live, alone);
    lab_queue_leave(&room, alone->person_queue, false);
    assert_ptr_equal(live->first, alone);
    assert_ptr_equal(live->last, alone);
    assert_null(alone->next);
    assert_ptr_equal(begin(), alone);
    end(alone);
    assert_null(room.person_queues);
    assert_int_equal(room.heavy, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_several_are_not_starved_by_singles, fresh),
        cmocka_unit_test_setup(test_a_single_is_not_held_up, fresh),
        cmocka_unit_test_setup(test_two_take_turns, fresh),
        cmocka_unit_test_setup(test_so_many_wait_and_no_more, fresh),
        cmocka_unit_test_setup(test_a_share_of_the_threads, fresh),
        cmocka_unit_test_setup(test_what_takes_long_leaves_threads, fresh),
        cmocka_unit_test_setup(test_what_may_take_long, fresh),
        cmocka_unit_test_setup(test_slices_go_on_first, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
