/* Both ends of the process that draws: what is to be drawn goes in as JSON, a PDF or PNG comes out.
 */
#include "cert/cert_drawer.h"

#include <stdio.h>
#include <string.h>

#include "base/subprocess.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cert/cert.h"
#include "cert/cert_draw.h"

#define DRAW_DEADLINE_MS 15000
#define DRAW_CPU_S 20
#define DRAW_MEMORY ((size_t)1024 * 1024 * 1024)
#define DRAW_OUTPUT_MAX ((size_t)8 * 1024 * 1024)
#define DRAW_INPUT_MAX ((size_t)4 * 1024 * 1024)
#define DRAW_ARENA ((size_t)256 * 1024 * 1024)

static const char *const drawings[] = {[CERT_DRAW_PDF] = "pdf", [CERT_DRAW_PNG] = "png"};

/* Where each text of the paper stands in the JSON, and in the struct. */
static const struct paper_text {
    const char *name;
    size_t offset;
} paper_texts[] = {
#define TEXT(member)                                                                               \
    { #member, offsetof(struct cert_paper, member) }
    TEXT(language),     TEXT(body),        TEXT(heading),
    TEXT(holder),       TEXT(holder_line), TEXT(title),
    TEXT(title_line),   TEXT(scope),       TEXT(number),
    TEXT(number_label), TEXT(facts[0][0]), TEXT(facts[0][1]),
    TEXT(facts[1][0]),  TEXT(facts[1][1]), TEXT(facts[2][0]),
    TEXT(facts[2][1]),  TEXT(signatory),   TEXT(signatory_label),
    TEXT(url),          TEXT(url_line),    TEXT(programme),
    TEXT(level),        TEXT(credential),
#undef TEXT
};

static const char **text_of(struct cert_paper *p, size_t offset) {
    return (const char **)(void *)((char *)p + offset);
}

const char *cert_paper_write(struct arena *a, const struct cert_paper *given,
                             enum cert_drawing what) {
    struct cert_paper p = *given;
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"draw\":\"%s\",\"step\":%d,\"steps\":%d,\"issued_ms\":%lld", drawings[what],
               p.step, p.steps, (long long)p.issued_ms);
    for (size_t i = 0; i < COUNT_OF(paper_texts); i++) {
        const char *text = *text_of(&p, paper_texts[i].offset);
        buf_printf(&b, ",\"%s\":", paper_texts[i].name);
        buf_json(&b, text ? text : "");
    }
    buf_puts(&b, "}");
    return buf_text(&b);
}

bool cert_paper_read(struct arena *a, const char *json, size_t len, struct cert_paper *p,
                     enum cert_drawing *what) {
    const char *why;
    const json_t *root = json_read(a, json, len, &why);
    const char *name = json_string_value(json_object_get(root, "draw"));
    memset(p, 0, sizeof *p);
    if (!str_eq(name, "pdf") && !str_eq(name, "png")) return false;
    *what = str_eq(name, "pdf") ? CERT_DRAW_PDF : CERT_DRAW_PNG;
    p->step = (int)json_integer_value(json_object_get(root, "step"));
    p->steps = (int)json_integer_value(json_object_get(root, "steps"));
    p->issued_ms = json_integer_value(json_object_get(root, "issued_ms"));
    for (size_t i = 0; i < COUNT_OF(paper_texts); i++) {
        const char *text = json_string_value(json_object_get(root, paper_texts[i].name));
        if (!text) return false;
        *text_of(p, paper_texts[i].offset) = text;
    }
    return true;
}

static enum err ask_drawer(struct arena *a, const char *input, char **output, size_t *len,
                           const char **why) {
    static const char *const arguments[] = {"gradus", "draw", NULL};
    const struct subprocess work = {.arguments = arguments,
                                    .input = input,
                                    .input_len = strlen(input),
                                    .output_max = DRAW_OUTPUT_MAX,
                                    .deadline_ms = DRAW_DEADLINE_MS};
    return subprocess_run(&work, a, output, len, why);
}

enum err cert_draw_in_subprocess(struct arena *a, const struct cert_paper *p,
                                 enum cert_drawing what, unsigned char **out, size_t *len) {
    static const char *const signatures[] = {
        [CERT_DRAW_PDF] = "%PDF-", [CERT_DRAW_PNG] = "\x89PNG"};
    const char *why = "";
    char *bytes;
    enum err e = ask_drawer(a, cert_paper_write(a, p, what), &bytes, len, &why);
    if (e == OK && !str_has_prefix(bytes, signatures[what])) {
        why = "it drew something else";
        e = ERR_BUSY;
    }
    *out = (unsigned char *)bytes;
    if (e == OK) return OK;
    if (e == ERR_INVALID) why = *bytes ? bytes : "a library could not draw it";
    log_say(LOG_ERROR, "drawing_failed", "the %s of certificate %s: %s", drawings[what], p->number,
            why);
    return ERR_BUSY;
}

enum err cert_missing_in_subprocess(struct arena *a, const char *name, const char **missing) {
    struct buf b;
    const char *why = "";
    char *answer;
    size_t len;
    buf_init(&b, a);
    buf_puts(&b, "{\"missing\":");
    buf_json(&b, name);
    buf_puts(&b, "}");
    enum err e = ask_drawer(a, buf_text(&b), &answer, &len, &why);
    *missing = answer;
    if (e == OK && utf8_valid(answer, len)) return OK;
    log_say(LOG_ERROR, "drawing_failed", "which characters of a name can be drawn: %s", why);
    return ERR_BUSY;
}

/* The name whose characters are asked for; NULL: something else is. */
static const char *asked_name(struct arena *a, const char *input, size_t len) {
    const char *why;
    return json_string_value(json_object_get(json_read(a, input, len, &why), "missing"));
}

/* The command; its answer is the file, or the missing characters. 1: it cannot be drawn, 2: it was
 * not asked for anything that can be. */
int cert_draw_command(int argc, char **argv) {
    if (argc > 1) {
        bool help = str_eq(argv[1], "--help");
        fputs("usage: gradus draw\n\nServe starts it: draws one certificate, described on standard "
              "input.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    struct arena a;
    struct cert_paper paper;
    enum cert_drawing what;
    unsigned char *bytes = NULL;
    size_t len = 0;
    subprocess_confine(DRAW_CPU_S, DRAW_MEMORY);
    arena_init(&a, DRAW_ARENA);
    const char *input = subprocess_read_input(&a, DRAW_INPUT_MAX, &len), *name = NULL;
    int status = 2;
    if (input && (name = asked_name(&a, input, len)) != NULL) {
        const char *missing = draw_missing(&a, draw_plain(&a, name));
        status = subprocess_write_output(missing, strlen(missing)) ? 0 : 1;
    } else if (input && cert_paper_read(&a, input, len, &paper, &what)) {
        enum err e = (what == CERT_DRAW_PDF ? cert_pdf : cert_png)(&a, &paper, &bytes, &len);
        status = e == OK && subprocess_write_output(bytes, len) ? 0 : 1;
    }
    arena_release(&a);
    return status;
}
