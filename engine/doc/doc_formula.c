/* Formulas that cannot be drawn: found here, so that an author hears of them before a learner does.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "doc/doc_math.h"

#define DEPTH_MAX 64

/* The Makefile tells that this object depends on the file. */
__asm__(".section .rodata\n"
        ".global math_names, math_names_bytes\n"
        "math_names:\n"
        ".incbin \"engine/doc/math_names.txt\"\n"
        "1: .balign 8\n"
        "math_names_bytes: .quad 1b - math_names\n"
        ".previous\n");
extern const char math_names[];
extern const size_t math_names_bytes;

struct tex {
    const char *at;
    struct arena *arena;
    struct part {  /* what is open */
        char kind; /* '{', 'l' for \left, 'e' for an environment */
        const char *name;
        size_t len;
    } parts[DEPTH_MAX];
    size_t depth;
    bool own_commands; /* it defines commands: then an unknown one is no problem */
    bool chemistry;    /* it uses \ce or \pu, in whose notation a ^ may stand alone */
    const char *doubt; /* an unknown command, or one without its arguments; NULL: none yet */
};

static int compare(const char *line, const char *name, size_t len) {
    size_t n = strcspn(line, " \n");
    int order = memcmp(line, name, n < len ? n : len);
    return order ? order : (n > len) - (n < len);
}

/* The line of math_names.txt for this name; NULL when there is none. The file is sorted by bytes,
 * and its last line ends with a line end. */
static const char *known(const char *name, size_t len) {
    const char *from = math_names, *to = from + math_names_bytes;
    while (from < to) {
        const char *line = from + (to - from) / 2;
        while (line > from && line[-1] != '\n') line--;
        int order = compare(line, name, len);
        if (order == 0) return line;
        if (order > 0) to = line;
        else from = line + strcspn(line, "\n") + 1;
    }
    return NULL;
}

static bool is(const char *name, size_t len, const char *word) {
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

static bool makes_commands(const char *name, size_t len) {
    static const char *const makers[] = {"\\def",          "\\gdef",          "\\edef",
                                         "\\xdef",         "\\let",           "\\newcommand",
                                         "\\renewcommand", "\\providecommand"};
    for (size_t i = 0; i < COUNT_OF(makers); i++)
        if (is(name, len, makers[i])) return true;
    return false;
}

/* False when more is open than there is room for. */
static bool open_part(struct tex *t, char kind, const char *name, size_t len) {
    if (t->depth == DEPTH_MAX) return false;
    t->parts[t->depth++] = (struct part){kind, name, len};
    return true;
}

static const char *missing(struct tex *t) {
    const struct part *p = &t->parts[t->depth - 1];
    if (p->kind == '{') return "a { is never closed with }";
    if (p->kind == 'l') return "a \\left has no \\right";
    return arena_printf(t->arena, "\\begin{%.*s} has no \\end{%.*s}", (int)p->len, p->name,
                        (int)p->len, p->name);
}

static const char *close_part(struct tex *t, char kind, const char *name, size_t len) {
    if (t->depth) {
        const struct part *p = &t->parts[t->depth - 1];
        if (p->kind != kind || p->len != len || (len && memcmp(p->name, name, len) != 0))
            return missing(t);
        t->depth--;
        return NULL;
    }
    if (kind == '{') return "a } has no { before it";
    if (kind == 'l') return "a \\right has no \\left before it";
    return arena_printf(t->arena, "\\end{%.*s} has no \\begin{%.*s} before it", (int)len, name,
                        (int)len, name);
}

/* `{name}` behind \begin or \end. NULL: there is none. */
static const char *environment(struct tex *t, size_t *len) {
    const char *p = t->at + strspn(t->at, " \n");
    *len = *p == '{' ? strcspn(p + 1, "{}\\\n") : 0;
    if (*len == 0 || p[1 + *len] != '}') return NULL;
    t->at = p + *len + 2;
    return p + 1;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *p) {
    for (;; p += strcspn(p, "\n")) {
        p += strspn(p, " \t\n");
        if (*p != '%') return p;
    }
}

/* The place after the sign that closes the group at `p`; NULL when there is none within
 * ARGUMENT_BYTES. */
#define ARGUMENT_BYTES 4096
static const char *skip_group(const char *p, char closes) {
    const char *end = p + strnlen(p, ARGUMENT_BYTES);
    for (int depth = 0; ++p < end;) {
        if (depth == 0 && *p == closes) return p + 1;
        if (*p == '\\' && p[1]) p++;
        else if (*p == '{') depth++;
        else if (*p == '}' && --depth < 0) return NULL;
    }
    return NULL;
}

static bool ends_group(const char *p) {
    return !*p || strchr("}&^_", *p) ||
           (str_has_prefix(p, "\\end") && !isalpha((unsigned char)p[4])) ||
           (str_has_prefix(p, "\\right") && !isalpha((unsigned char)p[6]));
}

/* The place after one argument, which is a group, a command or a character. */
static const char *skip_argument(const char *p) {
    if (*p == '{') return skip_group(p, '}');
    if (*p != '\\') return p + 1;
    size_t len = 1;
    while (isalpha((unsigned char)p[len])) len++;
    return p + (len > 1 ? len : 1 + (p[1] != '\0'));
}

/* NULL when the command of this line has as many arguments as it needs, else a sentence. */
static const char *missing_argument(struct tex *t, const char *line, int name_len) {
    const char *needs = line + name_len, *p = skip_blanks(t->at);
    if (*needs != ' ') return NULL;
    bool brackets = needs[1] == '[';
    int count = needs[1 + brackets] - '0';
    if (brackets && *p == '[') p = skip_group(p, ']');
    for (int i = 0; p && i < count; i++) {
        p = skip_blanks(p);
        if (ends_group(p))
            return arena_printf(t->arena,
                                count == 1 ? "%.*s needs {…} behind it"
                                           : "%.*s needs %d times {…} behind it, and has %d",
                                name_len, line, count, i);
        p = skip_argument(p);
    }
    return NULL;
}

static const char *missing_script(struct tex *t) {
    const char *p = skip_blanks(t->at + 1);
    if (t->chemistry || (*p && !strchr("}&", *p))) return NULL;
    return arena_printf(t->arena, "nothing stands behind %c", *t->at);
}

/* Reads a command, and says what is wrong with it. `*stop` becomes true when too much is open. */
static const char *command(struct tex *t, bool *stop) {
    const char *name = t->at;
    size_t len = 1, inner;
    while (isalpha((unsigned char)name[len])) len++;
    t->at += len > 1 ? len : 1 + (name[1] != '\0');
    if (len == 1) return NULL;
    bool begins = is(name, len, "\\begin");
    if (begins || is(name, len, "\\end")) {
        const char *which = environment(t, &inner);
        if (!which) return "behind \\begin and \\end stands a name in braces";
        if (!begins) return close_part(t, 'e', which, inner);
        if (!known(which, inner))
            return arena_printf(t->arena, "there is no environment “%.*s”", (int)inner, which);
        *stop = !open_part(t, 'e', which, inner);
        return NULL;
    }
    if (is(name, len, "\\left")) *stop = !open_part(t, 'l', NULL, 0);
    if (is(name, len, "\\right")) return close_part(t, 'l', NULL, 0);
    t->own_commands = t->own_commands || makes_commands(name, len);
    if (t->doubt) return NULL;
    const char *line = known(name, len);
    t->doubt = line ? missing_argument(t, line, (int)len)
                    : arena_printf(t->arena, "there is no command “%.*s”", (int)len, name);
    return NULL;
}

const char *math_problem(struct arena *a, const char *tex) {
    struct tex t = {.at = tex, .arena = a, .chemistry = strstr(tex, "\\ce") || strstr(tex, "\\pu")};
    const char *problem = NULL;
    for (bool stop = false; *t.at && !problem && !stop;) {
        if (*t.at == '\\') problem = command(&t, &stop);
        else if (*t.at == '%') t.at += strcspn(t.at, "\n");
        else {
            if (*t.at == '{') stop = !open_part(&t, '{', NULL, 0);
            else if (*t.at == '}') problem = close_part(&t, '{', NULL, 0);
            else if ((*t.at == '^' || *t.at == '_') && !t.doubt) t.doubt = missing_script(&t);
            t.at++;
        }
        if (stop) t.depth = 0;
    }
    if (problem) return problem;
    if (t.depth) return missing(&t);
    return t.own_commands ? NULL : t.doubt;
}

/* ---- The formulas of a document
 * -------------------------------------------------------------------- */

struct reader {
    struct doc *doc;
    struct diag_list *diags;
    struct buf tex;
    cmark_node *start; /* where the formula that is read begins; NULL: none */
};

static void check(struct reader *k, const char *tex) {
    size_t len = strlen(tex);
    bool github = len >= 2 && tex[0] == '`' && tex[len - 1] == '`';
    const char *problem = math_problem(k->doc->arena,
                                       github ? arena_copy(k->doc->arena, tex + 1, len - 2) : tex);
    if (problem)
        diag_add(k->diags, SEVERITY_ERROR, k->doc->file, doc_line(k->doc, k->start),
                 doc_column(k->doc, k->start), "formula",
                 "this formula cannot be drawn, and is shown as it is written: %s", problem);
}

static void read_text(struct reader *k, cmark_node *n) {
    for (const char *p = cmark_node_get_literal(n); *p; p++) {
        bool opens = *p == MATH_OPEN || *p == MATH_BLOCK_OPEN,
             closes = *p == MATH_CLOSE || *p == MATH_BLOCK_CLOSE;
        if (opens && !k->start) {
            k->start = n;
            buf_init(&k->tex, k->doc->arena);
        } else if (closes && k->start) {
            check(k, buf_text(&k->tex));
            k->start = NULL;
        } else if (!opens && !closes && k->start) buf_putc(&k->tex, *p);
    }
}

void math_check(struct doc *d, struct diag_list *diags) {
    struct reader k = {.doc = d, .diags = diags};
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(n);
        const char *info = type == CMARK_NODE_CODE_BLOCK ? cmark_node_get_fence_info(n) : NULL;
        if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING) k.start = NULL;
        else if (event != CMARK_EVENT_ENTER) continue;
        else if (type == CMARK_NODE_TEXT) read_text(&k, n);
        else if (k.start && (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK))
            buf_putc(&k.tex, '\n');
        else if (info && str_eq(info, "math")) {
            k.start = n;
            check(&k, cmark_node_get_literal(n));
            k.start = NULL;
        }
    }
}
