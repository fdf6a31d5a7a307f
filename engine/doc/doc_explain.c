/* Why fields cannot be read: looks line by line for the mistakes that people usually make. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "doc/doc_yaml.h"

struct mistake {
    int column; /* 0: none */
    const char *sentence;
};

struct yaml_line {
    const char *start, *end; /* without the line end */
    const char *text;        /* behind blanks and a list's hyphen */
    const char *name_end;    /* the first colon that ends a name, or NULL */
    const char *value;       /* behind it */
};

static struct yaml_line read_line(const char *start) {
    struct yaml_line l = {.start = start, .end = start + strcspn(start, "\n")};
    l.text = start + strspn(start, " \t");
    while (l.text + 1 < l.end && l.text[0] == '-' && l.text[1] == ' ')
        l.text += 1 + strspn(l.text + 1, " ");
    const char *p = l.text;
    while (p < l.end && (isalnum((unsigned char)*p) || *p == '_' || *p == '-')) p++;
    if (p > l.text && p < l.end && *p == ':') {
        l.name_end = p;
        l.value = p + 1 + strspn(p + 1, " ");
    }
    return l;
}

static struct mistake at(const struct yaml_line *l, const char *place, const char *sentence) {
    return (struct mistake){(int)(place - l->start) + 1, sentence};
}

static bool has(const char *from, const char *end, char c) {
    return from < end && memchr(from, c, (size_t)(end - from));
}

/* Characters that have a special meaning in YAML at the beginning of a value. */
static const char signs[] = "@`%&*!";
static const char *const sign_sentences[] = {
    "a value that begins with @ stands in quotes", "a value that begins with ` stands in quotes",
    "a value that begins with % stands in quotes", "a value that begins with & stands in quotes",
    "a value that begins with * stands in quotes", "a value that begins with ! stands in quotes"};

/* What is wrong with how a value is written. */
static struct mistake value_mistake(const struct yaml_line *l, const char *value) {
    char first = value < l->end ? *value : '\0';
    if ((first == '"' || first == '\'') && !has(value + 1, l->end, first))
        return at(l, value, "this quotation mark is never closed");
    if (first == '[' && !has(value, l->end, ']'))
        return at(l, value,
                  "this list is never closed: put ] at its end, or the value into quotes");
    if (first == '{' && !has(value, l->end, '}'))
        return at(l, value,
                  "these fields are never closed: put } at their end, or the value into quotes");
    const char *sign = first ? strchr(signs, first) : NULL;
    if (sign) return at(l, value, sign_sentences[sign - signs]);
    if (first == '"' || first == '\'') {
        const char *close = memchr(value + 1, first, (size_t)(l->end - value - 1));
        if (close + 1 < l->end && strcspn(close + 1, "#") > strspn(close + 1, " ,]}"))
            return at(
                l, close + 1,
                "there is text behind the closing quotation mark: put quotes around all of it");
        return (struct mistake){0, NULL};
    }
    if (!first || strchr("[{|>", first)) return (struct mistake){0, NULL};
    for (const char *p = value; p < l->end; p++)
        if (*p == ':' && (p + 1 == l->end || p[1] == ' '))
            return at(l, p,
                      "a value with a colon in it stands in quotes, as in title: \"Mapping: how it "
                      "works\"");
    return (struct mistake){0, NULL};
}

static struct mistake line_mistake(const char *start, const char *before) {
    struct yaml_line l = read_line(start);
    const char *blanks = start + strspn(start, " ");
    if (*blanks == '\t' && l.text < l.end)
        return at(&l, blanks, "this line begins with a tab: use spaces");
    if (l.text >= l.end || *l.text == '#') return (struct mistake){0, NULL};
    if (l.name_end && l.name_end + 1 < l.end && l.name_end[1] != ' ')
        return at(&l, l.name_end, "a space is missing behind the colon, as in name: value");
    struct mistake m = value_mistake(&l, l.name_end ? l.value : l.text);
    if (m.column) return m;
    struct yaml_line above = read_line(before ? before : start);
    if (before && l.name_end && above.name_end && above.value < above.end &&
        strspn(start, " ") > (size_t)(above.text - above.start))
        return at(&l, l.text, "this line begins with more spaces than the one above it");
    if (!l.name_end && *l.text != '-')
        return at(&l, l.text, "this is no field: a line is written as name: value");
    return m;
}

/* The lines near the place where the library gave up come first, then those before it. */
void yaml_explain(const char *file, const char *yaml, int before, int line, int column,
                  struct diag_list *diags) {
    for (int round = 0; round < 2; round++) {
        const char *p = yaml, *last = NULL;
        for (int i = 1; p && *p && i <= line + 1; i++) {
            struct mistake m = round || i >= line - 1 ? line_mistake(p, last)
                                                      : (struct mistake){0, NULL};
            if (m.column) {
                diag_add(diags, SEVERITY_ERROR, file, before + i, m.column, "front-matter", "%s",
                         m.sentence);
                return;
            }
            last = p;
            p = strchr(p, '\n');
            if (p) p++;
        }
    }
    diag_add(diags, SEVERITY_ERROR, file, before + line, column, "front-matter",
             "the fields cannot be read from here on: each line is name: value, and lines that "
             "belong together begin with the same number of spaces");
}

/* The first line below the opening that is neither a field nor belongs to one. */
static int line_behind_fields(const char *source) {
    int line = 2;
    for (const char *p = strchr(source, '\n'); p && *++p; p = strchr(p, '\n'), line++) {
        struct yaml_line l = read_line(p);
        bool belongs = l.name_end || *p == ' ' || *p == '\t' || *p == '-' || *p == '#';
        if (!belongs) return line;
    }
    return line;
}

void yaml_explain_missing(const char *file, const char *source, struct diag_list *diags) {
    size_t blank = strspn(source, " \t\n"), hyphens = strspn(source + blank, "-");
    int line = 1;
    const char *sentence =
        "the file must begin with front matter: fields between two lines of three hyphens";
    if (hyphens == 3 && blank)
        sentence =
            "the line of three hyphens must be the first of the file, with nothing before it";
    else if (hyphens > 3 || hyphens == 2) sentence = "the first line must be exactly three hyphens";
    else if (hyphens == 3 && strspn(source + 3, " \t") == strcspn(source + 3, "\n")) {
        line = line_behind_fields(source);
        sentence = "the fields are not closed: put a line of three hyphens behind the last of them";
    }
    diag_add(diags, SEVERITY_ERROR, file, line, 1, "front-matter", "%s", sentence);
}
