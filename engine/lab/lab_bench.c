/* What workers can do by themselves: the ceilings of the lab's figures in `make bench`. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "lab/lab.h"
#include "lab/lab_client.h"
#include "lab/lab_prove.h"
#include "labmodel/lab_surface.h"

#define BENCH_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* The mean of `rounds` equal steps, in microseconds. Each answer's memory is given back. */
static enum err repeat(struct worker *w, const char *action, int rounds, int64_t *mean_us) {
    int64_t began = clock_monotonic_us();
    for (int i = 0; i < rounds; i++) {
        struct arena a;
        struct lab_answer answer;
        arena_init(&a, BENCH_ARENA_BYTES);
        enum err e = client_step(w, action, &a, &answer);
        arena_release(&a);
        if (e) return e;
    }
    *mean_us = (clock_monotonic_us() - began) / (rounds ? rounds : 1);
    return OK;
}

/* What is measured: the first object of the stack that can be listed, made and changed. */
struct plan {
    struct lab_surface surface;
    const struct lab_object *object;
    const char *path; /* "connector.object" */
    const char *names[LAB_FIELDS_MAX], *values[LAB_FIELDS_MAX];
    size_t count; /* of fields that are written: those that must be, and those of text */
};

static void fill_in(struct plan *p) {
    for (int i = 0; i < p->object->field_count; i++) {
        const struct lab_field *f = &p->object->fields[i];
        bool text = f->type == LAB_TEXT, address = f->type == LAB_EMAIL;
        if (f->read_only || !(address || (text && f->required))) continue;
        p->names[p->count] = f->id;
        p->values[p->count++] = address ? "bench@example.com" : "Bench";
    }
}

static bool make_plan(struct plan *p, const struct lab_stack *s,
                      const struct lab_dialect *const *dialects, struct arena *a) {
    const unsigned needed = LAB_LIST | LAB_CREATE | LAB_UPDATE;
    for (int m = 0; m < s->member_count; m++) {
        const struct lab_connector *c = s->members[m].connector;
        for (int i = 0; i < c->object_count; i++) {
            if (c->objects[i].setup || (dialects[m]->objects[i].operations & needed) != needed)
                continue;
            *p = (struct plan){.surface = {s, dialects, m}, .object = &c->objects[i]};
            p->path = arena_printf(a, "%s.%s", c->id, c->objects[i].id);
            fill_in(p);
            return true;
        }
    }
    return false;
}

static const char *call_text(const struct plan *p, enum lab_operation operation, const char *id,
                             const char *query, struct arena *a) {
    size_t count = operation == LAB_LIST ? 0 : operation == LAB_UPDATE ? 1 : p->count;
    struct lab_call call = lab_surface_call(&p->surface, p->object, operation, id, p->names,
                                            p->values, count, a);
    const struct lab_connector *c = p->surface.stack->members[p->surface.member].connector;
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind", "api",
                                             "connector", c->id, "via", "screen", "method",
                                             call.method, "path", call.path, "query", query, "body",
                                             call.body));
    return json_text(a, action);
}

static enum err first_record(struct worker *w, const struct plan *p, struct arena *a,
                             const char **id) {
    const char *answer, *why,
        *question = arena_printf(a, "{\"view\":\"list\",\"object\":\"%s\",\"limit\":1}", p->path);
    size_t len;
    enum err e = client_view(w, question, a, &answer, &len);
    if (e) return e;
    *id = json_string_value(json_object_get(
        json_array_get(json_object_get(json_read(a, answer, len, &why), "rows"), 0), "id"));
    return *id ? OK : ERR_NOT_FOUND;
}

static enum err measure(struct zygote *z, const char *root, const char *scenario, int rounds,
                        struct arena *a, struct lab_bench *out) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct diag_list diags;
    struct worker w = WORKER_NONE;
    const char *why, *id;
    diag_init(&diags, a);
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    const char **choices;
    enum err e = lab_scenario_load(s, root, scenario, a, &diags);
    if (e) return e;
    size_t last = lab_choices(&s->stack, &choices, a) - 1;
    struct plan p;
    if (!lab_choice_read(&s->stack, choices[last], dialects, a) ||
        !make_plan(&p, &s->stack, dialects, a))
        return ERR_INVALID;
    const int starts = 20;
    int64_t began = clock_monotonic_us();
    for (int i = 0; i < starts && !e; i++) {
        worker_end(&w);
        e = client_start(&w, z, s->pack, s->pack_len, choices[last], (uint64_t)i, NULL, 0, a, &why);
    }
    out->start_us = (clock_monotonic_us() - began) / starts;
    if (!e) e = first_record(&w, &p, a, &id);
    if (!e) {
        const char *page = arena_printf(a, "%s=20", dialects[p.surface.member]->size_param);
        e = repeat(&w, call_text(&p, LAB_LIST, NULL, page, a), rounds, &out->list_us);
        if (!e) e = repeat(&w, call_text(&p, LAB_UPDATE, id, NULL, a), rounds, &out->action_us);
        if (!e)
            e = repeat(&w, call_text(&p, LAB_CREATE, NULL, NULL, a),
                       rounds < 10000 ? rounds : 10000, &out->create_us);
    }
    worker_end(&w);
    return e;
}

enum err lab_bench_workers(struct zygote *z, const char *root, const char *scenario, int rounds,
                           struct lab_bench *out) {
    struct arena a;
    arena_init(&a, BENCH_ARENA_BYTES * 4);
    enum err e = measure(z, root, scenario, rounds, &a, out);
    arena_release(&a);
    return e;
}

/* ---- Many ----------------------------------------------------------------------------------- */
/* Makes a run's worker and uses it as a learner does: a list, and two changes. */
static enum err live_a_little(struct worker *w, struct zygote *z, const struct lab_scenario *s,
                              const char *choice, const struct plan *p, uint64_t seed,
                              struct arena *a) {
    const char *why, *id;
    int64_t us;
    enum err e = client_start(w, z, s->pack, s->pack_len, choice, seed, NULL, 0, a, &why);
    if (!e) e = first_record(w, p, a, &id);
    if (!e) e = repeat(w, call_text(p, LAB_LIST, NULL, NULL, a), 2, &us);
    if (!e) e = repeat(w, call_text(p, LAB_UPDATE, id, NULL, a), 1, &us);
    return e ? e : repeat(w, call_text(p, LAB_CREATE, NULL, NULL, a), 1, &us);
}

enum err lab_bench_crowd(struct zygote *z, const char *root, const char *scenario, int count,
                         void (*look)(void *context), void *context) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct diag_list diags;
    struct arena a;
    const char **choices;
    struct plan p;
    arena_init(&a, BENCH_ARENA_BYTES * 4);
    diag_init(&diags, &a);
    struct lab_scenario *s = NEW(&a, struct lab_scenario);
    struct worker *all = NEW_ARRAY(&a, struct worker, (size_t)count);
    enum err e = lab_scenario_load(s, root, scenario, &a, &diags);
    size_t last = e ? 0 : lab_choices(&s->stack, &choices, &a) - 1;
    if (!e && (!lab_choice_read(&s->stack, choices[last], dialects, &a) ||
               !make_plan(&p, &s->stack, dialects, &a)))
        e = ERR_INVALID;
    int made = 0;
    for (; !e && made < count; made++) {
        struct arena one;
        arena_init(&one, BENCH_ARENA_BYTES);
        e = live_a_little(&all[made], z, s, choices[last], &p, (uint64_t)made, &one);
        arena_release(&one);
    }
    if (!e) look(context);
    while (made) worker_end(&all[--made]);
    arena_release(&a);
    return e;
}

/* ---- A month -------------------------------------------------------------------------------- */
#define MONTH_MS (30 * MS_DAY)

/* The worker's process, as the kernel names it; 0: it does not say. */
static pid_t worker_pid(const struct worker *w) {
    char name[64], line[128];
    int pid = 0;
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", w->pid_fd);
    FILE *f = fopen(name, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Pid: %d", &pid) == 1) break;
    if (f) fclose(f);
    return pid;
}

static int64_t worker_cpu_us(const struct worker *w) {
    clockid_t clock;
    struct timespec t = {0, 0};
    pid_t pid = worker_pid(w);
    if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static enum err live_a_month(struct worker *w, int64_t start_ms, struct lab_bench_month *out) {
    int64_t now_ms = start_ms, end_ms = start_ms + MONTH_MS;
    enum err e = OK;
    for (; now_ms < end_ms && !e; out->actions++) {
        struct arena a;
        struct lab_answer answer;
        arena_init(&a, BENCH_ARENA_BYTES);
        int64_t to_ms = now_ms + 7 * MS_DAY < end_ms ? now_ms + 7 * MS_DAY : end_ms;
        e = client_step(w,
                        arena_printf(&a, "{\"kind\":\"clock\",\"to_ms\":%lld}", (long long)to_ms),
                        &a, &answer);
        now_ms = e || answer.status != 200 ? end_ms : answer.now_ms;
        arena_release(&a);
    }
    return e;
}

enum err lab_bench_month(struct zygote *z, const char *root, const char *scenario,
                         struct lab_bench_month *out) {
    struct arena a;
    struct diag_list diags;
    struct worker w = WORKER_NONE;
    const char *why, **choices, *answer;
    size_t len;
    memset(out, 0, sizeof *out);
    arena_init(&a, BENCH_ARENA_BYTES * 4);
    diag_init(&diags, &a);
    struct lab_scenario *s = NEW(&a, struct lab_scenario);
    enum err e = lab_scenario_load(s, root, scenario, &a, &diags);
    if (!e && lab_choices(&s->stack, &choices, &a) == 0) e = ERR_INVALID;
    if (!e) e = client_start(&w, z, s->pack, s->pack_len, choices[0], 1, NULL, 0, &a, &why);
    int64_t before_us = e ? 0 : worker_cpu_us(&w);
    if (!e) e = live_a_month(&w, s->stack.start_ms, out);
    if (!e) out->cpu_us = worker_cpu_us(&w) - before_us;
    if (!e) e = client_view(&w, "{\"view\":\"summary\"}", &a, &answer, &len);
    if (!e)
        out->events = json_integer_value(
            json_object_get(json_read(&a, answer, len, &why), "events"));
    worker_end(&w);
    arena_release(&a);
    return e;
}
