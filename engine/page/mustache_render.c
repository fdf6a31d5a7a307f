/* Rendering: walks the operations of a template over a stack of views. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "page/mustache_ops.h"

struct render {
    const struct mustache_env *env;
    struct buf *out;
    struct page_cuts *cuts; /* NULL: not wanted */
    const struct view *stack[MUSTACHE_DEPTH + 1];
    uint32_t height, partials;
    uint32_t steps;
    const char *indent; /* plain mustache: before each line of a partial */
    size_t indent_len;
    bool truncated;    /* a limit was reached */
    const char *lacks; /* a parameter of a text that no view has */
};

/* How a number is shown, by the last part of its name. */
enum number_style { NUMBER_RAW, NUMBER_LOCAL, NUMBER_PERCENT, NUMBER_PERCENT_RAW };

struct lookup {
    const struct view *value;
    enum number_style style;
    bool known; /* a view has this name, if only to say that there is nothing */
};

static enum number_style style_by_name(const char *name, bool *known) {
    *known = true;
    if (strcmp(name, "local") == 0) return NUMBER_LOCAL;
    if (strcmp(name, "percent") == 0) return NUMBER_PERCENT;
    if (strcmp(name, "percent_raw") == 0) return NUMBER_PERCENT_RAW;
    *known = false;
    return NUMBER_RAW;
}

/* LIST.count, which as a section is shown once when the list is not empty. */
static const struct view *count_of(const struct render *r, const struct view *list) {
    struct view *n = NEW(r->out->arena, struct view);
    n->type = VIEW_INT;
    n->number = list->items.count;
    return n;
}

/* Looks the first part up from the innermost scope outwards, the others inside what was found. A
 * scope in which the name is set to absent ends the search: a file without a stale translation must
 * not show the number of them from the page around it. */
static struct lookup look_up(const struct render *r, const struct op_name *path, uint32_t count) {
    struct lookup f = {.known = count == 0};
    if (count == 0) {
        f.value = r->stack[r->height - 1];
        return f;
    }
    for (uint32_t i = r->height; i-- && !f.known;)
        f.known = view_find(r->stack[i], path[0].name, path[0].hash, &f.value);
    for (uint32_t i = 1; i < count && f.value; i++) {
        bool known = false;
        if (f.value->type == VIEW_INT && i == count - 1)
            f.style = style_by_name(path[i].name, &known);
        if (known) continue;
        if (f.value->type == VIEW_LIST && strcmp(path[i].name, "count") == 0)
            f.value = count_of(r, f.value);
        else {
            const struct view *object = f.value;
            f.value = NULL;
            f.known = view_find(object, path[i].name, path[i].hash, &f.value);
        }
    }
    return f;
}

static void add_number(const struct render *r, int64_t n, enum number_style style,
                       struct buf *out) {
    char plain[32];
    switch (style) {
    case NUMBER_LOCAL: locale_number(r->env->locale, n, out); return;
    case NUMBER_PERCENT: locale_percent(r->env->locale, n, out); return;
    case NUMBER_PERCENT_RAW:
        snprintf(plain, sizeof plain, "%s%" PRId64 ".%d", n < 0 && n > -10 ? "-" : "", n / 10,
                 (int)(n < 0 ? -(n % 10) : n % 10));
        break;
    default: snprintf(plain, sizeof plain, "%" PRId64, n); break;
    }
    buf_puts(out, plain);
}

/* An address may be relative or of a harmless scheme. Browsers drop tabs and newlines and leading
 * blanks before they look at the scheme (WHATWG URL, section 4.4): any control character refuses.
 */
static bool address_allowed(const char *text, size_t len) {
    static const char *const schemes[] = {"http:", "https:", "mailto:", NULL};
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20) return false;
    if (len && text[0] == ' ') return false;
    size_t colon = 0;
    while (colon < len && !strchr("/?#:", text[colon])) colon++;
    if (colon == len || text[colon] != ':') return true;
    for (const char *const *s = schemes; *s; s++)
        if (colon + 1 == strlen(*s) && strncasecmp(text, *s, colon + 1) == 0) return true;
    return false;
}

static void record_cut(const struct render *r, const struct view *v, size_t from) {
    struct page_cuts *c = r->cuts;
    size_t len = r->out->len - from;
    if (!c || !(v->personal || (v->borrowed && len >= PAGE_CUT_BYTES))) return;
    c->cut = list_more(r->out->arena, c->cut, c->count, sizeof *c->cut);
    c->cut[c->count++] = (struct page_cut){
        .at = from, .len = len, .personal = v->personal, .fixed = v->fixed};
}

static void put_text(const struct view *v, enum place place, struct buf *out) {
    const char *bytes = v->text.bytes;
    size_t len = v->text.len;
    if (place == PLACE_PLAIN || (v->type == VIEW_HTML && place == PLACE_CONTENT))
        buf_add(out, bytes, len);
    else if (place == PLACE_ADDRESS && !address_allowed(bytes, len)) buf_putc(out, '#');
    else buf_html(out, bytes, len);
}

static void add_value(const struct render *r, const struct lookup *f, enum place place,
                      struct buf *out) {
    const struct view *v = f->value;
    if (!v) return;
    switch (v->type) {
    case VIEW_INT: add_number(r, v->number, f->style, out); return;
    case VIEW_BOOL:
        if (v->truth) buf_puts(out, "true");
        return;
    case VIEW_TEXT:
    case VIEW_HTML: break;
    default: return;
    }
    size_t from = out->len;
    put_text(v, place, out);
    record_cut(r, v, from);
}

/* ---- Texts of the catalogue ----------------------------------------------------------------- */

struct number_sign {
    bool known;
    int64_t value;
};

static struct lookup parameter(struct render *r, const struct message_part *part) {
    struct op_name path[COUNT_OF(part->path)];
    for (unsigned i = 0; i < part->path_count; i++)
        path[i] = (struct op_name){part->path[i].name, part->path[i].hash};
    struct lookup f = look_up(r, path, part->path_count);
    if (!f.known) r->lacks = part->path[part->path_count - 1].name;
    return f;
}

static const struct message *pick_plural(const struct render *r, const struct message_part *part,
                                         const struct lookup *f, struct number_sign *sign) {
    int64_t n = f->value && f->value->type == VIEW_INT ? f->value->number : 0;
    sign->known = true;
    if (__builtin_sub_overflow(n, part->offset, &sign->value)) sign->value = n;
    const struct message *other = NULL;
    const char *category = locale_plural(r->env->locale, sign->value, part->type == PART_ORDINAL);
    for (const struct message_case *c = part->cases; c; c = c->next)
        if (c->exact && c->value == n) return c->then;
    for (const struct message_case *c = part->cases; c; c = c->next) {
        if (c->exact) continue;
        if (strcmp(c->selector, category) == 0) return c->then;
        if (strcmp(c->selector, "other") == 0) other = c->then;
    }
    return other;
}

static const struct message *pick_select(const struct message_part *part, const struct lookup *f) {
    const struct view *v = f->value;
    const char *word = "";
    size_t len = 0;
    if (v && (v->type == VIEW_TEXT || v->type == VIEW_HTML))
        word = v->text.bytes, len = v->text.len;
    else if (v && v->type == VIEW_BOOL) word = v->truth ? "true" : "false", len = strlen(word);
    const struct message *other = NULL;
    for (const struct message_case *c = part->cases; c; c = c->next) {
        if (strlen(c->selector) == len && memcmp(c->selector, word, len) == 0) return c->then;
        if (strcmp(c->selector, "other") == 0) other = c->then;
    }
    return other;
}

static void add_message(struct render *r, const struct message *m, enum place place,
                        struct number_sign sign, struct buf *out) {
    for (const struct message_part *part = m->first; part; part = part->next) {
        struct lookup f = {NULL, NUMBER_RAW, false};
        const struct message *then = NULL;
        struct number_sign inner = sign;
        if (part->path_count) f = parameter(r, part);
        switch (part->type) {
        case PART_TEXT:
            if (place == PLACE_PLAIN) buf_add(out, part->text, part->len);
            else buf_html(out, part->text, part->len);
            continue;
        case PART_NUMBER_SIGN:
            if (sign.known) add_number(r, sign.value, NUMBER_LOCAL, out);
            continue;
        case PART_VALUE:
            if (f.style == NUMBER_RAW) f.style = NUMBER_LOCAL;
            add_value(r, &f, place, out);
            continue;
        case PART_PLAIN: add_value(r, &f, place, out); continue;
        case PART_PLURAL:
        case PART_ORDINAL: then = pick_plural(r, part, &f, &inner); break;
        case PART_SELECT: then = pick_select(part, &f); break;
        }
        if (then) add_message(r, then, place, inner, out);
    }
}

/* RULE text-parameters: a text whose parameter no view has says something false ("0 terms"). The
 * reader still gets the page; whoever runs the academy, and each test, reads of it once. */
static void report_lacking(struct render *r, const struct message *m, const char *key) {
    if (r->lacks && !atomic_exchange(m->reported, true))
        log_say(LOG_WARN, "text_parameter_missing", "%s: {%s}", key ? key : "", r->lacks);
    r->lacks = NULL;
}

static void add_text(struct render *r, int index, const char *key, enum place place,
                     struct buf *out) {
    const struct message *m = index >= 0 && r->env->texts ? r->env->texts[index] : NULL;
    if (index >= 0 && r->env->text_keys) key = r->env->text_keys[index];
    /* A text never begins an address by itself, so its place is the attribute. */
    if (place == PLACE_ADDRESS) place = PLACE_ATTRIBUTE;
    if (!m) buf_html(out, key ? key : "", key ? strlen(key) : 0);
    else if (m->escaped && place != PLACE_PLAIN) buf_add(out, m->escaped, m->escaped_len);
    else {
        add_message(r, m, place, (struct number_sign){false, 0}, out);
        report_lacking(r, m, key);
    }
}

void mustache_text(const struct mustache_env *env, int text, const struct view *v, bool escape,
                   struct buf *out) {
    struct render r = {.env = env, .out = out};
    r.stack[r.height++] = v;
    add_text(&r, text, NULL, escape ? PLACE_CONTENT : PLACE_PLAIN, out);
}

/* ---- Operations ----------------------------------------------------------------------------- */

static void run(struct render *r, const struct mustache *t, uint32_t from, uint32_t to);

static void enter(struct render *r, const struct mustache *t, uint32_t from, uint32_t to,
                  const struct view *scope) {
    if (r->height >= MUSTACHE_DEPTH ||
        ++r->steps > MUSTACHE_STEPS) { /* an empty section is a step as well */
        r->truncated = true;
        return;
    }
    r->stack[r->height++] = scope;
    run(r, t, from, to);
    r->height--;
}

static void run_section(struct render *r, const struct mustache *t, uint32_t at) {
    const struct op *op = &t->ops[at];
    const struct view *v = look_up(r, op->path, op->path_count).value;
    if (!view_truth(v)) return;
    if (v->type != VIEW_LIST) {
        enter(r, t, at + 1, op->jump, v);
        return;
    }
    for (uint32_t i = 0; i < v->items.count && !r->truncated; i++)
        enter(r, t, at + 1, op->jump, v->items.at[i]);
}

static void run_partial(struct render *r, const struct op *op) {
    const struct mustache *partial = op->index >= 0 && r->env->partials
                                         ? r->env->partials[op->index]
                                         : NULL;
    if (!partial) return;
    if (r->partials >= MUSTACHE_DEPTH) {
        r->truncated = true;
        return;
    }
    const char *indent = r->indent;
    size_t indent_len = r->indent_len;
    if (!op->standalone) r->indent_len = 0;
    else if (op->len) {
        char *both = arena_alloc(r->out->arena, indent_len + op->len);
        if (indent_len) memcpy(both, indent, indent_len);
        memcpy(both + indent_len, op->text, op->len);
        r->indent = both;
        r->indent_len = indent_len + op->len;
    }
    r->partials++;
    run(r, partial, 0, partial->count);
    r->partials--;
    r->indent = indent;
    r->indent_len = indent_len;
}

static void run(struct render *r, const struct mustache *t, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        const struct op *op = &t->ops[i];
        if (++r->steps > MUSTACHE_STEPS) r->truncated = true;
        if (r->truncated) return;
        switch ((enum op_type)op->type) {
        case OP_TEXT: buf_add(r->out, op->text, op->len); break;
        case OP_LINE:
            if (r->indent_len) buf_add(r->out, r->indent, r->indent_len);
            break;
        case OP_VALUE: {
            struct lookup f = look_up(r, op->path, op->path_count);
            add_value(r, &f, op->place, r->out);
            break;
        }
        case OP_MESSAGE: add_text(r, op->index, op->text, op->place, r->out); break;
        case OP_ASSET:
            if (op->index >= 0 && r->env->assets) buf_puts(r->out, r->env->assets[op->index]);
            break;
        case OP_PARTIAL: run_partial(r, op); break;
        case OP_SECTION:
            run_section(r, t, i);
            i = op->jump;
            break;
        case OP_INVERTED:
            if (!view_truth(look_up(r, op->path, op->path_count).value)) run(r, t, i + 1, op->jump);
            i = op->jump;
            break;
        case OP_END: break;
        }
    }
}

bool mustache_render(const struct mustache *t, const struct mustache_env *env, const struct view *v,
                     struct buf *out) {
    return mustache_render_cuts(t, env, v, out, NULL);
}

bool mustache_render_cuts(const struct mustache *t, const struct mustache_env *env,
                          const struct view *v, struct buf *out, struct page_cuts *cuts) {
    struct render r = {.env = env, .out = out, .cuts = cuts};
    r.stack[r.height++] = v;
    run(&r, t, 0, t->count);
    return !r.truncated;
}
