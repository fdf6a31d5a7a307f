/* Parsing of forms. */
#include "http/form.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

char *percent_decode(struct arena *a, const char *text, size_t len, bool plus) {
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= len) return NULL;
            int hi = hex_digit(text[i + 1]), lo = hex_digit(text[i + 2]);
            if (hi < 0 || lo < 0) return NULL;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (plus && c == '+') c = ' ';
        out[n++] = c;
    }
    out[n] = '\0';
    return utf8_valid(out, n) ? out : NULL;
}

static enum err append(struct arena *a, struct form *f, struct form_field field, const char **why) {
    if (f->count == FORM_FIELD_LIMIT) {
        *why = "http_form_fields";
        return ERR_LIMIT;
    }
    if (strlen(field.name) > FORM_NAME_LIMIT) {
        *why = "http_form_name_long";
        return ERR_LIMIT;
    }
    f->fields = list_more(a, f->fields, f->count, sizeof *f->fields);
    f->fields[f->count++] = field;
    return OK;
}

enum err form_urlencoded(struct arena *a, const char *text, size_t len, struct form *out,
                         const char **why) {
    for (size_t at = 0; at < len;) {
        const char *amp = memchr(text + at, '&', len - at);
        size_t end = amp ? (size_t)(amp - text) : len;
        if (end > at) {
            const char *eq = memchr(text + at, '=', end - at);
            size_t name_end = eq ? (size_t)(eq - text) : end;
            struct form_field field = {0};
            field.name = percent_decode(a, text + at, name_end - at, true);
            field.value = eq ? percent_decode(a, eq + 1, end - name_end - 1, true) : "";
            if (!field.name || !field.value) {
                *why = "http_form_not_text";
                return ERR_INVALID;
            }
            field.len = strlen(field.value);
            enum err e = append(a, out, field, why);
            if (e != OK) return e;
        }
        at = end + 1;
    }
    return OK;
}

/* A parameter of a header value such as `form-data; name="x"; filename="y"`. Arena. */
static char *header_parameter(struct arena *a, const char *value, size_t len, const char *name) {
    size_t name_len = strlen(name);
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (value[i] == '"') quoted = !quoted;
        else if (quoted && value[i] == '\\') i++;
        if (quoted || value[i] != ';') continue;
        size_t at = i + 1;
        while (at < len && (value[at] == ' ' || value[at] == '\t')) at++;
        if (len - at <= name_len || strncasecmp(value + at, name, name_len) != 0 ||
            value[at + name_len] != '=')
            continue;
        at += name_len + 1;
        char *out = arena_alloc(a, len - at + 1);
        size_t n = 0;
        if (at < len && value[at] == '"') {
            for (at++; at < len && value[at] != '"'; at++) {
                if (value[at] == '\\' && at + 1 < len &&
                    (value[at + 1] == '"' || value[at + 1] == '\\'))
                    at++;
                out[n++] = value[at];
            }
            if (at >= len) return NULL;
        } else {
            for (; at < len && value[at] != ';' && value[at] != ' '; at++) out[n++] = value[at];
        }
        return utf8_valid(out, n) ? out : NULL;
    }
    return NULL;
}

static const char *find(const char *in, size_t len, const char *what, size_t what_len) {
    return memmem(in, len, what, what_len);
}

/* One part, from the end of its boundary line to the next boundary. */
static enum err part(struct arena *a, const char *text, size_t len, struct form *out,
                     const char **why) {
    const char *blank = find(text, len, "\r\n\r\n", 4);
    struct form_field field = {0};
    if (!blank) goto broken;
    size_t head = (size_t)(blank - text);
    for (const char *line = text; line < blank;) {
        const char *end = find(line, (size_t)(blank - line), "\r\n", 2);
        size_t n = end ? (size_t)(end - line) : (size_t)(blank - line);
        static const char disposition[] = "content-disposition:";
        if (n > sizeof disposition - 1 &&
            strncasecmp(line, disposition, sizeof disposition - 1) == 0) {
            field.name = header_parameter(a, line, n, "name");
            const char *filename = header_parameter(a, line, n, "filename");
            if (filename) {
                for (const char *p = filename; *p; p++)
                    if (*p == '/' || *p == '\\') filename = p + 1;
                field.filename = filename;
            }
        }
        line += n + 2;
    }
    if (!field.name) goto broken;
    field.len = len - head - 4;
    field.value = arena_copy(a, blank + 4, field.len);
    if (!field.filename && !utf8_valid(field.value, field.len)) goto broken;
    return append(a, out, field, why);
broken:
    *why = "http_form_part_broken";
    return ERR_INVALID;
}

enum err form_multipart(struct arena *a, const char *content_type, const char *body, size_t len,
                        struct form *out, const char **why) {
    *why = "http_form_incomplete";
    char *boundary = header_parameter(a, content_type, strlen(content_type), "boundary");
    if (!boundary || !*boundary || strlen(boundary) > 70)
        return ERR_INVALID; /* RFC 2046 section 5.1.1 */
    char *mark = arena_printf(a, "\r\n--%s", boundary);
    size_t mark_len = strlen(mark);
    /* The first boundary may stand at the very start, without the line end before it. */
    const char *at = body, *end = body + len;
    if (len < mark_len - 2 || memcmp(at, mark + 2, mark_len - 2) != 0) {
        at = find(body, len, mark, mark_len);
        if (!at) return ERR_INVALID;
        at += mark_len;
    } else at += mark_len - 2;
    for (;;) {
        if (end - at >= 2 && at[0] == '-' && at[1] == '-') return OK;
        while (at < end && (*at == ' ' || *at == '\t')) at++;
        if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return ERR_INVALID;
        at += 2;
        const char *next = find(at, (size_t)(end - at), mark, mark_len);
        if (!next) return ERR_INVALID;
        enum err e = part(a, at, (size_t)(next - at), out, why);
        if (e != OK) return e;
        at = next + mark_len;
    }
}

const char *form_repeated(const struct form *f) {
    for (size_t i = 1; i < f->count; i++) {
        if (str_has_suffix(f->fields[i].name, "[]")) continue;
        for (size_t j = 0; j < i; j++)
            if (str_eq(f->fields[i].name, f->fields[j].name)) return f->fields[i].name;
    }
    return NULL;
}
