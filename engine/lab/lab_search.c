/* What the search may know of a lab: title, summary and the brief with its tasks, as the lobby
 * shows them. Checks, hints and solutions stand in other files, which this one never looks at. */
#include "content/content.h"
#include "base/text.h"
#include "lab/lab_manager.h"

static void list_labs(void *labs, struct arena *a, struct content_offer **out, size_t *count) {
    struct labs *l = labs;
    const struct lab_held **all;
    *count = registry_all(l->registry, a, &all);
    *out = NEW_ARRAY(a, struct content_offer, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        (*out)[i] = (struct content_offer){.file = s->doc.file,
                                           .version = s->version,
                                           .kind = "lab",
                                           .id = s->id,
                                           .title = s->title,
                                           .summary = s->summary,
                                           .lang = lab_lang(labs, a, s->lang, s->programme),
                                           .own = s};
    }
}

static void read_lab(void *labs, struct arena *a, struct content_offer *offer) {
    const struct lab_scenario *s = offer->own;
    (void)labs;
    content_parts(a, cmark_node_first_child(s->doc.body), NULL, true, &offer->parts,
                  &offer->part_count);
}

void lab_search_source(struct labs *l, struct content_source *out) {
    *out = (struct content_source){
        .folder = "labs/", .room = l, .list = list_labs, .read = read_lab};
}
