/* What the search finds of an exam: the texts that its lobby shows to everybody. Items are not in
 * the search: this file reads no bank. */
#include <string.h>

#include "base/text.h"
#include "content/content.h"
#include "exam/exam_store.h"

static void list_exams(void *exams, struct arena *a, struct content_search_item **out,
                       size_t *count) {
    const struct exam_unit **units;
    *count = exams_hold_all(exams, a, &units);
    *out = NEW_ARRAY(a, struct content_search_item, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const struct exam_def *d = &units[i]->def;
        (*out)[i] = (struct content_search_item){.file = d->file,
                                                 .version = d->version,
                                                 .kind = "exam",
                                                 .id = d->id,
                                                 .title = d->title,
                                                 .summary = d->summary,
                                                 .lang = exam_unit_lang(units[i]),
                                                 .own = d};
    }
}

/* The lobby shows the text before the blueprint's heading and the text behind its table, each with
 * anchors of its own. */
static void read_exam(void *exams, struct arena *a, struct content_search_item *item) {
    const struct exam_def *def = item->own;
    struct content_part *before, *after;
    size_t before_count, after_count;
    struct diag_list diags;
    struct doc d;
    (void)exams;
    diag_init(&diags, a);
    cmark_node *first = NULL, *table = NULL;
    if (doc_parse(&d, def->file, def->source, strlen(def->source), a, &diags) == OK) {
        first = cmark_node_first_child(d.body);
        table = first;
        while (table && doc_line(&d, table) != def->blueprint_line) table = cmark_node_next(table);
        if (!table) first = NULL;
    }
    content_parts(a, first, table ? cmark_node_previous(table) : NULL, true, &before,
                  &before_count);
    content_parts(a, table ? cmark_node_next(table) : NULL, NULL, true, &after, &after_count);
    item->part_count = before_count + after_count;
    item->parts = NEW_ARRAY(a, struct content_part, item->part_count);
    memcpy(item->parts, before, before_count * sizeof *before);
    memcpy(item->parts + before_count, after, after_count * sizeof *after);
}

void exam_search_source(struct exams *e, struct content_search_source *out) {
    *out = (struct content_search_source){
        .folder = "exams/", .room = e, .list = list_exams, .read = read_exam};
}
