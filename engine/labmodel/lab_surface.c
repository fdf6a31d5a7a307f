/* Values and errors as a dialect shows them. */
#include "labmodel/lab_surface.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

const char *lab_surface_value(const struct lab_dialect *d, const struct lab_object *o,
                              const struct lab_field *f, const char *neutral) {
    const struct lab_field_name *n = &d->objects[o->index].fields[f->index];
    for (int i = 0; i < n->value_count; i++)
        if (str_eq(n->values[i].neutral, neutral)) return n->values[i].as;
    return neutral;
}

const char *lab_surface_neutral(const struct lab_dialect *d, const struct lab_object *o,
                                const struct lab_field *f, const char *as) {
    for (int i = 0; i < f->value_count; i++)
        if (str_eq(lab_surface_value(d, o, f, f->values[i]), as)) return f->values[i];
    return NULL;
}

bool lab_surface_hidden(const struct lab_dialect *d, const struct lab_object *o,
                        const struct lab_field *f, const char *word) {
    return lab_value_known(f, word) && !lab_surface_neutral(d, o, f, word);
}

/* The field of another connector's object, by the neutral id, under its name in that connector's
 * dialect. */
static const char *field_name(const struct lab_surface *s, const struct lab_field *f,
                              const char *neutral) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(s->stack, f->of, &member);
    const struct lab_field *of = o ? lab_field_find(o, neutral) : NULL;
    return of ? s->dialects[member]->objects[o->index].fields[of->index].as : neutral;
}

/* The other way round; NULL: no field has this name there. */
static const char *field_id(const struct lab_surface *s, const struct lab_field *f,
                            const char *as) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(s->stack, f->of, &member);
    const struct lab_field *of = o ? lab_field_named(o, s->dialects[member], as) : NULL;
    return of ? of->id : NULL;
}

/* ---- Times ---------------------------------------------------------------------------------- */
static const char *time_text(const struct lab_dialect *d, int64_t ms, struct arena *a) {
    int offset = d->date_offset_minutes;
    char *iso = time_iso(a, ms + offset * MS_MINUTE); /* 2026-03-02T08:00:00Z, shifted */
    switch (d->date) {
    case LAB_DATE_SECONDS: return arena_printf(a, "%lld", (long long)(ms / 1000));
    case LAB_DATE_MILLISECONDS: return arena_printf(a, "%lld", (long long)ms);
    case LAB_DATE_DAY_FIRST:
        return arena_printf(a, "%.2s/%.2s/%.4s %.5s", iso + 8, iso + 5, iso, iso + 11);
    case LAB_DATE_MONTH_FIRST:
        return arena_printf(a, "%.2s/%.2s/%.4s %.5s", iso + 5, iso + 8, iso, iso + 11);
    case LAB_DATE_ISO: break;
    }
    if (offset == 0) return iso;
    int minutes = offset < 0 ? -offset : offset;
    return arena_printf(a, "%.19s%c%02d:%02d", iso, offset < 0 ? '-' : '+', minutes / 60,
                        minutes % 60);
}

static bool numeric_time(const struct lab_dialect *d) {
    return d->date == LAB_DATE_SECONDS || d->date == LAB_DATE_MILLISECONDS;
}

void lab_surface_time(const struct lab_dialect *d, int64_t ms, struct buf *out) {
    const char *text = time_text(d, ms, out->arena);
    if (numeric_time(d)) buf_puts(out, text);
    else buf_json(out, text);
}

static bool read_time(const struct lab_dialect *d, json_t *value, struct arena *a,
                      const char **neutral) {
    int64_t ms;
    if (numeric_time(d)) {
        if (!json_is_integer(value)) return false;
        json_int_t n = json_integer_value(value);
        if (n > 253402300799999 || n < -62135596800000) return false;
        ms = d->date == LAB_DATE_SECONDS ? (n > 253402300799 ? -1 : n * 1000) : n;
    } else {
        const char *text = json_string_value(value);
        if (!text) return false;
        if (d->date != LAB_DATE_ISO) {
            int x, y, year, hour, minute, used = 0;
            if (strlen(text) != 16 ||
                sscanf(text, "%2d/%2d/%4d %2d:%2d%n", &x, &y, &year, &hour, &minute, &used) != 5 ||
                used != 16)
                return false;
            bool day_first = d->date == LAB_DATE_DAY_FIRST;
            text = arena_printf(a, "%04d-%02d-%02dT%02d:%02d:00Z", year, day_first ? y : x,
                                day_first ? x : y, hour, minute);
        }
        if (!time_parse_iso(text, &ms)) return false;
        if (d->date != LAB_DATE_ISO) ms -= d->date_offset_minutes * MS_MINUTE;
    }
    *neutral = arena_printf(a, "%lld", (long long)ms);
    return true;
}

/* ---- Truth ---------------------------------------------------------------------------------- */
static const char *truth_text(const struct lab_dialect *d, bool on) {
    if (d->truth == LAB_TRUTH_YES_NO) return on ? "Yes" : "No";
    if (d->truth == LAB_TRUTH_ONE_ZERO) return on ? "1" : "0";
    return on ? "true" : "false";
}

static bool read_truth(const struct lab_dialect *d, json_t *value, const char **neutral) {
    bool on;
    if (d->truth == LAB_TRUTH_JSON) {
        if (!json_is_boolean(value)) return false;
        on = json_is_true(value);
    } else if (d->truth == LAB_TRUTH_YES_NO) {
        on = str_eq(json_string_value(value), "Yes");
        if (!on && !str_eq(json_string_value(value), "No")) return false;
    } else {
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > 1)
            return false;
        on = json_integer_value(value) == 1;
    }
    *neutral = on ? "1" : "0";
    return true;
}

/* ---- Values --------------------------------------------------------------------------------- */
const char *lab_surface_text(const struct lab_surface *s, const struct lab_object *o,
                             const struct lab_field *f, const char *neutral, struct arena *a) {
    const struct lab_dialect *d = s->dialects[s->member];
    int64_t ms;
    if (!neutral || !*neutral) return NULL;
    switch (f->type) {
    case LAB_BOOLEAN: return truth_text(d, str_eq(neutral, "1"));
    case LAB_TIME:
        return parse_i64(neutral, INT64_MIN, INT64_MAX, &ms) ? time_text(d, ms, a) : neutral;
    case LAB_PICKLIST: return lab_surface_value(d, o, f, neutral);
    case LAB_FIELD_NAME: return field_name(s, f, neutral);
    default: return neutral;
    }
}

void lab_surface_json(const struct lab_surface *s, const struct lab_object *o,
                      const struct lab_field *f, const char *neutral, struct buf *out) {
    const struct lab_dialect *d = s->dialects[s->member];
    const char *text = lab_surface_text(s, o, f, neutral, out->arena);
    if (!text) buf_puts(out, d->empty == LAB_EMPTY_TEXT ? "\"\"" : "null");
    else if (f->type == LAB_INTEGER || (f->type == LAB_TIME && numeric_time(d)) ||
             (f->type == LAB_BOOLEAN && d->truth != LAB_TRUTH_YES_NO))
        buf_puts(out, text);
    else buf_json(out, text);
}

bool lab_surface_read(const struct lab_surface *s, const struct lab_object *o,
                      const struct lab_field *f, json_t *value, struct arena *a,
                      const char **neutral) {
    const struct lab_dialect *d = s->dialects[s->member];
    const char *text = json_string_value(value);
    *neutral = NULL;
    if (json_is_null(value) || (text && !*text)) return true;
    switch (f->type) {
    case LAB_BOOLEAN: return read_truth(d, value, neutral);
    case LAB_TIME: return read_time(d, value, a, neutral);
    case LAB_INTEGER:
        if (!json_is_integer(value)) return false;
        *neutral = arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    default: break;
    }
    if (!text) return false;
    if (f->type == LAB_PICKLIST) text = lab_surface_neutral(d, o, f, text);
    if (f->type == LAB_FIELD_NAME) text = field_id(s, f, text);
    if (!text) return false;
    *neutral = arena_dup(a, text);
    return true;
}

/* ---- Errors --------------------------------------------------------------------------------- */
const char *lab_surface_sentence(const struct lab_dialect *d, enum lab_problem what,
                                 const char *field, const char *value, int64_t seconds,
                                 struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (const char *p = d->errors[what].message; *p;) {
        if (str_has_prefix(p, "{field}")) {
            buf_puts(&b, field ? field : "");
            p += 7;
        } else if (str_has_prefix(p, "{value}")) {
            size_t len = value ? strlen(value) : 0;
            if (len > 120) len = 120;
            while (len && value[len] && ((unsigned char)value[len] & 0xc0) == 0x80) len--;
            buf_add(&b, value ? value : "", len);
            p += 7;
        } else if (str_has_prefix(p, "{seconds}")) {
            buf_printf(&b, "%lld", (long long)seconds);
            p += 9;
        } else buf_putc(&b, *p++);
    }
    return buf_text(&b);
}

int lab_surface_problem(const struct lab_dialect *d, enum lab_problem what, const char *field,
                        const char *value, int64_t seconds, int64_t request, const char **type,
                        struct buf *out) {
    const struct lab_error *e = &d->errors[what];
    const struct lab_body *body = &d->bodies[LAB_BODY_ERROR];
    *type = body->type;
    lab_body_write(body,
                   &(struct lab_body_fill){
                       .code = e->code,
                       .message = lab_surface_sentence(d, what, field, value, seconds, out->arena),
                       .field = field,
                       .call = request,
                       .status = e->status},
                   out);
    return e->status;
}

/* ---- Calls of a screen ---------------------------------------------------------------------- */
static void write_field(const struct lab_surface *s, const struct lab_object *o, const char *name,
                        const char *value, bool *first, struct buf *b) {
    const struct lab_field *f = lab_field_find(o, name);
    if (!f || f->read_only) return;
    if (!*first) buf_putc(b, ',');
    *first = false;
    buf_json(b, s->dialects[s->member]->objects[o->index].fields[f->index].as);
    buf_putc(b, ':');
    /* A number that is none goes out as text: the API shall refuse it, not we. */
    int64_t n;
    if (f->type == LAB_INTEGER && value && *value && !parse_i64(value, INT64_MIN, INT64_MAX, &n))
        buf_json(b, value);
    else lab_surface_json(s, o, f, value, b);
}

const char *lab_surface_if_match(const struct lab_dialect *d, enum lab_operation operation) {
    bool changes = operation == LAB_UPDATE || operation == LAB_DELETE || operation == LAB_MERGE;
    return changes && d->etag == LAB_ETAG_REQUIRED ? "*" : NULL;
}

struct lab_call lab_surface_call(const struct lab_surface *s, const struct lab_object *o,
                                 enum lab_operation operation, const char *id,
                                 const char *const *names, const char *const *values, size_t count,
                                 struct arena *a) {
    const struct lab_dialect *d = s->dialects[s->member];
    const char *path = arena_printf(a, "%s%s", d->base, d->objects[o->index].path);
    const char *item = id ? arena_printf(a, "%s/%s", path, id) : path;
    const char *if_match = lab_surface_if_match(d, operation);
    if (operation == LAB_LIST) return (struct lab_call){.method = "GET", .path = path};
    if (operation == LAB_GET) return (struct lab_call){.method = "GET", .path = item};
    if (operation == LAB_DELETE) return (struct lab_call){"DELETE", item, NULL, if_match};
    struct buf b;
    buf_init(&b, a);
    bool first = true;
    if (operation == LAB_MERGE) {
        buf_putc(&b, '{');
        buf_json(&b, d->merge_field);
        buf_putc(&b, ':');
        buf_json(&b, count ? values[0] : "");
        buf_putc(&b, '}');
        return (struct lab_call){"POST", arena_printf(a, "%s/%s", item, d->merge_path),
                                 buf_text(&b), if_match};
    }
    if (d->batch) {
        buf_putc(&b, '{');
        buf_json(&b, d->batch);
        buf_puts(&b, ":[");
    }
    buf_putc(&b, '{');
    for (size_t i = 0; i < count; i++) write_field(s, o, names[i], values[i], &first, &b);
    buf_puts(&b, d->batch ? "}]}" : "}");
    if (operation == LAB_CREATE) return (struct lab_call){"POST", path, buf_text(&b), NULL};
    return (struct lab_call){d->update_method, item, buf_text(&b), if_match};
}
