/* Forms as they are stored. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "exam/exam_form.h"

char *exam_form_write(const struct exam_form *form, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"form\":1,\"seed\":\"%llu\",\"slots\":[", (unsigned long long)form->seed);
    for (int i = 0; i < form->slot_count; i++) {
        const struct exam_slot *s = &form->slots[i];
        buf_printf(
            &b,
            "%s{\"item\":\"%s\",\"version\":\"%s\",\"domain\":\"%s\",\"level\":\"%s\",\"scored\":%s,\"multiple\":%s,\"order\":[",
            i ? "," : "", s->item, s->version, s->domain, exam_levels[s->level],
            s->scored ? "true" : "false", s->multiple ? "true" : "false");
        for (int k = 0; k < s->option_count; k++) buf_printf(&b, "%s%d", k ? "," : "", s->order[k]);
        buf_puts(&b, "]}");
    }
    buf_puts(&b, "]}");
    return b.data;
}

static bool read_order(struct exam_slot *slot, const json_t *order) {
    unsigned seen = 0;
    size_t n = json_array_size(order);
    if (n < 2 || n > EXAM_OPTIONS) return false;
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

static bool read_slot(struct exam_slot *slot, const json_t *v, struct arena *a) {
    slot->item = arena_dup(a, json_string_value(json_object_get(v, "item")));
    slot->version = arena_dup(a, json_string_value(json_object_get(v, "version")));
    slot->domain = arena_dup(a, json_string_value(json_object_get(v, "domain")));
    const char *level = json_string_value(json_object_get(v, "level"));
    slot->level = 0;
    while (slot->level < EXAM_LEVELS && !str_eq(level, exam_levels[slot->level])) slot->level++;
    slot->scored = json_is_true(json_object_get(v, "scored"));
    slot->multiple = json_is_true(json_object_get(v, "multiple"));
    return slot->item && id_valid(slot->item) && slot->version && slot->domain &&
           slot->level < EXAM_LEVELS && read_order(slot, json_object_get(v, "order"));
}

enum err exam_form_read(struct exam_form *out, const char *json, struct arena *a) {
    const char *why;
    json_t *root = json_read(a, json, strlen(json), &why);
    const json_t *slots = json_object_get(root, "slots");
    const char *seed = json_string_value(json_object_get(root, "seed"));
    size_t n = json_array_size(slots);
    memset(out, 0, sizeof *out);
    if (!root || !seed || n == 0 || n > EXAM_ITEMS ||
        json_integer_value(json_object_get(root, "form")) != 1)
        return ERR_INVALID;
    for (const char *p = seed; *p; p++) {
        if (*p < '0' || *p > '9') return ERR_INVALID;
        out->seed = out->seed * 10 + (uint64_t)(*p - '0');
    }
    out->slots = NEW_ARRAY(a, struct exam_slot, n);
    out->slot_count = (int)n;
    for (size_t i = 0; i < n; i++)
        if (!read_slot(&out->slots[i], json_array_get(slots, i), a)) return ERR_INVALID;
    return OK;
}

char *exam_form_shape(const struct exam_form *form, struct arena *a) {
    char *shape = arena_alloc(a, (size_t)form->slot_count * 2 + 1);
    for (int i = 0; i < form->slot_count; i++) {
        shape[2 * i] = (char)('0' + form->slots[i].option_count);
        shape[2 * i + 1] = form->slots[i].multiple ? 'm' : 's';
    }
    return shape;
}
