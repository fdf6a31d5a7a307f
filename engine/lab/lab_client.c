/* The server's end of a worker. */
#include "lab/lab_client.h"

#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "base/json.h"
#include "lab/sandbox/wire.h"

static enum err ask(struct worker *w, unsigned operation, const void *payload, size_t len,
                    struct arena *a, char **answer, size_t *answer_len) {
    unsigned got;
    if (w->fd < 0) return ERR_IO;
    if (!wire_send(w->fd, operation, payload, len) ||
        !wire_receive(w->fd, &got, answer, answer_len, a, CLIENT_DEADLINE_MS)) {
        worker_end(w);
        return ERR_IO;
    }
    return got == WIRE_FINE ? OK : ERR_INVALID;
}

enum err client_start(struct worker *w, struct zygote *z, const char *pack, size_t pack_len,
                      const char *choice, uint64_t seed, const unsigned char *image,
                      size_t image_len, struct arena *a, const char **why) {
    struct buf b;
    char *answer = NULL;
    size_t len;
    *w = (struct worker){-1, -1};
    *why = "No worker could be started for this lab.";
    enum err e = zygote_spawn(z, w);
    if (e) return e;
    buf_init(&b, a);
    buf_printf(&b, "%s\n%lld\n", choice, (long long)seed);
    buf_add(&b, pack, pack_len);
    e = ask(w, WIRE_BOOT, buf_text(&b), b.len, a, &answer, &len);
    if (!e && image) e = ask(w, WIRE_LOAD, image, image_len, a, &answer, &len);
    else if (!e) e = ask(w, WIRE_SEED, "", 0, a, &answer, &len);
    if (e == ERR_INVALID && answer) *why = answer;
    if (e) worker_end(w);
    return e;
}

/* A worker runs what learners wrote: what it says of an answer is believed only as far as it can do no harm. */
static bool printable(const char *text, size_t max) {
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e) return false;
    return n > 0 && n <= max;
}

/* Headers of a dialect say how much of a limit is left; none of them may speak for the academy. */
static bool harmless_header(const char *name, const char *value) {
    static const char *const ours[] = {
        "set-cookie",        "location",       "content-security-policy",
        "content-type",      "content-length", "content-encoding",
        "transfer-encoding", "connection",     "access-control-allow-origin"};
    if (!printable(name, 100) || !printable(value, 1000) || strpbrk(name, " :()<>@,;\\\"/[]?={}"))
        return false;
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcasecmp(name, ours[i]) == 0) return false;
    return true;
}

enum err client_step(struct worker *w, const char *action, struct arena *a,
                     struct lab_answer *out) {
    char *answer = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    enum err e = ask(w, WIRE_STEP, action, strlen(action), a, &answer, &len);
    if (e) return e;
    size_t head = strlen(answer);
    const char *why;
    json_t *meta = json_read(a, answer, head, &why);
    if (!meta || head >= len) {
        worker_end(w);
        return ERR_IO;
    }
    out->status = (int)json_integer_value(json_object_get(meta, "status"));
    out->type = json_string_value(json_object_get(meta, "type"));
    out->now_ms = json_integer_value(json_object_get(meta, "now_ms"));
    out->step = json_integer_value(json_object_get(meta, "step"));
    out->refused = json_is_true(json_object_get(meta, "refused"));
    out->body = answer + head + 1;
    out->body_len = len - head - 1;
    out->sha = sha256_hex(a, answer, len);
    bool believed = out->status >= 200 && out->status <= 599 && printable(out->type, 100);
    json_t *headers = json_object_get(meta, "headers"), *pair;
    size_t i;
    json_array_foreach (headers, i, pair) {
        if (i == COUNT_OF(out->headers)) break;
        const char *name = json_string_value(json_array_get(pair, 0)),
                   *value = json_string_value(json_array_get(pair, 1));
        believed = believed && harmless_header(name, value);
        out->headers[out->header_count].name = name;
        out->headers[out->header_count++].value = value;
    }
    if (believed) return OK;
    worker_end(w);
    return ERR_IO;
}

enum err client_view(struct worker *w, const char *question, struct arena *a, const char **answer,
                     size_t *len) {
    char *text = NULL;
    enum err e = ask(w, WIRE_VIEW, question, strlen(question), a, &text, len);
    *answer = text;
    return e;
}

enum err client_hash(struct worker *w, struct arena *a, const char **hash) {
    char *text = NULL;
    size_t len;
    enum err e = ask(w, WIRE_HASH, "", 0, a, &text, &len);
    *hash = text;
    return e;
}

enum err client_save(struct worker *w, struct arena *a, const unsigned char **image, size_t *len) {
    char *text = NULL;
    enum err e = ask(w, WIRE_SAVE, "", 0, a, &text, len);
    *image = (unsigned char *)text;
    return e;
}
