/* Reading HTTP/1.1 answers (RFC 9112 sections 6 and 7). */
#include "bench/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNK_LINE_LIMIT 128

void reply_reset(struct reply *r) {
    r->state = REPLY_HEAD;
    r->status = 0;
    r->closes = false;
    r->body_len = 0;
    r->why = NULL;
    r->head_len = 0;
    r->left = 0;
    r->line_len = 0;
}

static void broken(struct reply *r, const char *why) {
    r->state = REPLY_BROKEN;
    r->why = why;
}

const char *reply_header(const struct reply *r, const char *name, int nth, char *out, size_t cap) {
    size_t name_len = strlen(name);
    const char *line = strstr(r->head, "\r\n");
    while (line && line[2] && line[2] != '\r') {
        line += 2;
        const char *end = strstr(line, "\r\n");
        if (!end) return NULL;
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':' && nth-- == 0) {
            const char *value = line + name_len + 1;
            while (value < end && (*value == ' ' || *value == '\t')) value++;
            snprintf(out, cap, "%.*s", (int)(end - value), value);
            return out;
        }
        line = end;
    }
    return NULL;
}

static void read_head(struct reply *r) {
    char value[128];
    r->head[r->head_len] = '\0';
    if (strncmp(r->head, "HTTP/1.1 ", 9) != 0) {
        broken(r, "no HTTP/1.1 status line");
        return;
    }
    r->status = atoi(r->head + 9);
    if (reply_header(r, "Connection", 0, value, sizeof value))
        r->closes = strcasecmp(value, "close") == 0;
    if (r->status == 204 || r->status == 304) {
        r->state = REPLY_DONE;
    } else if (reply_header(r, "Content-Length", 0, value, sizeof value)) {
        char *end;
        r->left = strtoull(value, &end, 10);
        if (*end || end == value) broken(r, "Content-Length is no number");
        else r->state = r->left ? REPLY_LENGTH : REPLY_DONE;
    } else if (reply_header(r, "Transfer-Encoding", 0, value, sizeof value) &&
               strcasecmp(value, "chunked") == 0) {
        r->state = REPLY_CHUNK_SIZE;
    } else {
        broken(r, "neither Content-Length nor chunked");
    }
}

/* The head may be cut anywhere by the network, also inside its last CR LF CR LF. */
static size_t feed_head(struct reply *r, const char *bytes, size_t len) {
    size_t room = REPLY_HEAD_LIMIT - r->head_len, n = len < room ? len : room;
    size_t from = r->head_len < 3 ? 0 : r->head_len - 3;
    memcpy(r->head + r->head_len, bytes, n);
    const char *end = memmem(r->head + from, r->head_len + n - from, "\r\n\r\n", 4);
    if (!end) {
        r->head_len += n;
        if (r->head_len == REPLY_HEAD_LIMIT) broken(r, "a head of more than 16 KiB");
        return n;
    }
    size_t head_len = (size_t)(end - r->head) + 4, used = head_len - r->head_len;
    r->head_len = head_len;
    read_head(r);
    return used;
}

static size_t feed_body(struct reply *r, const char *bytes, size_t len) {
    size_t n = len < r->left ? len : (size_t)r->left;
    if (r->sink) r->sink(r->context, bytes, n);
    r->body_len += n;
    r->left -= n;
    if (!r->left) r->state = r->state == REPLY_LENGTH ? REPLY_DONE : REPLY_CHUNK_END;
    return n;
}

static void chunk_size_digit(struct reply *r, char c) {
    static const char digits[] = "0123456789abcdef";
    const char *digit = c ? strchr(digits, c | (c >= 'A' ? 0x20 : 0)) : NULL;
    if (!digit || r->line_len > 8) broken(r, "a chunk's size is no number");
    else r->left = r->left * 16 + (uint64_t)(digit - digits);
}

/* One byte of the lines around chunks. */
static void feed_chunk_line(struct reply *r, char c) {
    if (r->line_len > CHUNK_LINE_LIMIT) {
        broken(r, "a chunk's line without end");
        return;
    }
    if (c == '\r') return;
    switch (r->state) {
    case REPLY_CHUNK_SIZE:
        if (c == '\n') {
            if (r->line_len == 0) broken(r, "a chunk without a size");
            else r->state = r->left ? REPLY_CHUNK : REPLY_TRAILER;
            r->line_len = 0;
        } else {
            chunk_size_digit(r, c);
            r->line_len++;
        }
        break;
    case REPLY_CHUNK_END:
        if (c == '\n') r->state = REPLY_CHUNK_SIZE;
        else broken(r, "a chunk is longer than it said");
        break;
    default: /* the trailer ends with an empty line */
        if (c != '\n') r->line_len++;
        else if (r->line_len == 0) r->state = REPLY_DONE;
        else r->line_len = 0;
    }
}

size_t reply_feed(struct reply *r, const char *bytes, size_t len) {
    size_t used = 0;
    while (used < len && r->state != REPLY_DONE && r->state != REPLY_BROKEN) {
        if (r->state == REPLY_HEAD) used += feed_head(r, bytes + used, len - used);
        else if (r->state == REPLY_LENGTH || r->state == REPLY_CHUNK)
            used += feed_body(r, bytes + used, len - used);
        else feed_chunk_line(r, bytes[used++]);
    }
    return used;
}
