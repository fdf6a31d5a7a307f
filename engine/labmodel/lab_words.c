/* The words of a learner's dialect in texts of authors. */
#include "labmodel/lab_words.h"

#include <string.h>

#include "base/text.h"
#include "labmodel/lab_surface.h"

#define NAME_BYTES 160

/* What stands in the braces that begin here: "crm.contact.industry=software", in parts. */
struct name {
    const char *system, *object, *field, *value; /* NULL: not given */
    size_t len;                                  /* with the braces */
};

static bool name_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* False: it is no name. */
static bool read_name(const char *at, struct name *out, struct arena *a) {
    size_t len = 1;
    memset(out, 0, sizeof *out);
    while (len < NAME_BYTES && name_letter(at[len])) len++;
    if (len == 1 || (at[len] != '}' && at[len] != '=')) return false;
    char *parts[3] = {arena_copy(a, at + 1, len - 1), NULL, NULL};
    for (int i = 1; i < 3 && (parts[i] = strchr(parts[i - 1], '.')); i++) *parts[i]++ = '\0';
    if (parts[2] && strchr(parts[2], '.')) return false;
    *out = (struct name){.system = parts[0], .object = parts[1], .field = parts[2]};
    if (at[len] == '=') {
        size_t n = strcspn(at + len + 1, "{}\n");
        if (!n || at[len + 1 + n] != '}' || !out->field) return false;
        out->value = arena_copy(a, at + len + 1, n);
        len += 1 + n;
    }
    out->len = len + 1;
    return true;
}

/* NULL: it leads nowhere. */
static const char *word_of(const struct lab_stack *s, const struct lab_dialect *const *dialects,
                           const struct name *n) {
    int m = lab_member_find(s, n->system);
    if (m < 0) return NULL;
    const struct lab_connector *c = s->members[m].connector;
    const struct lab_dialect *d = dialects ? dialects[m] : NULL;
    if (!n->object) return d ? d->title : c->title;
    const struct lab_object *o = lab_object_find(c, n->object);
    if (!o) return NULL;
    if (!n->field) return d ? d->objects[o->index].plural : o->plural;
    const struct lab_field *f = lab_field_find(o, n->field);
    if (!f) return NULL;
    if (!n->value) return d ? d->objects[o->index].fields[f->index].title : f->title;
    if (!lab_value_known(f, n->value)) return NULL;
    return d ? lab_surface_value(d, o, f, n->value) : n->value;
}

/* The next brace that may begin a name; NULL: there is none. */
static const char *next_brace(const char *text, const char *begin) {
    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{'))
        if (at[1] != '{' && (at == begin || at[-1] != '{')) return at;
    return NULL;
}

const char *lab_words(const struct lab_stack *s, const struct lab_dialect *const *dialects,
                      const char *text, bool html, struct arena *a) {
    struct buf b;
    if (!text || !next_brace(text, text)) return text;
    buf_init(&b, a);
    const char *done = text;
    for (const char *at; (at = next_brace(done, text));) {
        struct name n;
        const char *word = read_name(at, &n, a) ? word_of(s, dialects, &n) : NULL;
        buf_add(&b, done, (size_t)(at - done));
        if (!word) buf_putc(&b, '{');
        else if (html) buf_html(&b, word, strlen(word));
        else buf_puts(&b, word);
        done = at + (word ? n.len : 1);
    }
    buf_puts(&b, done);
    return buf_text(&b);
}

const char *lab_words_unknown(const struct lab_stack *s, const char *text, struct arena *a) {
    for (const char *at = text ? next_brace(text, text) : NULL; at; at = next_brace(at + 1, text)) {
        struct name n;
        if (!read_name(at, &n, a) || !n.object || word_of(s, NULL, &n)) continue;
        return arena_copy(a, at + 1, n.len - 2);
    }
    return NULL;
}
