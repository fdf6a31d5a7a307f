/* Reads where requests begin and end: a state machine over the grammar of RFC 9112, a byte at a
 * time, and bodies in one step. */
#include "http/framing.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define EXTENSION_BYTES 1024 /* of a chunk; no known client sends any */
#define LENGTH_FIGURES 18    /* fits 64 bits */
#define CHUNK_FIGURES 15
#define BLANK_LINES 2 /* section 2.2: some clients send one after a form */

enum state {
    START, /* between requests */
    BLANK_LF,
    METHOD,
    TARGET,
    VERSION,
    LINE_LF,
    FIELD, /* the first byte of a line */
    NAME,
    VALUE,
    VALUE_LF,
    HEAD_LF,
    BODY,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_LF,
    CHUNK_DATA,
    DATA_CR,
    DATA_LF,
};

static bool is_token(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* The fault for a control character where a line should end or go on. */
static enum framing_fault fault_of(unsigned char c) {
    return c == '\n' || c == '\r' ? FRAMING_LINE_END : FRAMING_CONTROL;
}

static bool is_control(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

static enum framing_fault expect_lf(struct framing *f, unsigned char c, enum state next) {
    if (c != '\n') return FRAMING_LINE_END;
    f->state = (unsigned char)next;
    f->at = 0;
    return FRAMING_FINE;
}

static void request_over(struct framing *f) { *f = (struct framing){.received = f->received}; }

/* ---- The first line -------------------------------------------------------------------------- */

static enum framing_fault read_start(struct framing *f, unsigned char c) {
    if (c == '\r') {
        f->state = BLANK_LF;
        return ++f->blank_lines > BLANK_LINES ? FRAMING_START_LINE : FRAMING_FINE;
    }
    if (!is_token(c)) return is_control(c) ? fault_of(c) : FRAMING_START_LINE;
    f->state = METHOD;
    return FRAMING_FINE;
}

static enum framing_fault read_method(struct framing *f, unsigned char c) {
    if (is_token(c)) return FRAMING_FINE;
    if (c != ' ') return is_control(c) ? fault_of(c) : FRAMING_START_LINE;
    f->state = TARGET;
    f->at = 0;
    return FRAMING_FINE;
}

static enum framing_fault read_target(struct framing *f, unsigned char c) {
    if (is_control(c)) return fault_of(c);
    if (c != ' ' && c != '\t') {
        f->at++;
        return FRAMING_FINE;
    }
    if (c == '\t' || f->at == 0) return FRAMING_START_LINE;
    f->state = VERSION;
    f->at = 0;
    return FRAMING_FINE;
}

static enum framing_fault read_version(struct framing *f, unsigned char c) {
    static const char form[] = "HTTP/#.#";
    if (f->at == sizeof form - 1) {
        if (c != '\r') return is_control(c) ? fault_of(c) : FRAMING_START_LINE;
        f->state = LINE_LF;
        if (f->value[0] != '1') return FRAMING_VERSION;
        f->http_1_0 = memcmp(f->value, "1.0", 3) == 0;
        return FRAMING_FINE;
    }
    char want = form[f->at];
    if (want == '#' ? c < '0' || c > '9' : c != (unsigned char)want)
        return is_control(c) ? fault_of(c) : FRAMING_START_LINE;
    if (f->at >= 5) f->value[f->at - 5] = (char)c;
    f->at++;
    return FRAMING_FINE;
}

/* ---- Fields ---------------------------------------------------------------------------------- */

static enum framing_fault read_field(struct framing *f, unsigned char c) {
    f->name_len = f->value_len = 0;
    if (c == '\r') f->state = HEAD_LF;
    else if (c == ' ' || c == '\t') return FRAMING_FOLD;
    else if (!is_token(c)) return is_control(c) ? fault_of(c) : FRAMING_NAME;
    else {
        f->state = NAME;
        f->name[f->name_len++] = (char)c;
    }
    return FRAMING_FINE;
}

static bool field_is(const struct framing *f, const char *name) {
    return f->name_len == strlen(name) && strncasecmp(f->name, name, f->name_len) == 0;
}

static enum framing_fault read_name(struct framing *f, unsigned char c) {
    if (c == ':') {
        f->state = VALUE;
        f->cookie = field_is(f, "Cookie");
        return FRAMING_FINE;
    }
    if (!is_token(c)) return is_control(c) ? fault_of(c) : FRAMING_NAME;
    if (f->name_len < sizeof f->name) f->name[f->name_len] = (char)c;
    f->name_len++;
    return FRAMING_FINE;
}

static enum framing_fault read_value(struct framing *f, unsigned char c) {
    if (c == '\r') {
        f->state = VALUE_LF;
        return FRAMING_FINE;
    }
    if (is_control(c)) return fault_of(c);
    if (f->value_len == 0 && (c == ' ' || c == '\t')) return FRAMING_FINE;
    if (f->value_len < sizeof f->value) f->value[f->value_len] = (char)c;
    f->value_len++;
    return FRAMING_FINE;
}

static enum framing_fault take_length(struct framing *f) {
    if (f->lengths || f->trailer || f->value_len == 0 || f->value_len > LENGTH_FIGURES)
        return FRAMING_LENGTH;
    f->lengths = 1;
    f->length = 0;
    for (size_t i = 0; i < f->value_len; i++) {
        if (f->value[i] < '0' || f->value[i] > '9') return FRAMING_LENGTH;
        f->length = f->length * 10 + (uint64_t)(f->value[i] - '0');
    }
    return FRAMING_FINE;
}

static enum framing_fault field_over(struct framing *f, unsigned char c) {
    enum framing_fault fault = expect_lf(f, c, FIELD);
    if (fault) return fault;
    /* RULE frame-exact: blanks behind a value are no part of it (RFC 9112, section 5), but the
     * library leaves them there: "chunked " is no coding that it knows, and it waits for a body
     * that has come. Where the two could disagree on where a request ends, it is refused. */
    if (field_is(f, "Content-Length")) return take_length(f);
    if (field_is(f, "Host") && !f->trailer) return f->hosts++ ? FRAMING_HOST : FRAMING_FINE;
    if (!field_is(f, "Transfer-Encoding")) return FRAMING_FINE;
    bool chunked = f->value_len == 7 && strncasecmp(f->value, "chunked", 7) == 0;
    return f->codings++ || f->trailer || !chunked ? FRAMING_CODING : FRAMING_FINE;
}

static enum framing_fault head_over(struct framing *f, unsigned char c) {
    enum framing_fault fault = expect_lf(f, c, f->codings ? CHUNK_SIZE : BODY);
    if (fault) return fault;
    if (f->trailer) {
        request_over(f);
        return FRAMING_FINE;
    }
    if (!f->hosts && !f->http_1_0) return FRAMING_HOST;
    if (f->codings && (f->lengths || f->http_1_0)) return FRAMING_CODING;
    f->left = f->codings ? 0 : f->length;
    if (!f->codings && f->left == 0) request_over(f);
    return FRAMING_FINE;
}

/* ---- Chunks ---------------------------------------------------------------------------------- */

static enum framing_fault read_chunk_size(struct framing *f, unsigned char c) {
    int digit = hex_digit((char)c);
    if (digit >= 0) {
        if (f->at++ == 0) f->left = 0;
        f->left = f->left * 16 + (uint64_t)digit;
        return f->at > CHUNK_FIGURES ? FRAMING_CHUNK : FRAMING_FINE;
    }
    if (c == '\n') return FRAMING_LINE_END;
    if (f->at == 0 || (c != '\r' && c != ';')) return FRAMING_CHUNK;
    f->state = c == '\r' ? CHUNK_LF : CHUNK_EXTENSION;
    f->at = 0;
    return FRAMING_FINE;
}

static enum framing_fault read_chunk_extension(struct framing *f, unsigned char c) {
    if (c == '\r') f->state = CHUNK_LF;
    else if (is_control(c)) return fault_of(c);
    return ++f->at > EXTENSION_BYTES ? FRAMING_CHUNK : FRAMING_FINE;
}

static enum framing_fault chunk_line_over(struct framing *f, unsigned char c) {
    f->trailer = f->left == 0;
    return expect_lf(f, c, f->trailer ? FIELD : CHUNK_DATA);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static enum framing_fault read_byte(struct framing *f, unsigned char c) {
    switch ((enum state)f->state) {
    case START: return read_start(f, c);
    case BLANK_LF: return expect_lf(f, c, START);
    case METHOD: return read_method(f, c);
    case TARGET: return read_target(f, c);
    case VERSION: return read_version(f, c);
    case LINE_LF: return expect_lf(f, c, FIELD);
    case FIELD: return read_field(f, c);
    case NAME: return read_name(f, c);
    case VALUE: return read_value(f, c);
    case VALUE_LF: return field_over(f, c);
    case HEAD_LF: return head_over(f, c);
    case CHUNK_SIZE: return read_chunk_size(f, c);
    case CHUNK_EXTENSION: return read_chunk_extension(f, c);
    case CHUNK_LF: return chunk_line_over(f, c);
    case DATA_CR: f->state = DATA_LF; return c == '\r' ? FRAMING_FINE : FRAMING_CHUNK;
    case DATA_LF: return expect_lf(f, c, CHUNK_SIZE);
    case BODY:
    case CHUNK_DATA: break; /* framing_read takes these in one step */
    }
    return FRAMING_FINE;
}

/* Skips as much of the body or chunk as is there. */
static size_t skip_data(struct framing *f, size_t there) {
    size_t n = f->left < there ? (size_t)f->left : there;
    f->left -= n;
    if (f->left) return n;
    if (f->state == BODY) request_over(f);
    else f->state = DATA_CR;
    return n;
}

/* Charges the memory that this byte of a head takes in the library; `before` is the state in which
 * it was read. */
static void charge(struct framing *f, enum state before, unsigned char c) {
    size_t extra = 0;
    if (before == TARGET && (c == '?' || c == '&')) extra = HEAD_ENTRY;
    if (before == FIELD && c != '\r') extra = HEAD_ENTRY;
    if (before == NAME && f->state == VALUE && f->cookie) extra = HEAD_ENTRY;
    if (before == VALUE && f->cookie) extra = c == ';' || c == ',' ? HEAD_ENTRY + 1 : 1;
    f->cost += 1 + extra;
    f->extra += extra;
}

static bool too_large(const struct framing *f) {
    return f->cost > HEAD_LIMIT || f->extra > HEAD_EXTRA_LIMIT;
}

/* Fast path for long targets and values, in which only control characters and blanks matter. */
static size_t skip_plain(struct framing *f, const unsigned char *p, size_t there) {
    size_t n = 0;
    if (f->state == TARGET) {
        for (; n < there && p[n] > ' ' && p[n] != 0x7f && !too_large(f); n++)
            charge(f, TARGET, p[n]);
        f->at += n;
    } else if (f->state == VALUE && f->value_len >= sizeof f->value) {
        for (; n < there && p[n] >= ' ' && p[n] != 0x7f && !too_large(f); n++)
            charge(f, VALUE, p[n]);
        f->value_len += n;
    }
    return n;
}

size_t framing_read(struct framing *f, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    size_t whole = 0, at = 0;
    while (at < len && !f->fault) {
        enum framing_phase before = framing_phase(f);
        size_t n;
        if (f->state == BODY || f->state == CHUNK_DATA) n = skip_data(f, len - at);
        else if ((n = skip_plain(f, p + at, len - at)) == 0) {
            enum state state = (enum state)f->state;
            f->fault = read_byte(f, p[at]);
            if (state <= HEAD_LF) charge(f, state, p[at]);
            n = 1;
        }
        if (!f->fault && too_large(f))
            f->fault = f->state <= LINE_LF ? FRAMING_LONG : FRAMING_LARGE;
        at += n;
        f->received += n;
        if (f->fault) return whole;
        if (framing_phase(f) != FRAMING_BETWEEN) f->body += before == FRAMING_BODY ? n : 0;
        else if (before != FRAMING_BETWEEN) whole = at;
    }
    return f->fault ? 0 : len;
}

enum framing_phase framing_phase(const struct framing *f) {
    if (f->state == START || f->state == BLANK_LF) return FRAMING_BETWEEN;
    return f->state < BODY && !f->trailer ? FRAMING_HEAD : FRAMING_BODY;
}
