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
    lab_queue_leave(&room, ask->share, ask->heavy);
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
    assert_null(room.shares); /* nothing is kept of who is done */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_several_are_not_starved_by_singles, fresh),
        cmocka_unit_test_setup(test_a_single_is_not_held_up, fresh),
        cmocka_unit_test_setup(test_two_take_turns, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
