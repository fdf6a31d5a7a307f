/* Every connector with every dialect, read as a scenario's stack reads them: its tables can be
 * made, its references lead somewhere, its OpenAPI document is whole, and no two dialects of a kind
 * are alike where learners would notice. */
#include "unit/lab/lab_stacks.h"

#include "labmodel/lab_openapi.h"
#include "sandbox/author_sql.h"

/* All of them; `*count` of them. */
static const struct lab_stack **all_stacks(struct arena *a, int *count) {
    const char *ids[KINDS_MAX];
    *count = names_in(a, "connectors", ids);
    assert_true(*count >= 2);
    const struct lab_stack **out = NEW_ARRAY(a, const struct lab_stack *, (size_t)*count);
    for (int i = 0; i < *count; i++) out[i] = stack_of(a, ids[i]);
    return out;
}

/* ---- Alike ------------------------------------------------------------------------------------
 */
static bool same_fields(const struct lab_object *o, const struct lab_dialect *x,
                        const struct lab_dialect *y) {
    for (int i = 0; i < o->field_count; i++)
        if (!str_eq(x->objects[o->index].fields[i].as, y->objects[o->index].fields[i].as))
            return false;
    return true;
}

static const char *path_of(struct arena *a, const struct lab_dialect *d, int object) {
    return arena_printf(a, "%s%s", d->base, d->objects[object].path);
}

/* What two dialects of a kind share although they should not; NULL: nothing. */
static const char *alike(const struct lab_connector *c, const struct lab_dialect *x,
                         const struct lab_dialect *y, struct arena *a) {
    for (int i = 0; i < c->object_count; i++) {
        for (int k = 0; k < c->object_count; k++)
            if (str_eq(path_of(a, x, i), path_of(a, y, k)))
                return arena_printf(a, "the path %s", path_of(a, x, i));
        if (same_fields(&c->objects[i], x, y))
            return arena_printf(a, "the names of all fields of %s", c->objects[i].id);
    }
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++)
        for (int k = 1; k < LAB_PROBLEM_COUNT; k++)
            if (x->errors[i].code && str_eq(x->errors[i].code, y->errors[k].code))
                return arena_printf(a, "the error code %s", x->errors[i].code);
    return NULL;
}

/* ---- Tests ------------------------------------------------------------------------------------
 */
static void test_dialects_of_a_kind_differ(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_member *m = &stacks[i]->members[0];
        if (m->dialect_count < 2) fail_msg("%s has fewer than two dialects", m->connector->id);
        for (int x = 0; x < m->dialect_count; x++)
            for (int y = 0; y < x; y++) {
                const char *what = alike(m->connector, m->dialects[x], m->dialects[y], *state);
                if (what)
                    fail_msg("%s and %s share %s", m->dialects[x]->id, m->dialects[y]->id, what);
            }
    }
}

static void expect_alike(struct arena *a, const struct lab_stack *s, const struct lab_dialect *y,
                         const char *words) {
    const struct lab_member *m = &s->members[0];
    const char *what = alike(m->connector, m->dialects[0], y, a);
    if (!what || !strstr(what, words)) fail_msg("“%s”, not “%s”", what ? what : "", words);
}

static void test_one_thing_shared_is_found(void **state) {
    const struct lab_stack *s = stack_of(*state, "crm");
    const struct lab_dialect *x = s->members[0].dialects[0], *y = s->members[0].dialects[1];
    size_t objects = (size_t)s->members[0].connector->object_count;
    struct lab_dialect bent = *y;
    bent.errors[LAB_PROBLEM_OUTAGE].code = x->errors[LAB_PROBLEM_BURST].code;
    expect_alike(*state, s, &bent, "the error code");
    bent = *y;
    bent.objects = NEW_ARRAY((struct arena *)*state, struct lab_object_name, objects);
    memcpy(bent.objects, y->objects, objects * sizeof *y->objects);
    bent.objects[1].fields = x->objects[1].fields;
    expect_alike(*state, s, &bent, "the names of all fields of contact");
    bent.objects[1].fields = y->objects[1].fields;
    bent.base = x->base;
    bent.objects[2].path = x->objects[1].path;
    expect_alike(*state, s, &bent, "the path");
}

/* A path that begins with another one would never be reached: its last part would be an id. */
static void test_no_path_hides_another(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_member *m = &stacks[i]->members[0];
        for (int d = 0; d < m->dialect_count; d++)
            for (int x = 0; x < m->connector->object_count; x++)
                for (int y = 0; y < m->connector->object_count; y++) {
                    const char *path = path_of(*state, m->dialects[d], y);
                    const char *start = arena_printf(*state, "%s/",
                                                     path_of(*state, m->dialects[d], x));
                    if (x != y && str_has_prefix(arena_printf(*state, "%s/", path), start))
                        fail_msg("%s: %s is hidden", m->dialects[d]->id, path);
                }
    }
}

static void expect_own_name(const struct lab_dialect *d, const char *parameter, const char *field) {
    if (str_eq(parameter, field)) fail_msg("%s: %s is a field and asks for a page", d->id, field);
}

/* A list is filtered by the names of fields: those that ask for a page must be others. */
static void test_pages_are_asked_for_by_names_of_their_own(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_member *m = &stacks[i]->members[0];
        for (int d = 0; d < m->dialect_count; d++)
            for (int k = 0; k < m->connector->object_count; k++) {
                const struct lab_dialect *one = m->dialects[d];
                const struct lab_object_name *names = &one->objects[k];
                expect_own_name(one, one->size_param, names->id_as);
                expect_own_name(one, one->position_param, names->id_as);
                for (int n = 0; n < m->connector->objects[k].field_count; n++) {
                    expect_own_name(one, one->size_param, names->fields[n].as);
                    expect_own_name(one, one->position_param, names->fields[n].as);
                }
            }
    }
}

static bool leads_somewhere(const struct lab_stack *const *stacks, int count, const char *path) {
    for (int i = 0; i < count; i++)
        if (lab_object_by_path(stacks[i], path, NULL)) return true;
    return false;
}

static void test_references_lead_somewhere(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_connector *c = stacks[i]->members[0].connector;
        for (int k = 0; k < c->object_count; k++)
            for (int n = 0; n < c->objects[k].field_count; n++) {
                const struct lab_field *f = &c->objects[k].fields[n];
                if (f->type == LAB_REFERENCE && !leads_somewhere(stacks, count, f->of))
                    fail_msg("%s.%s.%s: there is no %s", c->id, c->objects[k].id, f->id, f->of);
            }
    }
}

static void test_tables_can_be_made(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_object *bad;
        const char *why;
        if (!author_sql_new(stacks[i], *state, &bad, &why))
            fail_msg("%s: %s", bad ? bad->table : "all", why);
    }
}

/* Every address of a dialect has its place in the document. */
static void expect_document(struct arena *a, const struct lab_stack *stack, int dialect) {
    const struct lab_member *m = &stack->members[0];
    const struct lab_dialect *d = m->dialects[dialect];
    const struct lab_surface surface = {stack, &d, 0};
    struct buf text;
    const char *why;
    buf_init(&text, a);
    lab_openapi(&surface, "http://127.0.0.1/api/x", &text);
    json_t *doc = json_read(a, buf_text(&text), text.len, &why);
    if (!doc) fail_msg("%s: %s", d->id, why);
    json_t *paths = json_object_get(doc, "paths");
    for (int i = 0; i < m->connector->object_count; i++) {
        const struct lab_object *o = &m->connector->objects[i];
        const char *path = path_of(a, d, i);
        json_t *list = json_object_get(json_object_get(paths, path), "get"),
               *one = json_object_get(paths, arena_printf(a, "%s/{id}", path));
        if (!list != !(o->operations & LAB_LIST)) fail_msg("%s: list of %s", d->id, o->id);
        if (!json_object_get(one, "get") != !(o->operations & LAB_GET))
            fail_msg("%s: one %s", d->id, o->id);
    }
}

static void test_documents_are_whole(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++)
        for (int d = 0; d < stacks[i]->members[0].dialect_count; d++)
            expect_document(*state, stacks[i], d);
}

/* Every word of a picklist stands for one value, and for the same in both directions. */
static void expect_words(const struct lab_dialect *d, const struct lab_object *o,
                         const struct lab_field *f) {
    for (int v = 0; v < f->value_count; v++) {
        const char *word = lab_surface_value(d, o, f, f->values[v]),
                   *back = lab_surface_neutral(d, o, f, word);
        if (!str_eq(back, f->values[v]))
            fail_msg("%s: %s.%s: “%s” is “%s”, which is “%s”", d->id, o->id, f->id, f->values[v],
                     word, back);
    }
}

static void test_words_lead_back(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++) {
        const struct lab_member *m = &stacks[i]->members[0];
        for (int d = 0; d < m->dialect_count; d++)
            for (int k = 0; k < m->connector->object_count; k++)
                for (int n = 0; n < m->connector->objects[k].field_count; n++)
                    expect_words(m->dialects[d], &m->connector->objects[k],
                                 &m->connector->objects[k].fields[n]);
    }
}

/* ---- In a worker ------------------------------------------------------------------------------
 */
/* A value for a field in neutral terms, NULL for none. `ids`: of the records made so far, by
 * object. */
static const char *sample(const struct lab_stack *s, const struct lab_field *f,
                          const char *const *ids) {
    const struct lab_object *of;
    switch (f->type) {
    case LAB_TEXT: return f->max < 10 ? "DE" : "Some text";
    case LAB_EMAIL: return "ada@amberly.example";
    case LAB_INTEGER: return "-7";
    case LAB_BOOLEAN: return "1";
    case LAB_TIME: return "1772438400000"; /* a whole minute: some dialects write no seconds */
    case LAB_PICKLIST: return f->values[f->value_count - 1];
    case LAB_REFERENCE: of = lab_object_by_path(s, f->of, NULL); return of ? ids[of->index] : NULL;
    case LAB_FIELD_NAME:
    case LAB_VALUE_NAME: break;
    }
    return NULL;
}

/* Makes a record with all fields that can be written, as a client of the dialect would. */
static void make_record(struct arena *a, struct worker *w, const struct lab_surface *s,
                        const struct lab_object *o, const char **ids) {
    const struct lab_connector *c = s->stack->members[0].connector;
    const struct lab_dialect *d = s->dialects[0];
    const char *names[LAB_FIELDS_MAX], *values[LAB_FIELDS_MAX];
    size_t count = 0;
    for (int i = 0; i < o->field_count; i++) {
        if (o->fields[i].read_only) continue;
        names[count] = o->fields[i].id;
        values[count] = sample(s->stack, &o->fields[i], ids);
        /* It belongs to records that only seeds have. */
        if (!values[count++] && o->fields[i].required) return;
    }
    struct lab_call call = lab_surface_call(s, o, LAB_CREATE, NULL, names, values, count, a);
    struct lab_answer made = fixture_call(a, w, c->id, call.method, call.path, "", call.body);
    if (made.refused || made.status != (d->batch ? 200 : d->create_status))
        fail_msg("%s: %d %s", d->id, made.status, made.body);
    ids[o->index] = fixture_cell(a, w, arena_printf(a, "SELECT id FROM %s", o->table));
    for (size_t i = 0; i < count; i++) {
        const char *sql = arena_printf(a, "SELECT %s FROM %s", names[i], o->table);
        if (!str_eq(fixture_cell(a, w, sql), values[i]))
            fail_msg("%s: %s is not %s in %s", d->id, names[i], values[i], call.body);
    }
}

static void try_dialect(struct arena *a, const struct lab_stack *stack, int dialect) {
    const struct lab_connector *c = stack->members[0].connector;
    const struct lab_dialect *d = stack->members[0].dialects[dialect];
    const struct lab_surface surface = {stack, &d, 0};
    const char **ids = NEW_ARRAY(a, const char *, (size_t)c->object_count);
    struct worker w = worker_of_dialect(a, c->id, d->id);
    for (int i = 0; i < c->object_count; i++)
        if (!c->objects[i].setup && (c->objects[i].operations & LAB_CREATE))
            make_record(a, &w, &surface, &c->objects[i], ids);
    worker_end(&w);
}

static void test_records_can_be_made(void **state) {
    int count;
    const struct lab_stack **stacks = all_stacks(*state, &count);
    for (int i = 0; i < count; i++)
        for (int d = 0; d < stacks[i]->members[0].dialect_count; d++)
            try_dialect(*state, stacks[i], d);
}

int main(void) {
    codec_start();
    const struct CMUnitTest tests[] = {
        TEST(test_dialects_of_a_kind_differ), TEST(test_one_thing_shared_is_found),
        TEST(test_no_path_hides_another),     TEST(test_pages_are_asked_for_by_names_of_their_own),
        TEST(test_references_lead_somewhere), TEST(test_tables_can_be_made),
        TEST(test_documents_are_whole),       TEST(test_words_lead_back),
        TEST(test_records_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
