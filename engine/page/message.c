/* Parsing interface texts. They are rendered in mustache_render.c, since parameters are looked up
 * like variables. */
#include "page/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "page/view.h"

struct parser {
    struct arena *arena;
    const char *p;
    const char **why;
    int depth;
    bool in_plural; /* '#' stands for the number */
};

static struct message *parse_parts(struct parser *s);

static struct message *refuse(struct parser *s, const char *sentence) {
    if (!*s->why) *s->why = arena_dup(s->arena, sentence);
    return NULL;
}

static void skip_blanks(struct parser *s) {
    while (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r') s->p++;
}

/* A word of the syntax: letters, digits, '_', '.', '-', ':', '='. */
static const char *word(struct parser *s) {
    skip_blanks(s);
    const char *from = s->p;
    while ((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= 'A' && *s->p <= 'Z') ||
           (*s->p >= '0' && *s->p <= '9') || (*s->p && strchr("_.-:=", *s->p)))
        s->p++;
    const char *w = arena_copy(s->arena, from, (size_t)(s->p - from));
    skip_blanks(s);
    return w;
}

static bool set_path(struct parser *s, struct message_part *part, const char *name) {
    for (const char *p = name;;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || part->path_count == COUNT_OF(part->path)) {
            refuse(s, "a parameter's name is one to four words with dots between them");
            return false;
        }
        part->path[part->path_count++] = (struct message_name){arena_copy(s->arena, p, n),
                                                               name_hash(p, n)};
        if (!p[n]) return true;
        p += n + 1;
    }
}

static bool parse_case(struct parser *s, struct message_part *part, struct message_case ***tail,
                       bool *has_other) {
    const char *selector = word(s);
    bool counts = part->type != PART_SELECT;
    if (counts && str_has_prefix(selector, "offset:") && !part->cases) {
        if (parse_i64(selector + 7, 0, 1000000, &part->offset)) return true;
        refuse(s, "the offset of a plural is a whole number");
        return false;
    }
    struct message_case *c = NEW(s->arena, struct message_case);
    c->selector = selector;
    if (counts && selector[0] == '=') {
        c->exact = true;
        if (!parse_i64(selector + 1, INT64_MIN / 2, INT64_MAX / 2, &c->value)) {
            refuse(s, "after '=' stands a whole number");
            return false;
        }
    }
    if (!*selector || *s->p != '{') {
        refuse(s, "each case is a word and its text in braces");
        return false;
    }
    s->p++;
    bool outer = s->in_plural;
    if (counts) s->in_plural = true;
    c->then = parse_parts(s);
    s->in_plural = outer;
    if (!c->then) return false;
    if (*s->p != '}') {
        refuse(s, "a brace of a case is not closed");
        return false;
    }
    s->p++;
    *has_other |= str_eq(selector, "other");
    **tail = c;
    *tail = &c->next;
    return true;
}

static bool parse_cases(struct parser *s, struct message_part *part) {
    struct message_case **tail = &part->cases;
    bool has_other = false;
    if (*s->p == ',') s->p++;
    for (skip_blanks(s); *s->p && *s->p != '}'; skip_blanks(s))
        if (!parse_case(s, part, &tail, &has_other)) return false;
    if (has_other) return true;
    refuse(s, "a plural or select needs the case \"other\"");
    return false;
}

static struct message_part *parse_argument(struct parser *s) {
    struct message_part *part = NEW(s->arena, struct message_part);
    part->type = PART_VALUE;
    s->p++;
    if (!set_path(s, part, word(s))) return NULL;
    if (*s->p == ',') {
        s->p++;
        const char *kind = word(s);
        if (str_eq(kind, "plain")) part->type = PART_PLAIN;
        else if (str_eq(kind, "plural")) part->type = PART_PLURAL;
        else if (str_eq(kind, "selectordinal")) part->type = PART_ORDINAL;
        else if (str_eq(kind, "select")) part->type = PART_SELECT;
        else if (!str_eq(kind, "number")) {
            refuse(s, "a parameter is number, plain, plural, selectordinal or select");
            return NULL;
        }
        if (part->type >= PART_PLURAL && !parse_cases(s, part)) return NULL;
    }
    if (*s->p != '}') {
        refuse(s, "a parameter's brace is not closed");
        return NULL;
    }
    s->p++;
    return part;
}

/* Text up to a brace (or '#' in a plural), with apostrophes resolved. */
static struct message_part *parse_text(struct parser *s) {
    struct buf b;
    buf_init(&b, s->arena);
    while (*s->p && *s->p != '{' && *s->p != '}' && !(s->in_plural && *s->p == '#')) {
        if (*s->p != '\'') {
            buf_putc(&b, *s->p++);
            continue;
        }
        char next = s->p[1];
        if (next == '\'') {
            buf_putc(&b, '\'');
            s->p += 2;
        } else if (next == '{' || next == '}' || (s->in_plural && next == '#')) {
            for (s->p++; *s->p && *s->p != '\''; s->p++) buf_putc(&b, *s->p);
            if (*s->p) s->p++;
        } else buf_putc(&b, *s->p++); /* an ordinary apostrophe */
    }
    struct message_part *part = NEW(s->arena, struct message_part);
    part->type = PART_TEXT;
    part->text = buf_text(&b);
    part->len = b.len;
    return part;
}

static struct message *parse_parts(struct parser *s) {
    if (++s->depth > MESSAGE_NESTING) return refuse(s, "cases are nested too deeply");
    struct message *m = NEW(s->arena, struct message);
    struct message_part **tail = &m->first;
    while (*s->p && *s->p != '}') {
        struct message_part *part;
        if (*s->p == '{') part = parse_argument(s);
        else if (s->in_plural && *s->p == '#') {
            part = NEW(s->arena, struct message_part);
            part->type = PART_NUMBER_SIGN;
            s->p++;
        } else part = parse_text(s);
        if (!part) return NULL;
        *tail = part;
        tail = &part->next;
    }
    s->depth--;
    return m;
}

struct message *message_parse(struct arena *a, const char *text, const char **why) {
    *why = NULL;
    struct parser s = {.arena = a, .p = text, .why = why};
    struct message *m = parse_parts(&s);
    if (!m) return NULL;
    if (*s.p) return refuse(&s, "a closing brace stands without an opening one");
    m->reported = NEW(a, atomic_bool);
    if (!m->first || (m->first->type == PART_TEXT && !m->first->next)) {
        struct buf b;
        buf_init(&b, a);
        if (m->first) buf_html(&b, m->first->text, m->first->len);
        m->escaped = buf_text(&b);
        m->escaped_len = b.len;
    }
    return m;
}
