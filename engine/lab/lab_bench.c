/* What workers can do by themselves: the ceilings of the lab's figures in `make bench`. */
#include "base/clock.h"
#include "base/json.h"
#include "lab/lab.h"
#include "lab/lab_client.h"
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

static const char *call_text(const struct lab_call *call, const char *query, struct arena *a) {
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind", "api",
                                             "connector", "crm", "via", "screen", "method",
                                             call->method, "path", call->path, "query", query,
                                             "body", call->body));
    return json_text(a, action);
}

static enum err first_contact(struct worker *w, struct arena *a, const char **id) {
    const char *answer, *why;
    size_t len;
    enum err e = client_view(w, "{\"view\":\"list\",\"object\":\"crm.contact\",\"limit\":1}", a,
                             &answer, &len);
    if (e) return e;
    *id = json_string_value(json_object_get(
        json_array_get(json_object_get(json_read(a, answer, len, &why), "rows"), 0), "id"));
    return *id ? OK : ERR_NOT_FOUND;
}

static enum err measure(struct zygote *z, const char *root, int rounds, struct arena *a,
                        struct lab_bench *out) {
    static const char *const names[] = {"last_name", "email"}, *const values[] = {
                                                                   "Bench", "bench@example.com"};
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct diag_list diags;
    struct worker w = WORKER_NONE;
    const char *why, *id;
    diag_init(&diags, a);
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    enum err e = lab_scenario_load(s, root, "field-mapping-dedupe", a, &diags);
    if (e || !lab_choice_read(&s->stack, "crm=boreal,map=heron", dialects, a))
        return e ? e : ERR_INVALID;
    const int starts = 20;
    int64_t began = clock_monotonic_us();
    for (int i = 0; i < starts && !e; i++) {
        worker_end(&w);
        e = client_start(&w, z, s->pack, s->pack_len, "crm=boreal,map=heron", (uint64_t)i, NULL, 0,
                         a, &why);
    }
    out->start_us = (clock_monotonic_us() - began) / starts;
    if (!e) e = first_contact(&w, a, &id);
    if (!e) {
        struct lab_surface surface = {&s->stack, dialects, lab_member_find(&s->stack, "crm")};
        const struct lab_object *o = lab_object_by_path(&s->stack, "crm.contact", NULL);
        struct lab_call list = lab_surface_call(&surface, o, LAB_LIST, NULL, NULL, NULL, 0, a);
        struct lab_call update = lab_surface_call(&surface, o, LAB_UPDATE, id, names, values, 1, a);
        struct lab_call create = lab_surface_call(&surface, o, LAB_CREATE, NULL, names, values, 2,
                                                  a);
        e = repeat(&w, call_text(&list, "page_size=20", a), rounds, &out->list_us);
        if (!e) e = repeat(&w, call_text(&update, NULL, a), rounds, &out->action_us);
        if (!e)
            e = repeat(&w, call_text(&create, NULL, a), rounds < 10000 ? rounds : 10000,
                       &out->create_us);
    }
    worker_end(&w);
    return e;
}

enum err lab_bench_workers(struct zygote *z, const char *root, int rounds, struct lab_bench *out) {
    struct arena a;
    arena_init(&a, BENCH_ARENA_BYTES * 4);
    enum err e = measure(z, root, rounds, &a, out);
    arena_release(&a);
    return e;
}
