/* The server's end of a worker. */
#include "lab/lab_client.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "sandbox/wire.h"

static int64_t time_limit_ms(const struct worker *w, unsigned operation) {
    if (w->deadline_ms) return w->deadline_ms;
    return operation <= WIRE_LOAD ? TEMPLATE_BOOT_MS : CLIENT_DEADLINE_MS;
}

static enum err ask_for(struct worker *w, unsigned operation, const void *payload, size_t len,
                        struct arena *a, char **answer, size_t *answer_len, unsigned *said) {
    unsigned got;
    if (w->fd < 0) return ERR_IO;
    int64_t end_ms = clock_monotonic_ms() + time_limit_ms(w, operation);
    /* Anything that a worker sent unasked would be taken for the answer to the next question. */
    if (wire_quiet(w->fd) && wire_send(w->fd, operation, payload, len, end_ms) &&
        wire_receive(w->fd, &got, answer, answer_len,
                     operation == WIRE_SAVE ? WIRE_MAX : CLIENT_ANSWER_BYTES, a, end_ms)) {
        *said = got;
        return OK;
    }
    worker_end(w);
    return clock_monotonic_ms() >= end_ms ? ERR_BUSY : ERR_IO;
}

static enum err ask(struct worker *w, unsigned operation, const void *payload, size_t len,
                    struct arena *a, char **answer, size_t *answer_len) {
    unsigned said;
    enum err e = ask_for(w, operation, payload, len, a, answer, answer_len, &said);
    return e ? e : said == WIRE_FINE ? OK : ERR_INVALID;
}

enum err client_start(struct worker *w, struct zygote *z, const char *pack, size_t pack_len,
                      const char *choice, uint64_t seed, const unsigned char *image,
                      size_t image_len, struct arena *a, const char **why) {
    const struct worker_base base = {pack, pack_len, choice};
    const char *text = arena_printf(a, "%lld", (long long)seed);
    char *answer = NULL;
    size_t len;
    *w = WORKER_NONE;
    *why = "No worker could be started for this lab.";
    enum err e = zygote_spawn(z, &base, a, w, why);
    if (e) return e;
    e = ask(w, WIRE_RUN, text, strlen(text), a, &answer, &len);
    if (!e && image) e = ask(w, WIRE_LOAD, image, image_len, a, &answer, &len);
    else if (!e) e = ask(w, WIRE_SEED, "", 0, a, &answer, &len);
    if (e == ERR_INVALID && answer) *why = answer;
    if (e) worker_end(w);
    return e;
}

/* A worker runs what learners wrote, so its answers are not trusted: whatever could do harm is
 * refused. */
static bool printable(const char *text, size_t max) {
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e) return false;
    return n > 0 && n <= max;
}

/* RULE lab-link: a Link leads to the next page of the same list and nowhere else: `<?…>;
 * rel="next"`. */
static bool leads_on(const char *value) {
    static const char end[] = ">; rel=\"next\"";
    return printable(value, WIRE_LINK_BYTES) && str_has_prefix(value, "<?") &&
           str_has_suffix(value, end) &&
           strcspn(value + 1, "<>,;\" ") == strlen(value) - strlen(end) - 1;
}

/* RULE lab-tag-form: a tag is sixteen hexadecimal digits in quotes. */
static bool is_tag(const char *value) {
    return value && strlen(value) == 18 && value[0] == '"' && value[17] == '"' &&
           strspn(value + 1, "0123456789abcdef") == 16;
}

/* Headers of an answer tell numbers: how much of a limit is left, how long to wait. A few tell
 * something else. Whoever passes one on to a client allows by name (lab_api.c). */
static bool is_number(const char *value) {
    size_t n = value ? strlen(value) : 0;
    return n > 0 && n <= 20 && strspn(value, "0123456789") == n;
}
static bool is_value(const char *name, const char *value) {
    if (str_eq(name, "Link")) return leads_on(value);
    if (str_eq(name, "Allow"))
        return printable(value, 60) &&
               strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ, ") == strlen(value);
    if (str_eq(name, "ETag")) return is_tag(value);
    return is_number(value);
}
static bool is_name(const char *name) {
    return printable(name, 100) && !strpbrk(name, " :()<>@,;\\\"/[]?={}");
}

static enum lab_problem problem_named(const char *name) {
    for (int i = LAB_PROBLEM_NONE + 1; name && i < LAB_PROBLEM_COUNT; i++)
        if (str_eq(lab_problem_names[i], name)) return (enum lab_problem)i;
    return LAB_PROBLEM_NONE;
}

static bool known_type(const char *type) {
    return str_eq(type, "application/json") || str_eq(type, "application/problem+json");
}

/* No worker sends a browser elsewhere; 304 says that a client has the record already. */
static bool known_status(int status) {
    return (status >= 200 && status <= 299) || status == 304 || (status >= 400 && status <= 599);
}

enum err client_step(struct worker *w, const char *action, struct arena *a,
                     struct lab_answer *out) {
    bool more;
    enum err e = client_step_some(w, action, a, out, &more);
    while (!e && more) e = client_step_some(w, NULL, a, out, &more);
    return e;
}

enum err client_step_some(struct worker *w, const char *action, struct arena *a,
                          struct lab_answer *out, bool *more) {
    char *answer = NULL;
    size_t len = 0;
    unsigned said;
    memset(out, 0, sizeof *out);
    *more = false;
    enum err e = ask_for(w, action ? WIRE_STEP : WIRE_GO_ON, action ? action : "",
                         action ? strlen(action) : 0, a, &answer, &len, &said);
    if (e) return e;
    *more = said == WIRE_MORE;
    if (said != WIRE_FINE) return *more ? OK : ERR_INVALID;
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
    out->cut = json_string_value(json_object_get(meta, "cut"));
    if (out->cut && !id_valid(out->cut)) out->cut = NULL;
    out->problem = problem_named(json_string_value(json_object_get(meta, "problem")));
    out->field = json_string_value(json_object_get(meta, "field"));
    out->body = answer + head + 1;
    out->body_len = len - head - 1;
    out->sha = sha256_hex(a, answer, len);
    bool believed = known_status(out->status) && known_type(out->type);
    json_t *headers = json_object_get(meta, "headers"), *pair;
    size_t i;
    json_array_foreach (headers, i, pair) {
        if (i == COUNT_OF(out->headers)) break;
        const char *name = json_string_value(json_array_get(pair, 0)),
                   *value = json_string_value(json_array_get(pair, 1));
        believed = believed && is_name(name) && is_value(name, value);
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

enum err client_effect(struct worker *w, struct arena *a, const char **hash) {
    char *text = NULL;
    size_t len;
    enum err e = ask(w, WIRE_EFFECT, "", 0, a, &text, &len);
    *hash = text;
    return e;
}

enum err client_load(struct worker *w, const unsigned char *image, size_t image_len,
                     struct arena *a) {
    char *answer = NULL;
    size_t len;
    return ask(w, WIRE_LOAD, image, image_len, a, &answer, &len);
}

enum err client_save(struct worker *w, struct arena *a, const unsigned char **image, size_t *len) {
    char *text = NULL;
    enum err e = ask(w, WIRE_SAVE, "", 0, a, &text, len);
    *image = (unsigned char *)text;
    return e;
}
