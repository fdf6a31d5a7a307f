/* The shipped scenario, and workers to run it. Tests run from the project's root. */
#ifndef GR_TEST_LAB_FIXTURE_H
#define GR_TEST_LAB_FIXTURE_H

#include "unit/check.h"

#include <signal.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_client.h"
#include "labmodel/lab_surface.h"

#define CHOICE "crm=aurelia,map=heron"

static inline struct zygote *fixture_zygote(void) {
    static struct zygote *z;
    static struct arena words;
    const char *why = "";
    if (!z) {
        signal(SIGPIPE, SIG_IGN);
        codec_start();
        arena_init(&words, 64 * 1024);
        if (zygote_start(&z, GRADUS_LABS, &words, &why)) fail_msg("%s", why);
    }
    return z;
}

static inline struct lab_scenario *fixture_scenario(struct arena *a) {
    struct lab_scenario *s = NEW(a, struct lab_scenario);
    struct diag_list diags;
    diag_init(&diags, a);
    enum err e = lab_scenario_load(s, ".", "field-mapping-dedupe", a, &diags);
    if (e)
        fail_msg("%s:%d: %s", diags.first ? diags.first->file : "",
                 diags.first ? diags.first->line : 0,
                 diags.first ? diags.first->message : err_name(e));
    return s;
}

static inline struct worker fixture_worker(struct arena *a, const struct lab_scenario *s,
                                           const char *choice, uint64_t seed) {
    struct worker w;
    const char *why;
    enum err e = client_start(&w, fixture_zygote(), s->pack, s->pack_len, choice, seed, NULL, 0, a,
                              &why);
    if (e) fail_msg("%s", why);
    return w;
}

static inline struct lab_answer fixture_step(struct arena *a, struct worker *w,
                                             const char *action) {
    struct lab_answer answer;
    assert_int_equal(client_step(w, action, a, &answer), OK);
    return answer;
}

/* An API call; `body` with ' for ". `key`: a header as the action names it ("if_match"), or NULL.
 */
static inline struct lab_answer fixture_call_with(struct arena *a, struct worker *w,
                                                  const char *connector, const char *method,
                                                  const char *path, const char *query,
                                                  const char *body, const char *key,
                                                  const char *value) {
    char *text = body ? arena_dup(a, body) : NULL;
    for (char *p = text; p && *p; p++)
        if (*p == '\'') *p = '"';
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind", "api",
                                             "connector", connector, "method", method, "path", path,
                                             "query", query, "body", text));
    if (key) json_object_set_new(action, key, json_string(value));
    return fixture_step(a, w, json_text(a, action));
}

static inline struct lab_answer fixture_call(struct arena *a, struct worker *w,
                                             const char *connector, const char *method,
                                             const char *path, const char *query,
                                             const char *body) {
    return fixture_call_with(a, w, connector, method, path, query, body, NULL, NULL);
}

static inline const char *fixture_header(const struct lab_answer *answer, const char *name) {
    for (int i = 0; i < answer->header_count; i++)
        if (str_eq(answer->headers[i].name, name)) return answer->headers[i].value;
    return NULL;
}

/* An answer's status and, when there are `words`, that its body has them. */
static inline void fixture_expect(const struct lab_answer *answer, int status, const char *words) {
    if (answer->status != status || (words && !strstr(answer->body, words)))
        fail_msg("%d %s, not %d with “%s”", answer->status, answer->body, status,
                 words ? words : "");
}

static inline struct lab_answer fixture_sql(struct arena *a, struct worker *w, const char *sql) {
    return fixture_step(
        a, w, json_text(a, json_adopt(a, json_pack("{s:s, s:s}", "kind", "sql", "sql", sql))));
}

static inline json_t *fixture_json(struct arena *a, const struct lab_answer *answer) {
    const char *why;
    json_t *value = json_read(a, answer->body, answer->body_len, &why);
    if (!value) fail_msg("%s in %.300s", why, answer->body);
    return value;
}

/* First cell of an author's query. */
static inline const char *fixture_cell(struct arena *a, struct worker *w, const char *sql) {
    const char *answer, *why;
    size_t len;
    json_t *question = json_adopt(a, json_pack("{s:s, s:s}", "view", "rows", "sql", sql));
    assert_int_equal(client_view(w, json_text(a, question), a, &answer, &len), OK);
    json_t *cell = json_array_get(
        json_array_get(json_object_get(json_read(a, answer, len, &why), "rows"), 0), 0);
    if (json_is_integer(cell)) return arena_printf(a, "%lld", (long long)json_integer_value(cell));
    return json_string_value(cell);
}

#endif
