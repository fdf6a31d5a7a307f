/* From a file's bytes to front matter and a syntax tree. */
#include <cmark-gfm-core-extensions.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_memory.h"
#include "doc/doc_tree.h"

#define TREE_DEPTH 64
#define TREE_BYTES_MAX ((size_t)64 * 1024 * 1024)

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* While it parses, libcmark-gfm changes tables that all threads share: whoever ends first takes the special
 * characters of the extensions from those that are still at work. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static void start_library(void) { cmark_gfm_core_extensions_ensure_registered(); }

/* Line ends become \n, a byte order mark goes: the same text has the same version on every system. */
static char *normalised(struct arena *a, const char *source, size_t len, size_t *out_len) {
    if (len >= 3 && memcmp(source, "\xEF\xBB\xBF", 3) == 0) {
        source += 3;
        len -= 3;
    }
    *out_len = len;
    if (!memchr(source, '\r', len)) return arena_copy(a, source, len);
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (source[i] == '\r') {
            if (i + 1 < len && source[i + 1] == '\n') continue;
            out[n++] = '\n';
        } else out[n++] = source[i];
    }
    *out_len = n;
    return out;
}

static bool check_encoding(const char *file, const char *text, size_t len,
                           struct diag_list *diags) {
    int line = 1, column = 1;
    if (utf8_valid(text, len)) return true;
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length_at(text + i, len - i);
        if (n == 0 || text[i] == '\0') {
            diag_add(diags, SEVERITY_ERROR, file, line, column, "encoding",
                     n ? "there is a NUL character here"
                       : "this is not UTF-8: save the file as UTF-8");
            return false;
        }
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else column++;
        i += n;
    }
    return true;
}

/* The front matter lies between a first line `---` and the next line `---`. */
static bool find_front_matter(const char *text, size_t len, size_t *start, size_t *end,
                              size_t *body) {
    if (len < 4 || memcmp(text, "---\n", 4) != 0) return false;
    *start = 4;
    for (size_t at = 4; at < len;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t line = nl ? (size_t)(nl - text) - at : len - at;
        if (line == 3 && memcmp(text + at, "---", 3) == 0) {
            *end = at;
            *body = at + 3 + (nl != NULL);
            return true;
        }
        if (!nl) break;
        at += line + 1;
    }
    return false;
}

static const char *const callout_kinds[] = {"note", "tip", "warning", "example", "case", NULL};

static cmark_node *take_inlines_until_break(cmark_node *paragraph, struct buf *title) {
    cmark_node *child = cmark_node_first_child(paragraph);
    while (child) {
        cmark_node *next = cmark_node_next(child);
        cmark_node_type type = cmark_node_get_type(child);
        bool end = type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK;
        if (!end) {
            if (cmark_node_get_literal(child)) buf_puts(title, cmark_node_get_literal(child));
            else buf_puts(title, doc_text(title->arena, child));
        }
        cmark_node_unlink(child);
        cmark_node_free(child);
        child = next;
        if (end) break;
    }
    return child;
}

/* `> [!NOTE] Title` becomes a callout: its marker and title leave the tree and hang on the quote. */
static void find_callout(struct doc *d, cmark_node *quote, struct diag_list *diags) {
    cmark_node *paragraph = cmark_node_first_child(quote);
    if (!paragraph || cmark_node_get_type(paragraph) != CMARK_NODE_PARAGRAPH) return;
    cmark_node *first = cmark_node_first_child(paragraph);
    if (!first || cmark_node_get_type(first) != CMARK_NODE_TEXT) return;
    const char *text = cmark_node_get_literal(first), *close = strchr(text, ']');
    if (!str_has_prefix(text, "[!") || !close) return;
    char *name = slug_from(d->arena, arena_copy(d->arena, text + 2, (size_t)(close - text - 2)));
    const char *const *kind = callout_kinds;
    while (*kind && !str_eq(*kind, name)) kind++;
    if (!*kind) {
        diag_add(diags, SEVERITY_ERROR, d->file, doc_line(d, quote), doc_column(d, quote),
                 "callout", "there is no callout “%.20s”; use NOTE, TIP, WARNING, EXAMPLE or CASE",
                 name);
        return;
    }
    struct buf title;
    buf_init(&title, d->arena);
    take_inlines_until_break(paragraph, &title);
    const char *whole = buf_text(&title), *after = strchr(whole, ']');
    struct callout *c = NEW(d->arena, struct callout);
    c->kind = *kind;
    c->title = str_trim(d->arena, after ? after + 1 : "");
    if (!cmark_node_first_child(paragraph)) {
        cmark_node_unlink(paragraph);
        cmark_node_free(paragraph);
    }
    cmark_node_set_user_data(quote, c);
}

static bool prepare_tree(struct doc *d, struct diag_list *diags) {
    cmark_consolidate_text_nodes(d->body);
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    struct quote {
        cmark_node *node;
        struct quote *next;
    } *quotes = NULL;
    int depth = 0, deepest = 0, where = 0;
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *n = cmark_iter_get_node(iter);
        bool leaf = event == CMARK_EVENT_ENTER && !cmark_node_first_child(n) &&
                    cmark_node_get_literal(n);
        if (event == CMARK_EVENT_EXIT) depth--;
        else if (!leaf && ++depth > deepest) {
            deepest = depth;
            where = doc_line(d, n);
        }
        if (leaf) continue;
        if (event == CMARK_EVENT_ENTER && cmark_node_get_type(n) == CMARK_NODE_BLOCK_QUOTE) {
            struct quote *q = NEW(d->arena, struct quote);
            q->node = n;
            q->next = quotes;
            quotes = q;
        }
    }
    if (deepest > TREE_DEPTH) {
        diag_add(diags, SEVERITY_ERROR, d->file, where, 1, "nesting",
                 "this nests more than %d levels deep", TREE_DEPTH);
        return false;
    }
    for (; quotes; quotes = quotes->next) find_callout(d, quotes->node, diags);
    return true;
}

static cmark_node *parse_body(struct arena *tree, const char *text, size_t len) {
    static const char *const extensions[] = {"table", "strikethrough", "tasklist"};
    /* The encoding has been checked: the library need not do it again. */
    cmark_parser *p = cmark_parser_new_with_mem(CMARK_OPT_FOOTNOTES, &tree_memory);
    if (!p) arena_fail(tree);
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        cmark_parser_attach_syntax_extension(p, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(p, text, len);
    cmark_node *root = cmark_parser_finish(p);
    if (!root) arena_fail(tree);
    return root;
}

static void release_tree(void *tree) {
    arena_release(tree);
    free(tree);
}

/* NULL when the tree would be too large. The parser is not freed: all that it had is the tree arena's. */
static cmark_node *parse_guarded(struct doc *d, const char *text, size_t len) {
    struct arena *tree = malloc(sizeof *tree);
    if (!tree) arena_fail(d->arena);
    arena_init(tree, TREE_BYTES_MAX);
    arena_defer(d->arena, release_tree, tree);
    pthread_once(&once, start_library);
    cmark_node *volatile root = NULL;
    struct arena *before = tree_memory_from(tree);
    pthread_mutex_lock(&library);
    if (ARENA_GUARD(tree) == 0) root = parse_body(tree, text, len);
    tree->guarded = false;
    pthread_mutex_unlock(&library);
    tree_memory_from(before);
    /* For what is changed in the tree later: that memory is not the arena's. */
    if (root) arena_defer(d->arena, (void (*)(void *))cmark_node_free, root);
    return root;
}

/* Source, encoding and front matter; `*body` is where the Markdown begins. ERR_INVALID: there is nothing to go on with. */
static enum err parse_head(struct doc *out, const char *file, const char *source, size_t len,
                           struct arena *a, struct diag_list *diags, size_t *body) {
    size_t start = 0, end = 0;
    memset(out, 0, sizeof *out);
    out->arena = a;
    out->file = arena_dup(a, file);
    *body = 0;
    if (len > DOC_MAX_BYTES) {
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "size", "the file is larger than %d MiB",
                 DOC_MAX_BYTES / 1024 / 1024);
        return ERR_LIMIT;
    }
    out->source = normalised(a, source, len, &out->source_len);
    if (!check_encoding(file, out->source, out->source_len, diags)) return ERR_INVALID;
    if (!find_front_matter(out->source, out->source_len, &start, &end, body)) {
        diag_add(
            diags, SEVERITY_ERROR, file, 1, 1, "front-matter",
            "the file must begin with front matter: fields between two lines of three hyphens");
        return OK;
    }
    out->meta = field_parse(file, out->source + start, end - start, 1, a, diags);
    for (const char *p = out->source; p < out->source + *body; p++) out->body_line += *p == '\n';
    if (out->meta && !field_is_map(out->meta)) {
        diag_add(diags, SEVERITY_ERROR, file, 2, 1, "front-matter",
                 "front matter must be fields of the form “name: value”");
        out->meta = NULL;
    }
    return OK;
}

enum err doc_parse(struct doc *out, const char *file, const char *source, size_t len,
                   struct arena *a, struct diag_list *diags) {
    size_t body;
    enum err e = parse_head(out, file, source, len, a, diags, &body);
    if (out->source) out->version = version_of(a, out->source, out->source_len);
    if (e != OK) return e;
    out->body = parse_guarded(out, out->source + body, out->source_len - body);
    if (!out->body) {
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "size",
                 "the file has too much structure for one document: divide it");
        return ERR_LIMIT;
    }
    bool tree = prepare_tree(out, diags);
    return out->meta && tree ? OK : ERR_INVALID;
}

/* The file's text, or NULL with what went wrong. */
static char *read_source(struct doc *out, const char *root, const char *file, struct arena *a,
                         struct diag_list *diags, size_t *len, enum err *e) {
    char *text = file_read(a, arena_printf(a, "%s/%s", root, file), DOC_MAX_BYTES, len);
    if (text) return text;
    *e = errno == EFBIG ? ERR_LIMIT : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (*e == ERR_LIMIT)
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "size", "the file is larger than %d MiB",
                 DOC_MAX_BYTES / 1024 / 1024);
    else
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "unreadable", "the file cannot be read: %s",
                 strerror(errno));
    memset(out, 0, sizeof *out);
    return NULL;
}

enum err doc_load(struct doc *out, const char *root, const char *file, struct arena *a,
                  struct diag_list *diags) {
    size_t len = 0;
    enum err e = OK;
    char *text = read_source(out, root, file, a, diags, &len, &e);
    return text ? doc_parse(out, file, text, len, a, diags) : e;
}

enum err doc_load_meta(struct doc *out, const char *root, const char *file, struct arena *a,
                       struct diag_list *diags) {
    size_t len = 0, body;
    enum err e = OK;
    char *text = read_source(out, root, file, a, diags, &len, &e);
    if (text) e = parse_head(out, file, text, len, a, diags, &body);
    return e == OK && !out->meta ? ERR_INVALID : e;
}

/* ---- The tree -------------------------------------------------------------------------------- */

int doc_line(struct doc *d, cmark_node *n) {
    while (n && cmark_node_get_start_line(n) == 0) n = cmark_node_parent(n);
    return n ? d->body_line + cmark_node_get_start_line(n) : d->body_line + 1;
}

int doc_column(struct doc *d, cmark_node *n) {
    (void)d;
    int column = cmark_node_get_start_column(n);
    return column > 0 ? column : 1;
}

char *doc_text(struct arena *a, cmark_node *n) {
    struct buf b;
    buf_init(&b, a);
    cmark_iter *iter = cmark_iter_new(n);
    arena_defer(a, (void (*)(void *))cmark_iter_free, iter);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *at = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(at);
        if (event == CMARK_EVENT_ENTER) {
            if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE ||
                type == CMARK_NODE_CODE_BLOCK || type == CMARK_NODE_HTML_INLINE ||
                type == CMARK_NODE_HTML_BLOCK)
                buf_puts(&b, cmark_node_get_literal(at));
            else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
                buf_putc(&b, ' ');
        } else if (at != n && (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING ||
                               tree_is(at, "table_cell")))
            buf_putc(&b, '\n');
    }
    return str_trim(a, buf_text(&b));
}

bool tree_is(cmark_node *n, const char *type) {
    return str_eq(cmark_node_get_type_string(n), type);
}

bool doc_is_task_list(cmark_node *list) {
    if (!list || cmark_node_get_type(list) != CMARK_NODE_LIST) return false;
    cmark_node *item = cmark_node_first_child(list);
    if (!item) return false;
    for (; item; item = cmark_node_next(item))
        if (!tree_is(item, "tasklist")) return false;
    return true;
}

bool doc_task_checked(cmark_node *item) {
    return cmark_gfm_extensions_get_tasklist_item_checked(item);
}
