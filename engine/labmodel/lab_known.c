/* Lists of what there is. */
#include "labmodel/lab_known.h"

#include "base/buf.h"

struct list {
    struct buf text;
    int at, count;
};

static void add(struct list *l, const char *name) {
    int shown = l->count > LAB_KNOWN_MOST ? LAB_KNOWN_MOST : l->count, at = l->at++;
    if (at >= shown) return;
    buf_printf(&l->text, "%s%s", at == 0 ? "" : at + 1 == l->count ? " and " : ", ", name);
    if (at + 1 == shown && shown < l->count) buf_printf(&l->text, " and %d more", l->count - shown);
}

static struct list begin(int count, struct arena *a) {
    struct list l = {.count = count};
    buf_init(&l.text, a);
    if (count == 0) buf_puts(&l.text, "nothing");
    return l;
}

const char *lab_known(const char *const *names, int count, struct arena *a) {
    struct list l = begin(count, a);
    for (int i = 0; i < count; i++) add(&l, names[i]);
    return buf_text(&l.text);
}

const char *lab_known_fields(const struct lab_object *o, struct arena *a) {
    struct list l = begin(o->field_count, a);
    for (int i = 0; i < o->field_count; i++) add(&l, o->fields[i].id);
    return buf_text(&l.text);
}

const char *lab_known_values(const struct lab_field *f, struct arena *a) {
    return lab_known(f->values, f->value_count, a);
}

const char *lab_known_objects(const struct lab_stack *s, struct arena *a) {
    int count = 0;
    for (int m = 0; m < s->member_count; m++) count += s->members[m].connector->object_count;
    struct list l = begin(count, a);
    for (int m = 0; m < s->member_count; m++) {
        const struct lab_connector *c = s->members[m].connector;
        for (int i = 0; i < c->object_count; i++)
            add(&l, arena_printf(a, "%s.%s", c->id, c->objects[i].id));
    }
    return buf_text(&l.text);
}

const char *lab_known_connectors(const struct lab_stack *s, struct arena *a) {
    struct list l = begin(s->member_count, a);
    for (int m = 0; m < s->member_count; m++) add(&l, s->members[m].connector->id);
    return buf_text(&l.text);
}
