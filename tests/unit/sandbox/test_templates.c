/* Templates: what runs share, and what becomes of runs when a template makes room or dies. */
#include "unit/lab/lab_fixture.h"

#include <unistd.h>

#include "base/clock.h"
#include "sandbox/templates.h"
#include "sandbox/wire.h"

static struct zygote *open_zygote(struct arena *a) {
    struct zygote *z;
    const char *why;
    signal(SIGPIPE, SIG_IGN);
    if (zygote_start(&z, GRADUS_LABS, a, &why)) fail_msg("%s", why);
    return z;
}

/* The pack of the shipped scenario with a remark, another one for each `n`. */
static struct buf pack_of(struct arena *a, int n) {
    struct buf pack;
    const struct lab_scenario *s = fixture_scenario(a);
    struct lab_files files = s->files;
    for (int i = 0; i < files.count; i++)
        if (str_has_suffix(files.file[i].name, "/stack.xml")) {
            struct lab_file *f = &files.file[i];
            f->text = arena_printf(a, "%.*s<!-- %d -->\n", (int)f->len, f->text, n);
            f->len = strlen(f->text);
        }
    buf_init(&pack, a);
    lab_pack_write(&files, &pack);
    return pack;
}

static enum err begin(struct arena *a, struct zygote *z, struct buf pack, uint64_t seed,
                      struct worker *w) {
    const char *why;
    return client_start(w, z, buf_text(&pack), pack.len, CHOICE, seed, NULL, 0, a, &why);
}

static const char *hash_of(struct arena *a, struct worker *w) {
    const char *hash;
    assert_int_equal(client_hash(w, a, &hash), OK);
    return hash;
}

static int templates_of(struct zygote *z, pid_t *first) {
    char path[64], line[1024] = "";
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)zygote_pid(z),
             (int)zygote_pid(z));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    if (!fgets(line, sizeof line, f)) line[0] = '\0';
    fclose(f);
    *first = (pid_t)atoi(line);
    for (const char *p = line; *p; p++) count += *p == ' ';
    return count;
}

/* RULE lab-same-bytes: what a template did before, and for which seed, is not seen in a run. */
static void test_a_run_is_the_same_from_any_template(void **state) {
    struct zygote *one = open_zygote(*state), *two = open_zygote(*state);
    struct worker a, b, c;
    struct buf pack = pack_of(*state, 0);
    assert_int_equal(begin(*state, one, pack, 5, &a), OK);
    assert_int_equal(begin(*state, two, pack, 1, &b), OK);
    assert_int_equal(begin(*state, two, pack, 5, &c), OK);
    assert_string_equal(hash_of(*state, &a), hash_of(*state, &c));
    assert_string_not_equal(hash_of(*state, &b), hash_of(*state, &c));
    pid_t first;
    assert_int_equal(templates_of(two, &first), 1);
    struct worker *all[] = {&a, &b, &c};
    for (size_t i = 0; i < COUNT_OF(all); i++) worker_end(all[i]);
    zygote_stop(one);
    zygote_stop(two);
}

/* RULE lab-templates: the longest unused makes room; its run goes on, and it ends after that. */
static void test_a_template_makes_room(void **state) {
    struct zygote *z = open_zygote(*state);
    struct worker first, w;
    pid_t pid, other;
    assert_int_equal(begin(*state, z, pack_of(*state, 0), 1, &first), OK);
    assert_int_equal(templates_of(z, &pid), 1);
    for (int i = 1; i <= TEMPLATES_MAX; i++) {
        struct arena a;
        arena_init(&a, (size_t)64 << 20);
        assert_int_equal(begin(&a, z, pack_of(&a, i), 1, &w), OK);
        worker_end(&w);
        arena_release(&a);
    }
    assert_int_equal(templates_of(z, &other), TEMPLATES_MAX + 1);
    assert_true(hash_of(*state, &first) != NULL);
    worker_end(&first);
    int left = 0;
    for (int i = 0; i < 500; i++) {
        left = templates_of(z, &other);
        if (left == TEMPLATES_MAX) break;
        usleep(10000);
    }
    assert_int_equal(left, TEMPLATES_MAX);
    assert_int_not_equal(other, pid);
    zygote_stop(z);
}

/* A template that was killed takes its runs with it, and the next run gets another one. */
static void test_a_killed_template_is_replaced(void **state) {
    struct zygote *z = open_zygote(*state);
    struct worker w, again;
    pid_t pid, now;
    const char *hash, *before;
    struct buf pack = pack_of(*state, 0);
    assert_int_equal(begin(*state, z, pack, 7, &w), OK);
    before = hash_of(*state, &w);
    assert_int_equal(templates_of(z, &pid), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    enum err e = OK;
    for (int i = 0; i < 500 && !e; i++) e = client_hash(&w, *state, &hash);
    assert_int_equal(e, ERR_IO);
    assert_int_equal(begin(*state, z, pack, 7, &again), OK);
    assert_string_equal(hash_of(*state, &again), before);
    assert_int_equal(templates_of(z, &now), 1);
    assert_int_not_equal(now, pid);
    worker_end(&again);
    zygote_stop(z);
}

/* A pack that cannot be loaded says why, each time, and leaves no template behind. */
/* Whoever is short of memory while a template is made does not keep it from others. */
static void test_short_memory_keeps_no_template(void **state) {
    struct zygote *z = open_zygote(*state);
    struct buf pack = pack_of(*state, 0);
    struct arena small;
    struct worker w;
    volatile bool left = false;
    arena_init(&small, pack.len / 2);
    if (ARENA_GUARD(&small) == 0) assert_int_not_equal(begin(&small, z, pack, 5, &w), OK);
    else left = true;
    arena_release(&small);
    assert_true(left);
    assert_int_equal(begin(*state, z, pack, 5, &w), OK);
    worker_end(&w);
    zygote_stop(z);
}

static void test_a_pack_that_cannot_be_loaded(void **state) {
    struct zygote *z = open_zygote(*state);
    struct worker w;
    pid_t first;
    const char *why;
    for (int i = 0; i < 2; i++) {
        why = NULL;
        assert_int_equal(client_start(&w, z, "GRLAB1\n", 7, CHOICE, 1, NULL, 0, *state, &why),
                         ERR_INVALID);
        assert_string_equal(why, "The pack cannot be read.");
        assert_int_equal(w.fd, -1);
    }
    struct buf pack = pack_of(*state, 0);
    assert_int_equal(
        client_start(&w, z, buf_text(&pack), pack.len, "crm=nobody", 1, NULL, 0, *state, &why),
        ERR_INVALID);
    assert_int_equal(begin(*state, z, pack, 1, &w), OK);
    for (int i = 0; i < 500 && templates_of(z, &first) > 1; i++) usleep(10000);
    assert_int_equal(templates_of(z, &first), 1);
    assert_false(zygote_failing(z));
    worker_end(&w);
    zygote_stop(z);
}

/* A worker belongs to one run: a second seed is refused, and so is anything before the first. */
static void test_a_worker_is_of_one_run(void **state) {
    struct zygote *z = open_zygote(*state);
    struct worker w;
    struct buf pack = pack_of(*state, 0);
    const struct worker_base base = {buf_text(&pack), pack.len, CHOICE};
    static const struct {
        unsigned operation;
        const char *payload;
        unsigned said;
    } steps[] = {{WIRE_SEED, "", WIRE_FAILED},   {WIRE_VIEW, "{}", WIRE_FAILED},
                 {WIRE_RUN, "one", WIRE_FAILED}, {WIRE_BOOT, "x\ny", WIRE_FAILED},
                 {WIRE_RUN, "-9", WIRE_FINE},    {WIRE_RUN, "8", WIRE_FAILED},
                 {WIRE_SEED, "", WIRE_FINE},     {4711, "", WIRE_FAILED},
                 {WIRE_GO_ON, "", WIRE_FAILED}};
    const char *why;
    assert_int_equal(zygote_spawn(z, &base, *state, &w, &why), OK);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        unsigned said = 0;
        char *answer;
        size_t len;
        int64_t end_ms = clock_monotonic_ms() + 20000;
        assert_true(wire_send(w.fd, steps[i].operation, steps[i].payload, strlen(steps[i].payload),
                              end_ms));
        assert_true(wire_receive(w.fd, &said, &answer, &len, WIRE_MAX, *state, end_ms));
        if (said != steps[i].said) fail_msg("step %zu: %u, %s", i, said, answer);
    }
    worker_end(&w);
    zygote_stop(z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_is_the_same_from_any_template), TEST(test_a_template_makes_room),
        TEST(test_a_killed_template_is_replaced),       TEST(test_a_pack_that_cannot_be_loaded),
        TEST(test_short_memory_keeps_no_template),      TEST(test_a_worker_is_of_one_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
