/* Finding the credential in a PDF that somebody gives: one pass over the bytes, and nothing of the
 * document is believed or followed. An attachment is a stream, and a stream's dictionary stands
 * right before it (ISO 32000-1, 7.3.8), so no cross-reference table, page tree or object stream
 * needs to be read: what a hostile file could do to a reader of those, it cannot do here. Time is
 * linear in the length; memory is one attachment. */
#include <string.h>
#include <zlib.h>

#include "base/text.h"
#include "cert/cert_paper.h"

#define ATTACHMENT_MAX ((size_t)1 << 20)
#define ATTACHMENTS_MAX 16 /* unpacked at most: each may be a decompression bomb */
#define LENGTH_DIGITS 9
#define NO_LENGTH SIZE_MAX

struct scan {
    const unsigned char *at, *end;
};

struct token {
    const unsigned char *text;
    size_t len;
};

/* What a stream's dictionary says that matters here. */
struct stream_dict {
    bool embedded, flate, other_filter;
    size_t length; /* NO_LENGTH: not said, or in another object */
};

static bool is_white(unsigned char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

static bool is_delimiter(unsigned char c) { return c && strchr("()<>[]{}/%", c); }

static void skip_white(struct scan *s) {
    while (s->at < s->end && (is_white(*s->at) || *s->at == '%')) {
        if (*s->at == '%')
            while (s->at < s->end && *s->at != '\n' && *s->at != '\r') s->at++;
        else s->at++;
    }
}

static bool skip_text(struct scan *s, const char *text) {
    size_t n = strlen(text);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, text, n) != 0) return false;
    s->at += n;
    return true;
}

/* Behind "(": strings nest. */
static void skip_string(struct scan *s) {
    for (int depth = 1; s->at < s->end && depth; s->at++) {
        if (*s->at == '(') depth++;
        else if (*s->at == ')') depth--;
        else if (*s->at == '\\' && s->at + 1 < s->end) s->at++;
    }
}

/* A token: its first byte says its kind; "<<" and ">>" come as they stand, strings as "(" or "<".
 * Empty at the end. */
static struct token next_token(struct scan *s) {
    skip_white(s);
    struct token t = {s->at, 0};
    if (s->at == s->end) return t;
    if (skip_text(s, "<<") || skip_text(s, ">>")) {
        t.len = 2;
        return t;
    }
    unsigned char first = *s->at++;
    t.len = 1;
    if (first == '(') skip_string(s);
    if (first == '<')
        while (s->at < s->end && *s->at++ != '>')
            ;
    if (is_delimiter(first) && first != '/') return t;
    while (s->at < s->end && !is_white(*s->at) && !is_delimiter(*s->at)) s->at++;
    t.len = (size_t)(s->at - t.text);
    return t;
}

static bool token_is(struct token t, const char *text) {
    return t.len == strlen(text) && memcmp(t.text, text, t.len) == 0;
}

static size_t read_length(struct token t) {
    size_t value = 0;
    if (t.len > LENGTH_DIGITS) return NO_LENGTH;
    for (size_t i = 0; i < t.len; i++) {
        if (t.text[i] < '0' || t.text[i] > '9') return NO_LENGTH;
        value = value * 10 + (size_t)(t.text[i] - '0');
    }
    return value;
}

/* One value of `key`, or one name in its list. */
static void note_value(struct stream_dict *d, struct token key, struct token value) {
    if (token_is(key, "/Type")) d->embedded = token_is(value, "/EmbeddedFile");
    if (token_is(key, "/Length")) d->length = read_length(value);
    if (!token_is(key, "/Filter") || value.text[0] != '/') return;
    if (token_is(value, "/FlateDecode") && !d->flate) d->flate = true;
    else d->other_filter = true;
}

/* A whole dictionary. Wherever this stops, the search goes on from there, so that no byte is read
 * twice. */
static bool read_dict(struct scan *s, struct stream_dict *d) {
    struct token key = {0}, t = next_token(s);
    int depth = 1;
    bool valued = true; /* the key has its value */
    *d = (struct stream_dict){.length = NO_LENGTH};
    if (!token_is(t, "<<")) return false;
    while (depth) {
        t = next_token(s);
        if (!t.len) return false;
        bool name = t.text[0] == '/', opens = token_is(t, "<<") || token_is(t, "["),
             closes = token_is(t, ">>") || token_is(t, "]");
        if (opens) depth++;
        else if (closes && --depth == 1) valued = true;
        else if (depth == 2 && name && !valued && token_is(key, "/Filter")) note_value(d, key, t);
        if (depth != 1 || opens || closes) continue;
        if (name && valued) {
            key = t;
            valued = false;
        } else if (!valued) {
            note_value(d, key, t);
            valued = true;
        } else if (token_is(key, "/Length")) { /* "12 0 R": the number was another object's */
            d->length = NO_LENGTH;
        }
    }
    return true;
}

/* The bytes of the stream that begins here, as they stand; the search goes on behind them. */
static struct token read_stream(struct scan *s, const struct stream_dict *d) {
    struct token data = {s->at, (size_t)(s->end - s->at)};
    if (d->length <= data.len) {
        struct scan behind = {s->at + d->length, s->end};
        skip_text(&behind, "\r"); /* no more than an end of line: this looks ahead */
        skip_text(&behind, "\n");
        if (skip_text(&behind, "endstream")) {
            s->at = behind.at;
            data.len = d->length;
            return data;
        }
    }
    const unsigned char *stop = memmem(data.text, data.len, "endstream", strlen("endstream"));
    s->at = stop ? stop : s->end;
    data.len = (size_t)(s->at - data.text);
    if (data.len && data.text[data.len - 1] == '\n') data.len--;
    if (data.len && data.text[data.len - 1] == '\r') data.len--;
    return data;
}

/* Into `room`, which holds ATTACHMENT_MAX bytes; 0 when it is no whole zlib stream, or a longer
 * one. */
static size_t unpack(struct token data, unsigned char *room) {
    z_stream z = {0};
    if (inflateInit(&z) != Z_OK) return 0;
    z.next_in = (unsigned char *)data.text; /* zlib does not write it */
    z.avail_in = (unsigned)data.len;
    z.next_out = room;
    z.avail_out = (unsigned)ATTACHMENT_MAX;
    size_t len = inflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
    inflateEnd(&z);
    return len;
}

static char *read_credential(struct arena *a, const struct stream_dict *d, struct token data,
                             unsigned char **room) {
    if (d->other_filter) return NULL;
    if (d->flate) {
        if (!*room) *room = arena_raw(a, ATTACHMENT_MAX);
        data = (struct token){*room, unpack(data, *room)};
    }
    if (!data.len || data.len > ATTACHMENT_MAX || data.text[0] != '{' ||
        memchr(data.text, '\0', data.len) || !utf8_valid((const char *)data.text, data.len))
        return NULL;
    return arena_copy(a, (const char *)data.text, data.len);
}

char *cert_pdf_credential(struct arena *a, const unsigned char *pdf, size_t len, const char **why) {
    struct scan s = {pdf, pdf + len};
    unsigned char *room = NULL;
    *why = "this is no PDF that can be read";
    if (len > UINT32_MAX || !skip_text(&s, "%PDF-")) return NULL;
    *why = "no credential is attached to this PDF";
    for (int seen = 0; seen < ATTACHMENTS_MAX;) {
        struct stream_dict d;
        const unsigned char *object = memmem(s.at, (size_t)(s.end - s.at), " obj", strlen(" obj"));
        if (!object) break;
        s.at = object + strlen(" obj");
        if (!read_dict(&s, &d)) continue;
        skip_white(&s);
        if (!skip_text(&s, "stream")) continue;
        if (!skip_text(&s, "\r\n")) skip_text(&s, "\n");
        struct token data = read_stream(&s, &d);
        if (!d.embedded) continue;
        char *text = read_credential(a, &d, data, &room);
        if (text) return text;
        seen++;
    }
    return NULL;
}
