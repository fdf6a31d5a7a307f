/* The texts of labs for the search: title, summary and the brief with its tasks, as the lobby shows
 * them. Checks, hints and solutions are in other files, which this one never reads. */
#include "content/content.h"
#include "base/text.h"
#include "lab/lab_manager.h"

static void list_labs(void *labs, struct arena *a, struct content_search_item **out,
                      size_t *count) {
    struct labs *l = labs;
    const struct lab_version **all;
    *count = registry_all(l->registry, a, &all);
    *out = NEW_ARRAY(a, struct content_search_item, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        (*out)[i] = (struct content_search_item){.file = s->doc.file,
                                                 .version = s->version,
                                                 .kind = "lab",
                                                 .id = s->id,
                                                 .title = s->title,
                                                 .summary = s->summary,
                                                 .lang = lab_lang(labs, a, s->lang, s->programme),
                                                 .own = s};
    }
}

static void read_lab(void *labs, struct arena *a, struct content_search_item *item) {
    const struct lab_scenario *s = item->own;
    (void)labs;
    content_parts(a, cmark_node_first_child(s->doc.body), NULL, true, &item->parts,
                  &item->part_count);
}

void lab_search_source(struct labs *l, struct content_search_source *out) {
    *out = (struct content_search_source){
        .folder = "labs/", .room = l, .list = list_labs, .read = read_lab};
}
