/* From a file's bytes to front matter and a syntax tree. */
#include <cmark-gfm-core-extensions.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_bound.h"
#include "doc/doc_comment.h"
#include "doc/doc_definitions.h"
#include "doc/doc_math.h"
#include "doc/doc_memory.h"
#include "doc/doc_tree.h"
#include "doc/doc_yaml.h"

/* RULE nesting: what lies deeper is refused; what follows one another does not nest. */
#define TREE_DEPTH 64
#define COMMENTS_MAX 20 /* unclosed comments of one file that are closed for its author */
#define PIECE 512       /* bytes that are given to the parser at once, and the rest of their line */
#define TREE_BYTES_MAX ((size_t)64 * 1024 * 1024)

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* libcmark-gfm parses one text at a time: it registers the extensions' special characters in tables
 * that all threads share, and the parse that ends first would unregister them for the others. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static void start_library(void) { cmark_gfm_core_extensions_ensure_registered(); }

/* Line ends become \n and a byte order mark is removed, so that the same text has the same version
 * on every system. */
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
            diag_hide_file(diags);
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

/* Whether the line is three hyphens, with only blanks after them. */
static bool is_marker(const char *line, size_t len) {
    return len >= 3 && memcmp(line, "---", 3) == 0 && strspn(line + 3, " \t") >= len - 3;
}

/* The front matter lies between a first line `---` and the next line `---`. */
static bool find_front_matter(const char *text, size_t len, size_t *start, size_t *end,
                              size_t *body) {
    const char *first = memchr(text, '\n', len);
    if (!first || !is_marker(text, (size_t)(first - text))) return false;
    *start = (size_t)(first - text) + 1;
    for (size_t at = *start; at < len;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t line = nl ? (size_t)(nl - text) - at : len - at;
        if (is_marker(text + at, line)) {
            *end = at;
            *body = at + line + (nl != NULL);
            return true;
        }
        if (!nl) break;
        at += line + 1;
    }
    return false;
}

static const char *const callout_kinds[] = {"note",    "tip",     "warning", "important",
                                            "caution", "example", "case",    NULL};

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

/* `> [!NOTE] Title` becomes a callout: its marker and title are taken out of the tree and become
 * user data of the quote. */
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
                 "callout",
                 "there is no callout “%.20s”; use NOTE, TIP, IMPORTANT, WARNING, CAUTION, EXAMPLE "
                 "or CASE",
                 name);
        return;
    }
    struct buf title;
    buf_init(&title, d->arena);
    take_inlines_until_break(paragraph, &title);
    const char *whole = buf_text(&title), *after = strchr(whole, ']');
    struct callout *c = NEW(d->arena, struct callout);
    c->kind = *kind;
    char *said = str_trim(d->arena, after ? after + 1 : "");
    math_show(said, true);
    c->title = said;
    if (!cmark_node_first_child(paragraph)) {
        cmark_node_unlink(paragraph);
        cmark_node_free(paragraph);
    }
    cmark_node_set_user_data(quote, c);
}

/* The node after `n` in the order of the text, and how many levels lie between it and `top`. The
 * depth cannot be counted by the iterator's events: for some leaves there are two EXIT events, for
 * others none. */
static cmark_node *next_node(cmark_node *n, const cmark_node *top, int *depth) {
    cmark_node *child = cmark_node_first_child(n);
    if (child) {
        ++*depth;
        return child;
    }
    for (; n && n != top; n = cmark_node_parent(n), --*depth)
        if (cmark_node_next(n)) return cmark_node_next(n);
    return NULL;
}

char task_open[1], task_done[1];
static char task_none[1];

/* The library looks for a task's box at the start of a line, and finds none behind the mark of a
 * quote. */
static void find_task(struct doc *d, cmark_node *item) {
    cmark_node *paragraph = cmark_node_first_child(item),
               *text = paragraph ? cmark_node_first_child(paragraph) : NULL;
    if (tree_is(item, "tasklist") || cmark_node_get_type(paragraph) != CMARK_NODE_PARAGRAPH ||
        !text || cmark_node_get_type(text) != CMARK_NODE_TEXT)
        return;
    const char *t = cmark_node_get_literal(text);
    bool done = str_has_prefix(t, "[x] ") || str_has_prefix(t, "[X] ");
    if (!done && !str_has_prefix(t, "[ ] ")) return;
    cmark_node_set_literal(text, arena_dup(d->arena, t + 4));
    cmark_node_set_user_data(item, done ? task_done : task_open);
}

bool tree_task(cmark_node *item, bool *done) {
    const void *mark = cmark_node_get_user_data(item);
    bool listed = tree_is(item, "tasklist");
    if (mark == task_none) return false;
    *done = listed ? doc_task_checked(item) : mark == task_done;
    return listed || mark == task_open || mark == task_done;
}

static bool prepare_tree(struct doc *d, bool math, struct diag_list *diags) {
    struct quote {
        cmark_node *node;
        struct quote *next;
    } *quotes = NULL, **last = &quotes;
    int depth = 0;
    cmark_consolidate_text_nodes(d->body);
    for (cmark_node *n = d->body; n; n = next_node(n, d->body, &depth)) {
        if (depth > TREE_DEPTH) {
            diag_add(diags, SEVERITY_ERROR, d->file, doc_line(d, n), doc_column(d, n), "nesting",
                     "this nests more than %d levels deep", TREE_DEPTH);
            diag_hide_file(diags);
            return false;
        }
        /* The literal is the node's own copy: what a formula hid comes back in place. */
        if (math)
            math_show((char *)cmark_node_get_literal(n), cmark_node_get_type(n) != CMARK_NODE_TEXT);
        if (cmark_node_get_type(n) == CMARK_NODE_ITEM) find_task(d, n);
        if (cmark_node_get_type(n) != CMARK_NODE_BLOCK_QUOTE) continue;
        struct quote *q = NEW(d->arena, struct quote);
        q->node = n;
        *last = q;
        last = &q->next;
    }
    for (; quotes; quotes = quotes->next) find_callout(d, quotes->node, diags);
    return true;
}

static cmark_node *parse_body(struct arena *tree, const char *text, size_t len) {
    static const char *const extensions[] = {"table", "strikethrough", "tasklist", "autolink"};
    /* The encoding has been checked: the library need not do it again. */
    cmark_parser *p = cmark_parser_new_with_mem(CMARK_OPT_FOOTNOTES, &bounded_memory);
    if (!p) arena_starve(tree);
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        cmark_parser_attach_syntax_extension(p, cmark_find_syntax_extension(extensions[i]));
    /* The text is fed in pieces of whole lines, so that the time can be checked between them: where
     * lists nest deeply a line takes long and asks for no memory. */
    for (size_t at = 0, n; at < len; at += n) {
        const char *nl = len - at > PIECE ? memchr(text + at + PIECE, '\n', len - at - PIECE)
                                          : NULL;
        n = nl ? (size_t)(nl - text) + 1 - at : len - at;
        cmark_parser_feed(p, text + at, n);
        bound_check();
    }
    cmark_node *root = cmark_parser_finish(p);
    if (!root) arena_starve(tree);
    return root;
}

static void release_tree(void *tree) {
    arena_release(tree);
    free(tree);
}

/* NULL when the tree would be too large, or take too long (`*slow`). The parser is not freed: all
 * that it had is the tree arena's. */
static cmark_node *parse_guarded(struct doc *d, const char *text, size_t len, bool *slow) {
    struct arena *tree = malloc(sizeof *tree);
    if (!tree) arena_starve(d->arena);
    arena_init(tree, TREE_BYTES_MAX);
    arena_defer(d->arena, release_tree, tree);
    pthread_once(&once, start_library);
    cmark_node *volatile root = NULL;
    struct arena *before = tree_memory_from(tree);
    pthread_mutex_lock(&library);
    bound_begin(tree, len);
    if (ARENA_GUARD(tree) == 0) root = parse_body(tree, text, len);
    *slow = bound_end();
    tree->guarded = false;
    pthread_mutex_unlock(&library);
    tree_memory_from(before);
    if (!root && tree->starved) arena_starve(d->arena); /* memory is short: the text may be fine */
    /* Changes of the tree are made later, in memory that is not the arena's. */
    if (root) arena_defer(d->arena, (void (*)(void *))cmark_node_free, root);
    return root;
}

/* Parses the body, and once more when it has definition lists (doc_definitions.h). */
static cmark_node *parse_body_of(struct doc *d, char *text, size_t len, bool *slow) {
    cmark_node *body = parse_guarded(d, text, len, slow);
    if (!body || !definitions_possible(text, len)) return body;
    struct definitions *s = definitions_begin(d->arena, body, text, len);
    if (!s) return body;
    do body = parse_guarded(d, text, len, slow);
    while (body && !definitions_settle(s, body));
    return body;
}

/* Source, encoding and front matter; `*body` is where the Markdown begins. ERR_INVALID: there is
 * nothing to go on with. */
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
        diag_hide_file(diags);
        return ERR_LIMIT;
    }
    out->source = normalised(a, source, len, &out->source_len);
    if (!check_encoding(file, out->source, out->source_len, diags)) return ERR_INVALID;
    if (!find_front_matter(out->source, out->source_len, &start, &end, body)) {
        yaml_explain_missing(file, out->source, diags);
        diag_hide_file(diags);
        return OK;
    }
    out->meta = field_parse(file, out->source + start, end - start, 1, a, diags);
    for (const char *p = out->source; p < out->source + *body; p++) out->body_line += *p == '\n';
    if (out->meta && !field_is_map(out->meta)) {
        diag_add(diags, SEVERITY_ERROR, file, 2, 1, "front-matter",
                 "front matter must be fields of the form “name: value”");
        out->meta = NULL;
    }
    if (!out->meta) diag_hide_file(diags);
    return OK;
}

enum err doc_parse(struct doc *out, const char *file, const char *source, size_t len,
                   struct arena *a, struct diag_list *diags) {
    size_t body;
    enum err e = parse_head(out, file, source, len, a, diags, &body);
    if (out->source) out->version = version_of(a, out->source, out->source_len);
    if (e != OK) return e;
    bool slow = false;
    size_t body_len = out->source_len - body;
    int crowded = bound_links(out->source + body, body_len);
    if (crowded) {
        diag_add(diags, SEVERITY_ERROR, file, out->body_line + crowded, 1, "too-slow",
                 "this line has too many “@” or “)” without a space between them: divide it");
        diag_hide_file(diags);
        return ERR_LIMIT;
    }
    char *plain = arena_copy(a, out->source + body, body_len);
    bool math = false;
    for (int open = 0;; open++) {
        char *text = arena_copy(a, plain, body_len);
        math = math_hide(text, body_len);
        out->body = parse_body_of(out, text, body_len, &slow);
        if (!out->body || open == COMMENTS_MAX ||
            !comment_close(out, out->body, plain, body_len, diags))
            break;
    }
    if (!out->body && slow)
        diag_add(
            diags, SEVERITY_ERROR, file,
            out->body_line + bound_longest_block(out->source + body, out->source_len - body), 1,
            "too-slow",
            "this text takes too long to read; look here first: divide this table or paragraph");
    else if (!out->body)
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "size",
                 "the file has too much structure for one document: divide it");
    if (!out->body) {
        diag_hide_file(diags);
        return ERR_LIMIT;
    }
    bool tree = prepare_tree(out, math, diags);
    if (math || strstr(plain, "math\n")) math_check(out, diags);
    return out->meta && tree ? OK : ERR_INVALID;
}

/* The file's text, or NULL with what went wrong. */
static char *read_source(struct doc *out, const char *root, const char *file, struct arena *a,
                         struct diag_list *diags, size_t *len, enum err *e) {
    char *text = file_read(a, arena_printf(a, "%s/%s", root, file), DOC_MAX_BYTES, len);
    if (text) return text;
    if (errno_is_shortage(errno)) arena_starve(a);
    *e = errno == EFBIG ? ERR_LIMIT : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (*e == ERR_LIMIT)
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "size", "the file is larger than %d MiB",
                 DOC_MAX_BYTES / 1024 / 1024);
    else
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "unreadable", "the file cannot be read: %s",
                 strerror(errno));
    diag_hide_file(diags);
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

/* The text that a reader sees of a piece of HTML: without tags and comments. */
static void put_html_text(struct arena *a, const char *html, struct buf *out) {
    struct html_token t;
    if (!html_known(a, html)) buf_puts(out, html);
    else
        while (html_next(a, &html, &t))
            if (t.kind == HTML_TEXT) buf_add(out, t.start, t.len);
            else if (t.kind == HTML_OPEN && t.element->place != HTML_INLINE) buf_putc(out, ' ');
}

bool doc_bare_link(struct arena *a, cmark_node *link) {
    const char *url = cmark_node_get_url(link), *text = doc_text(a, link);
    if (!url || !*text) return false;
    return str_eq(url, text) || str_eq(url, arena_printf(a, "http://%s", text)) ||
           str_eq(url, arena_printf(a, "mailto:%s", text));
}

bool doc_is_reserved_email(struct arena *a, cmark_node *link) {
    static const char *const reserved[] = {"example",     "invalid",     "localhost",  "test",
                                           "example.com", "example.net", "example.org"};
    const char *url = cmark_node_get_url(link);
    if (!url || strncasecmp(url, "mailto:", 7) != 0) return false;
    const char *host = strrchr(url, '@');
    size_t len = host ? strlen(++host) : 0;
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        size_t n = strlen(reserved[i]);
        bool ends = len >= n && strcasecmp(host + len - n, reserved[i]) == 0;
        if (ends && (len == n || host[len - n - 1] == '.')) return doc_bare_link(a, link);
    }
    return false;
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
            if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK)
                buf_puts(&b, cmark_node_get_literal(at));
            else if (type == CMARK_NODE_HTML_INLINE || type == CMARK_NODE_HTML_BLOCK)
                put_html_text(a, cmark_node_get_literal(at), &b);
            else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
                buf_putc(&b, ' ');
        } else if (at != n && (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING ||
                               tree_is(at, "table_cell")))
            buf_putc(&b, '\n');
    }
    char *text = str_trim(a, buf_text(&b));
    math_show(text, true);
    return text;
}

bool tree_is(cmark_node *n, const char *type) {
    return str_eq(cmark_node_get_type_string(n), type);
}

bool doc_is_definitions(cmark_node *list) {
    return cmark_node_get_user_data(list) == definition_list;
}

bool doc_is_task_list(cmark_node *list) {
    if (!list || cmark_node_get_type(list) != CMARK_NODE_LIST || doc_is_definitions(list))
        return false;
    cmark_node *item = cmark_node_first_child(list);
    if (!item) return false;
    for (; item; item = cmark_node_next(item))
        if (!tree_is(item, "tasklist")) return false;
    return true;
}

bool doc_task_checked(cmark_node *item) {
    return cmark_gfm_extensions_get_tasklist_item_checked(item);
}

bool doc_task_misspelt(cmark_node *item) {
    cmark_node *paragraph = cmark_node_first_child(item),
               *first = paragraph ? cmark_node_first_child(paragraph) : NULL;
    if (tree_is(item, "tasklist") || !first || cmark_node_get_type(first) != CMARK_NODE_TEXT)
        return false;
    const char *text = cmark_node_get_literal(first);
    if (*text != '[') return false;
    size_t inside = strspn(text + 1, " xX*vV+");
    return inside <= 3 && text[1 + inside] == ']';
}

void doc_unmark_tasks(struct arena *a, cmark_node *list) {
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        if (doc_task_misspelt(item)) {
            cmark_node *text = cmark_node_first_child(cmark_node_first_child(item));
            const char *said = strchr(cmark_node_get_literal(text), ']') + 1;
            cmark_node_set_literal(text, arena_dup(a, said + strspn(said, " ")));
        }
        cmark_node_set_user_data(item, task_none);
    }
}
