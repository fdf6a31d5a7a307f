/* Practice questions: which task lists are questions, and what is in them. Pure. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"

static cmark_node *stem_of(cmark_node *list) {
    cmark_node *before = cmark_node_previous(list);
    if (!before || cmark_node_get_type(before) != CMARK_NODE_PARAGRAPH) return NULL;
    return before;
}

static cmark_node *feedback_of(cmark_node *item) {
    for (cmark_node *n = cmark_node_first_child(item); n; n = cmark_node_next(n))
        if (cmark_node_get_type(n) == CMARK_NODE_BLOCK_QUOTE) return n;
    return NULL;
}

/* A list of tasks, or of options with feedback, in which a mark is misspelt: shown as a plain list
 * it would tell its keys. */
static bool has_misspelt_mark(cmark_node *list) {
    bool misspelt = false, meant = false;
    if (!list || cmark_node_get_type(list) != CMARK_NODE_LIST ||
        cmark_node_get_type(cmark_node_parent(list)) != CMARK_NODE_DOCUMENT)
        return false;
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        misspelt = misspelt || doc_task_misspelt(item);
        meant = meant || feedback_of(item) || str_eq(cmark_node_get_type_string(item), "tasklist");
    }
    return misspelt && meant;
}

/* RULE question-or-list: feedback makes a task list a question, and so does a paragraph before it
 * when some options are marked and others are not: a key must not be shown because the feedback is
 * still to be written. All others are lists of things to do. */
bool content_is_question(cmark_node *list) {
    if (doc_is_definitions(list)) return false;
    if (!doc_is_task_list(list)) return has_misspelt_mark(list);
    cmark_node *parent = cmark_node_parent(list);
    if (!parent || cmark_node_get_type(parent) != CMARK_NODE_DOCUMENT) return false;
    bool marked = false, open = false;
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        if (feedback_of(item)) return true;
        if (doc_task_checked(item)) marked = true;
        else open = true;
    }
    return marked && open && stem_of(list);
}

static void problem(struct doc *d, struct diag_list *l, cmark_node *n, enum severity severity,
                    const char *rule, const char *sentence) {
    if (l) diag_add(l, severity, d->file, doc_line(d, n), doc_column(d, n), rule, "%s", sentence);
}

/* A question that cannot be answered right is left out of the page. */
static void unusable(struct doc *d, struct diag_list *l, cmark_node *n, struct checkpoint *c,
                     const char *rule, const char *sentence) {
    c->usable = false;
    problem(d, l, n, SEVERITY_ERROR, rule, sentence);
}

static void read_option(struct doc *d, struct diag_list *l, cmark_node *item, struct checkpoint *c,
                        struct checkpoint_option *o) {
    *o = (struct checkpoint_option){.item = item, .right = doc_task_checked(item)};
    for (cmark_node *n = cmark_node_first_child(item); n; n = cmark_node_next(n)) {
        if (cmark_node_get_type(n) == CMARK_NODE_PARAGRAPH && !o->text) o->text = n;
        else if (cmark_node_get_type(n) == CMARK_NODE_BLOCK_QUOTE && !o->feedback) o->feedback = n;
        else
            problem(
                d, l, n, SEVERITY_ERROR, "checkpoint",
                "an option holds one paragraph and one quote with its feedback; this is not shown");
    }
    if (!o->text)
        unusable(d, l, item, c, "checkpoint",
                 "this option has no text: the question is left out of the page");
    if (!o->feedback)
        problem(d, l, item, SEVERITY_WARNING, "checkpoint-feedback",
                "this option has no feedback: put a quote under it");
}

static void read_options(struct doc *d, struct arena *a, struct diag_list *l, struct checkpoint *c,
                         struct buf *identity) {
    const char *texts[CHECKPOINT_OPTIONS];
    for (cmark_node *item = cmark_node_first_child(c->list); item; item = cmark_node_next(item)) {
        if (c->option_count == CHECKPOINT_OPTIONS) {
            unusable(d, l, item, c, "checkpoint",
                     "a practice question has at most 12 options: it is left out of the page");
            break;
        }
        struct checkpoint_option *o = &c->options[c->option_count];
        read_option(d, l, item, c, o);
        texts[c->option_count] = o->text ? doc_text(a, o->text) : "";
        for (size_t i = 0; i < c->option_count; i++)
            if (str_eq(texts[i], texts[c->option_count]))
                unusable(d, l, item, c, "equal-options",
                         "this option says the same as another one: the question is left out of "
                         "the page");
        buf_printf(identity, "\n%c%s", o->right ? 'x' : ' ', texts[c->option_count]);
        c->keys += o->right;
        c->option_count++;
    }
}

/* Reports each misspelt mark, and not the errors that follow from it. */
static void report_marks(struct doc *d, struct diag_list *l, struct checkpoint *c) {
    for (cmark_node *item = cmark_node_first_child(c->list); item; item = cmark_node_next(item))
        if (!str_eq(cmark_node_get_type_string(item), "tasklist"))
            unusable(d, l, item, c, "task-mark",
                     c->plain ? "a task begins with [ ] or [x], one character inside and a space "
                                "behind: until then the list is shown without its marks"
                              : "an option begins with [ ] or [x], one character inside and a "
                                "space behind: until then the question is left out of the page");
}

static bool has_feedback(cmark_node *list) {
    cmark_node *item = cmark_node_first_child(list);
    while (item && !feedback_of(item)) item = cmark_node_next(item);
    return item != NULL;
}

static void read_checkpoint(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *list,
                            struct checkpoint *c) {
    struct buf identity;
    buf_init(&identity, a);
    *c = (struct checkpoint){.list = list, .stem = stem_of(list), .usable = true, .key = ""};
    if (!doc_is_task_list(list)) {
        c->plain = !has_feedback(list);
        report_marks(d, l, c);
        return;
    }
    if (c->stem) buf_puts(&identity, doc_text(a, c->stem));
    else
        problem(d, l, list, SEVERITY_ERROR, "checkpoint",
                "a practice question needs a paragraph right before its options");
    read_options(d, a, l, c, &identity);
    if (c->option_count < 2)
        unusable(
            d, l, list, c, "checkpoint",
            "a practice question needs at least two options: this one is left out of the page");
    if (c->keys == 0)
        unusable(d, l, list, c, "checkpoint-key",
                 "no option is marked [x] as the key: the question is left out of the page");
    if (c->option_count && (size_t)c->keys == c->option_count)
        problem(d, l, list, SEVERITY_WARNING, "checkpoint-key",
                "every option is a key: nothing is asked");
    c->key = version_of(a, identity.data ? identity.data : "", identity.len);
}

struct checkpoint *content_checkpoints(struct doc *d, struct arena *a, struct diag_list *diags,
                                       size_t *count) {
    struct checkpoint *out = NULL;
    size_t usable = 0;
    *count = 0;
    for (cmark_node *n = cmark_node_first_child(d->body); n; n = cmark_node_next(n)) {
        bool question = content_is_question(n);
        if (!question && !doc_is_task_list(n)) continue;
        if (!question) {
            problem(d, diags, n, SEVERITY_WARNING, "task-list",
                    "this is shown as a list of things to do; a practice question marks its keys "
                    "with [x] and has a quote with feedback under each option");
            continue;
        }
        out = list_more(a, out, *count, sizeof *out);
        struct checkpoint *c = &out[(*count)++];
        read_checkpoint(d, a, diags, n, c);
        if (c->usable && usable == CHECKPOINT_LIMIT)
            unusable(d, diags, n, c, "checkpoint",
                     "a module has at most 60 practice questions: this one is left out");
        usable += c->usable;
    }
    return out;
}
