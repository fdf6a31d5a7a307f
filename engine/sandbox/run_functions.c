/* SQL functions of rules that need the run. */
#include "sandbox/run_functions.h"

#include <string.h>

#include "base/text.h"
#include "labmodel/lab_surface.h"
#include "labmodel/lab_world.h"
#include "sandbox/rule_run.h"
#include "sandbox/rules_index.h"

#define TOKENS_ARENA ((size_t)256 * 1024)

static const char *text_of(sqlite3_value *v) { return (const char *)sqlite3_value_text(v); }

/* ---- Objections ----------------------------------------------------------------------------- */
/* Gives the result when there is one, and says so. */
static bool ask(sqlite3_context *c, struct lab_state *s, const struct lab_objection *o,
                sqlite3_value **values) {
    const char *why = NULL;
    sqlite3_stmt *q = rule_statement(s, o->sql, &why);
    if (!q || sqlite3_stmt_busy(q)) {
        sqlite3_result_error(c, why ? why : "an objection asks itself", -1);
        return true;
    }
    sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 1); /* as in rule_sql.c */
    for (int i = 1; i <= OBJECTION_ARGUMENTS; i++) sqlite3_bind_value(q, i, values[i]);
    int now = sqlite3_bind_parameter_index(q, ":now_ms");
    if (now) sqlite3_bind_int64(q, now, s->now_ms);
    int rc = sqlite3_step(q);
    bool said = rc == SQLITE_ROW && sqlite3_column_type(q, 0) != SQLITE_NULL;
    if (said) sqlite3_result_text(c, (const char *)sqlite3_column_text(q, 0), -1, SQLITE_TRANSIENT);
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        sqlite3_result_error(c, sqlite3_errmsg(s->db), -1);
        said = true;
    }
    state_end(q);
    return said;
}

static void objection_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    (void)count;
    for (int i = 0; i < s->stack.objection_count; i++)
        if (str_eq(s->stack.objections[i].to, text_of(values[0])) &&
            ask(c, s, &s->stack.objections[i], values))
            return;
}

/* ---- Tokens --------------------------------------------------------------------------------- */
/* The text behind "field=" in one of the lines; NULL: there is none. */
static const char *fallback_of(const char *lines, const char *name, struct arena *a) {
    for (const char *line = lines; line && *line;) {
        size_t len = strcspn(line, "\n"), sign = strcspn(line, "=\n");
        if (sign < len && str_eq(str_trim(a, arena_copy(a, line, sign)), name))
            return arena_copy(a, line + sign + 1, len - sign - 1);
        line += len + (line[len] == '\n');
    }
    return NULL;
}

static const char *token(struct lab_state *s, const struct lab_object *o, int member,
                         const struct record *r, const char *name, const char *fallbacks,
                         struct arena *a) {
    const struct lab_surface surface = {&s->stack, s->dialect, member};
    const struct lab_field *f = lab_field_named(o, s->dialect[member], name);
    if (!f) f = lab_field_find(o, name);
    const char *value = f ? lab_surface_text(&surface, o, f, r->value[f->index], a) : NULL;
    return record_empty(value) ? fallback_of(fallbacks, name, a) : value;
}

static const char *filled_in(struct lab_state *s, const struct lab_object *o, int member,
                             const struct record *r, const char *text, const char *fallbacks,
                             struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    while (*text) {
        const char *begin = strstr(text, "{{"), *end = begin ? strstr(begin, "}}") : NULL;
        if (!end) break;
        buf_add(&b, text, (size_t)(begin - text));
        const char *name = str_trim(a, arena_copy(a, begin + 2, (size_t)(end - begin - 2)));
        const char *value = token(s, o, member, r, name, fallbacks, a);
        if (value) buf_puts(&b, value);
        else buf_add(&b, begin, (size_t)(end + 2 - begin));
        text = end + 2;
    }
    buf_puts(&b, text);
    return buf_text(&b);
}

static void tokens_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const char *text = text_of(values[0]), *id = text_of(values[3]);
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, text_of(values[2]), &member);
    struct record r;
    struct arena a;
    (void)count;
    if (!text) return; /* NULL */
    if (!function_charge(c, &s->work, strlen(text) * 4 + 64 * FUNCTION_OPERATION_BYTES)) return;
    arena_init(&a, TOKENS_ARENA);
    memset(&r, 0, sizeof r);
    if (o && id && record_get(s, o, id, &r, &a))
        text = filled_in(s, o, member, &r, text, text_of(values[1]), &a);
    sqlite3_result_text(c, text, -1, SQLITE_TRANSIENT);
    arena_release(&a);
}

static void chance_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const char *stream = text_of(values[0]), *entity = text_of(values[1]);
    (void)count;
    if (!stream || !entity) return; /* NULL */
    if (function_charge(c, &s->work, strlen(stream) + strlen(entity) + 256))
        sqlite3_result_int64(c, state_draw(s, stream, entity, 0, 1000));
}

/* What is left of an interest of sim_interest now. */
static void faded_function(sqlite3_context *c, int count, sqlite3_value **values) {
    const struct lab_state *s = sqlite3_user_data(c);
    const struct lab_world *w = s->stack.world;
    (void)count;
    sqlite3_result_int64(c, lab_world_faded(sqlite3_value_int64(values[0]),
                                            s->now_ms - sqlite3_value_int64(values[1]),
                                            w ? w->interest_half_ms : 0));
}

static void word_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const char *value = text_of(values[2]);
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, text_of(values[0]), &member);
    const struct lab_field *f = o ? lab_field_find(o, text_of(values[1])) : NULL;
    (void)count;
    if (!value || !function_charge(c, &s->work, 64 * FUNCTION_OPERATION_BYTES)) return;
    if (f) value = lab_surface_value(s->dialect[member], o, f, value);
    sqlite3_result_text(c, value, -1, SQLITE_TRANSIENT);
}

bool run_functions_register(struct lab_state *s) {
    static const struct {
        const char *name;
        int arguments;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } all[] = {{"objection", 1 + OBJECTION_ARGUMENTS, objection_function},
               {"tokens", 4, tokens_function},
               {"chance", 2, chance_function},
               {"faded", 2, faded_function},
               {"word", 3, word_function}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (sqlite3_create_function_v2(s->db, all[i].name, all[i].arguments,
                                       SQLITE_UTF8 | SQLITE_INNOCUOUS, s, all[i].run, NULL, NULL,
                                       NULL) != SQLITE_OK)
            return false;
    return true;
}
