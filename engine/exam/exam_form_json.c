/* Forms as they are stored. */
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "exam/exam_type.h"

char *exam_form_write(const struct exam_form *form, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"form\":2,\"seed\":\"%llu\",\"slots\":[", (unsigned long long)form->seed);
    for (int i = 0; i < form->slot_count; i++) {
        const struct exam_slot *s = &form->slots[i];
        buf_printf(&b,
                   "%s{\"item\":\"%s\",\"version\":\"%s\",\"domain\":\"%s\",\"level\":\"%s\","
                   "\"scored\":%s,\"type\":\"%s\",\"order\":[",
                   i ? "," : "", s->item, s->version, s->domain, exam_levels[s->level],
                   s->scored ? "true" : "false", s->type->name);
        for (int k = 0; k < s->option_count; k++) buf_printf(&b, "%s%d", k ? "," : "", s->order[k]);
        if (s->lang) buf_printf(&b, "],\"lang\":\"%s\"}", s->lang);
        else buf_puts(&b, "]}");
    }
    buf_puts(&b, "]");
    for (int i = 0; i < form->floor_count; i++)
        buf_printf(&b, "%s[\"%s\",%d]", i ? "," : ",\"floors\":[", form->floors[i].domain,
                   form->floors[i].permille);
    buf_puts(&b, form->floor_count ? "]}" : "}");
    return b.data;
}

static bool read_order(struct exam_slot *slot, const json_t *order) {
    unsigned seen = 0;
    size_t n = json_array_size(order);
    if (!json_is_array(order) || n > EXAM_OPTIONS) return false;
    if (slot->type->shuffled ? n < 2 : n > 0) return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(order, i);
        json_int_t k = json_is_integer(v) ? json_integer_value(v) : -1;
        if (k < 0 || k >= (json_int_t)n || seen & 1u << k) return false;
        seen |= 1u << k;
        slot->order[i] = (unsigned char)k;
    }
    slot->option_count = (int)n;
    return true;
}

/* RULE form-version-1: `multiple` says which of the two types of that time a slot has. */
static const struct exam_type *read_type(const json_t *v, json_int_t version) {
    if (version == 1)
        return json_is_true(json_object_get(v, "multiple")) ? &exam_type_multiple
                                                            : &exam_type_single;
    const char *name = json_string_value(json_object_get(v, "type"));
    return name ? exam_type_named(name) : NULL;
}

static bool read_slot(struct exam_slot *slot, const json_t *v, json_int_t version,
                      struct arena *a) {
    slot->item = arena_dup(a, json_string_value(json_object_get(v, "item")));
    slot->version = arena_dup(a, json_string_value(json_object_get(v, "version")));
    slot->domain = arena_dup(a, json_string_value(json_object_get(v, "domain")));
    slot->lang = arena_dup(a, json_string_value(json_object_get(v, "lang")));
    const char *level = json_string_value(json_object_get(v, "level"));
    slot->level = 0;
    while (slot->level < EXAM_LEVELS && !str_eq(level, exam_levels[slot->level])) slot->level++;
    slot->scored = json_is_true(json_object_get(v, "scored"));
    slot->type = read_type(v, version);
    return slot->type && slot->item && id_valid(slot->item) && slot->version && slot->domain &&
           slot->level < EXAM_LEVELS && read_order(slot, json_object_get(v, "order"));
}

/* Forms that were drawn before there were floors have none. */
static bool read_floors(struct exam_form *out, const json_t *list, struct arena *a) {
    size_t n = json_array_size(list);
    if (list && (!json_is_array(list) || n > EXAM_ITEMS)) return false;
    struct exam_floor *floors = NEW_ARRAY(a, struct exam_floor, n + 1);
    for (size_t i = 0; i < n; i++) {
        const json_t *pair = json_array_get(list, i), *permille = json_array_get(pair, 1);
        floors[i].domain = arena_dup(a, json_string_value(json_array_get(pair, 0)));
        if (!floors[i].domain || !json_is_integer(permille) || json_integer_value(permille) < 1 ||
            json_integer_value(permille) > 1000)
            return false;
        floors[i].permille = (int)json_integer_value(permille);
    }
    out->floors = floors;
    out->floor_count = (int)n;
    return true;
}

enum err exam_form_read(struct exam_form *out, const char *json, struct arena *a) {
    const char *why;
    json_t *root = json_read(a, json, strlen(json), &why);
    const json_t *slots = json_object_get(root, "slots");
    const char *seed = json_string_value(json_object_get(root, "seed"));
    size_t n = json_array_size(slots);
    json_int_t version = json_integer_value(json_object_get(root, "form"));
    memset(out, 0, sizeof *out);
    if (!root || !seed || n == 0 || n > EXAM_ITEMS || version < 1 || version > 2)
        return ERR_INVALID;
    for (const char *p = seed; *p; p++) {
        if (*p < '0' || *p > '9') return ERR_INVALID;
        out->seed = out->seed * 10 + (uint64_t)(*p - '0');
    }
    out->slots = NEW_ARRAY(a, struct exam_slot, n);
    out->slot_count = (int)n;
    for (size_t i = 0; i < n; i++)
        if (!read_slot(&out->slots[i], json_array_get(slots, i), version, a)) return ERR_INVALID;
    return read_floors(out, json_object_get(root, "floors"), a) ? OK : ERR_INVALID;
}

/* ---- Shapes -------------------------------------------------------------------------------- */

char *exam_form_shape(const struct exam_form *form, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < form->slot_count; i++)
        buf_printf(&b, "%d%c", form->slots[i].option_count, form->slots[i].type->letter);
    return arena_dup(a, buf_text(&b));
}

int exam_shape_slots(const char *shape) {
    int n = 0;
    for (; *shape; shape++) n += !isdigit((unsigned char)*shape);
    return n;
}

bool exam_shape_slot(const char *shape, int slot, const struct exam_type **type, int *options) {
    *options = 0;
    for (; *shape; shape++) {
        if (isdigit((unsigned char)*shape)) *options = *options * 10 + (*shape - '0');
        else if (--slot == 0) return (*type = exam_type_lettered(*shape)) != NULL;
        else *options = 0;
    }
    return false;
}
