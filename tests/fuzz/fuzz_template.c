/* Templates and interface texts. A page template that is accepted never lets a text out unescaped,
 * whatever it looks like; any template and any text ends within its limits. */
#include "fuzz/fuzz.h"

#include "page/mustache.h"

#define HOSTILE "<i x=\"'&>"
#define SCHEME "javascript:go"

static const struct mustache *partials[1];

static int find(void *context, enum mustache_ref kind, const char *name) {
    (void)context;
    return kind == REF_PARTIAL && strcmp(name, "p") == 0 ? 0 : -1;
}

static struct view *hostile_view(struct arena *a) {
    struct view *v = view_new(a), *list = view_list(v, "l");
    view_text(v, "a", HOSTILE);
    view_text(v, "s", SCHEME);
    view_html(v, "h", "<b>bold</b>");
    view_int(v, "n", -12345);
    view_item_text(list, HOSTILE);
    view_text(view_item(list), "a", HOSTILE);
    view_put(v, "v", v);
    return v;
}

static void try_template(struct arena *a, const char *data, size_t size, unsigned flags) {
    struct mustache_names names = {find, NULL};
    struct mustache_env env = {.partials = partials};
    struct buf problems, out;
    buf_init(&problems, a);
    buf_init(&out, a);
    struct mustache *t = mustache_parse(a, "t", data, size, flags, &names, &problems);
    BUG_IF(problems.len > 256 * 1024);
    partials[0] = t;
    struct view *v = hostile_view(a);
    (void)mustache_render(t, &env, v, &out);
    if (!(flags & MUSTACHE_PAGE) || problems.len) return;
    BUG_IF(strstr(buf_text(&out), HOSTILE) && !memmem(data, size, HOSTILE, strlen(HOSTILE)));
}

static void try_text(struct arena *a, const char *data, size_t size) {
    const char *why;
    struct message *m = message_parse(a, arena_copy(a, data, size), &why);
    BUG_IF(!m && !why);
    if (!m) return;
    const struct message *texts[] = {m};
    struct mustache_env env = {.texts = texts};
    struct buf out;
    buf_init(&out, a);
    mustache_text(&env, 0, hostile_view(a), true, &out);
    BUG_IF(strchr(buf_text(&out), '<') && !strstr(buf_text(&out), "<b>bold</b>"));
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    try_text(a, data, size);
    try_template(a, data, size, MUSTACHE_PAGE);
    try_template(a, data, size, 0);
}
