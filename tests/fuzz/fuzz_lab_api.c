/* Whatever arrives at a lab's API: first line method and path, second the query, the rest the body;
 * a line with a single "=" ends a call and begins the next, an hour later, and "{job}" in a path is
 * the bulk job that was made last.
 * The step must answer, in the dialect's own way, and leave a state that can be hashed. Runs in the
 * fuzzer's process: what the cell would catch is a crash here. */
#include "fuzz/fuzz.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_scenario.h"
#include "sandbox/state.h"
#include "sandbox/step.h"

static struct lab_state *states[2];

/* Seeding takes milliseconds: once a process; each input begins from the same image. */
static void begin(struct lab_state **s, const char *choice, unsigned char **image, size_t *len) {
    static struct arena kept;
    struct diag_list diags;
    const char *why;
    if (!kept.cap) {
        arena_init(&kept, (size_t)256 << 20);
        codec_start();
        state_engine_start();
    }
    diag_init(&diags, &kept);
    struct lab_scenario *scenario = NEW(&kept, struct lab_scenario);
    BUG_IF(lab_scenario_load(scenario, ".", "field-mapping-dedupe", &kept, &diags) != OK);
    *s = state_new(scenario->pack, scenario->pack_len, choice, 1, &kept, &why);
    BUG_IF(!*s);
    state_seed(*s, &kept);
    *image = state_save(*s, &kept, len);
}

static char *line(struct arena *a, const char **at, const char *end) {
    const char *start = *at,
               *stop = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
    if (!stop) stop = end;
    *at = stop < end ? stop + 1 : end;
    return arena_copy(a, start, (size_t)(stop - start));
}

/* The path with the id of the job that was made last in the place of {job}. */
static const char *with_job(struct arena *a, struct lab_state *s, const char *path) {
    const char *mark = strstr(path, "{job}");
    if (!mark) return path;
    sqlite3_stmt *q = state_query(s, "SELECT id FROM sim_bulk ORDER BY n DESC LIMIT 1", "");
    const char *id = state_row(s, q) ? state_column(q, 0, a) : "none";
    state_end(q);
    return arena_printf(a, "%.*s%s%s", (int)(mark - path), path, id, mark + 5);
}

static void pass_an_hour(struct arena *a, struct lab_state *s) {
    struct step_answer answer;
    step(s, json_adopt(a, json_pack("{s:s, s:i}", "kind", "clock", "advance_ms", 3600000)), a,
         &answer);
}

static void one_call(struct arena *a, struct lab_state *s, const char *connector, const char *at,
                     const char *end) {
    char *request = line(a, &at, end), *query = line(a, &at, end), *blank = strchr(request, ' ');
    const char *path = with_job(a, s, blank ? blank + 1 : request), *why;
    json_t *action = json_adopt(
        a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s%}", "kind", "api", "connector", connector,
                     "method", blank ? arena_copy(a, request, (size_t)(blank - request)) : "GET",
                     "path", path, "query", query, "body", at, (size_t)(end - at)));
    struct step_answer answer;
    step(s, action, a, &answer);
    BUG_IF(answer.status < 200 || answer.status > 599);
    if (answer.status != 204) BUG_IF(!json_read(a, buf_text(&answer.body), answer.body.len, &why));
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    static unsigned char *images[2];
    static size_t lengths[2];
    static const char *const choices[] = {"crm=aurelia,map=heron", "crm=boreal,map=quillon"};
    if (size < 4 || !utf8_valid(data, size)) return; /* the server refuses other bytes */
    int which = data[0] & 1;
    const char *connector = data[0] & 2 ? "crm" : "map", *at = arena_copy(a, data + 1, size - 1),
               *end = at + size - 1;
    if (!states[which]) begin(&states[which], choices[which], &images[which], &lengths[which]);
    BUG_IF(!state_load(states[which], images[which], lengths[which]));
    for (int calls = 0; at < end && calls < 8; calls++) {
        const char *stop = strstr(at, "\n=\n");
        one_call(a, states[which], connector, at, stop ? stop : end);
        at = stop ? stop + 3 : end;
        if (stop) pass_an_hour(a, states[which]);
    }
    state_hash(states[which], a);
}
