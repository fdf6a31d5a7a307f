/* Whatever arrives at a lab's API: first line method and path, second the query, the rest the body.
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

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    static unsigned char *images[2];
    static size_t lengths[2];
    static const char *const choices[] = {"crm=aurelia,map=heron", "crm=boreal,map=quillon"};
    if (size < 4 || !utf8_valid(data, size)) return; /* the server refuses other bytes */
    int which = data[0] & 1;
    const char *connector = data[0] & 2 ? "crm" : "map", *at = data + 1, *end = data + size;
    if (!states[which]) begin(&states[which], choices[which], &images[which], &lengths[which]);
    BUG_IF(!state_load(states[which], images[which], lengths[which]));
    char *request = line(a, &at, end), *query = line(a, &at, end), *blank = strchr(request, ' ');
    json_t *action = json_adopt(
        a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s%}", "kind", "api", "connector", connector,
                     "method", blank ? arena_copy(a, request, (size_t)(blank - request)) : "GET",
                     "path", blank ? blank + 1 : request, "query", query, "body", at,
                     (size_t)(end - at)));
    struct step_answer answer;
    step(states[which], action, a, &answer);
    BUG_IF(answer.status < 200 || answer.status > 599);
    const char *why;
    if (answer.status != 204) BUG_IF(!json_read(a, buf_text(&answer.body), answer.body.len, &why));
    state_hash(states[which], a);
}
