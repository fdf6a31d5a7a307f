/* Whole requests of people who are signed in, through the real server: accepting, reading,
 * dispatching, handlers, the writer, lab workers, pages. On a demo academy in a folder of its own,
 * with an exam that runs and a lab run that the learner has begun. An input is
 *
 *     WHO METHOD ADDRESS          who: L learner, I instructor, S assessor, A admin, G guest
 *     header lines
 *                                 an empty line
 *     body
 *
 * $R, $T, $C, $P, $N in address, headers and body stand for the run, the attempt, a case, a person
 * and a certificate. Session, token, length and end of the connection are added. The server must
 * answer, within ten seconds, and not with "went wrong on our side".  run: timeout 600 */
#include "fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "lab/lab.h"
#include "server/demo.h"
#include "server/server.h"

/* A server keeps much on its threads, and fontconfig on each that drew: the request tests look for
 * leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

#define ANSWER_BYTES ((size_t)8 << 20)
#define ANSWER_S 10
#define LAB "field-mapping-dedupe"

static struct who {
    char letter;
    const char *login;
    char cookie[128], csrf[256];
} people[] = {{'L', "eleni", "", ""},
              {'I', "instructor", "", ""},
              {'S', "assessor", "", ""},
              {'A', "admin", "", ""},
              {'G', NULL, "", ""}};

static struct place {
    char mark;
    char text[128];
} places[] = {{'R', ""}, {'T', ""}, {'C', ""}, {'P', ""}, {'N', ""}};

static struct app app;
static struct http *server;
static char folder[64];
static char *answer; /* the last one, NUL-terminated */

/* ---- A client -------------------------------------------------------------------------------- */

static _Noreturn void give_up(const char *what, const char *request, size_t len) {
    fprintf(stderr, "fuzz_requests: %s\n%.*s\n---\n%.2000s\n", what, (int)(len < 4000 ? len : 4000),
            request, answer);
    BUG("a request was not answered well");
}

/* Returns the status, or 0 when the connection was closed without an answer. */
static int ask(const char *request, size_t len) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = ANSWER_S};
    size_t there = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    answer[0] = '\0';
    BUG_IF(fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, request + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0) break; /* refused before its end */
        sent += (size_t)n;
    }
    for (;;) {
        ssize_t n = read(fd, answer + there, ANSWER_BYTES - 1 - there);
        if (n < 0 && errno == EINTR) continue; /* the fuzzer's own clock */
        if (n < 0 && there == 0 && errno == EAGAIN) give_up("no answer", request, len);
        if (n <= 0) break;
        there += (size_t)n;
    }
    close(fd);
    answer[there] = '\0';
    if (!str_has_prefix(answer, "HTTP/1.1 ")) return 0;
    return (int)strtol(answer + 9, NULL, 10);
}

/* What stands between `before` and `after` in the last answer. */
static bool cut_out(const char *before, const char *after, char *out, size_t room) {
    const char *at = strstr(answer, before);
    if (!at) return false;
    at += strlen(before);
    size_t len = strcspn(at, after);
    if (len == 0 || len >= room) return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

static void get(struct arena *a, const struct who *w, const char *path) {
    const char *request = arena_printf(
        a, "GET %s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\nConnection: close\r\n\r\n", path,
        w->cookie);
    if (ask(request, strlen(request)) != 200)
        give_up("a page of the beginning", request, strlen(request));
}

static bool post(struct arena *a, const struct who *w, const char *path, const char *body) {
    const char *request = arena_printf(
        a,
        "POST %s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\nX-CSRF-Token: %s\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
        path, w->cookie, w->csrf, strlen(body), body);
    return ask(request, strlen(request)) == 303;
}

static const char token_mark[] = "name=\"csrf\" value=\"";

/* By the real form; the guest only takes its token. False when that is refused: an input may have
 * guessed at passwords. */
static bool sign_in(struct arena *a, struct who *w) {
    w->cookie[0] = '\0';
    get(a, w, "/login");
    char guest[96];
    BUG_IF(!cut_out("gradus_guest=", ";\r\n", guest, sizeof guest) ||
           !cut_out(token_mark, "\"", w->csrf, sizeof w->csrf));
    snprintf(w->cookie, sizeof w->cookie, "gradus_guest=%s", guest);
    if (!w->login) return true;
    if (!post(a, w, "/login", arena_printf(a, "login=%s&password=" DEMO_PASSWORD, w->login)))
        return false;
    char session[96];
    BUG_IF(!cut_out("gradus=", ";\r\n", session, sizeof session));
    snprintf(w->cookie, sizeof w->cookie, "gradus=%s", session);
    get(a, w, "/me");
    BUG_IF(!cut_out(token_mark, "\"", w->csrf, sizeof w->csrf));
    return true;
}

/* ---- The academy ---------------------------------------------------------------------------- */

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "fuzz_requests: %s stays\n", folder);
}

static void fill_academy(void) {
    static char words[][8] = {"demo", "--data", "--root", "."};
    char *argv[] = {words[0], words[1], folder, words[2], words[3], NULL};
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/gradus-fuzz-XXXXXX"
                                                 : "/tmp/gradus-fuzz-XXXXXX");
    BUG_IF(!mkdtemp(folder));
    atexit(remove_folder);
    BUG_IF(demo_command(5, argv) != 0);
}

static void serve(struct zygote *z, struct arena *a) {
    static struct http_options options;
    const char *why = NULL;
    app = (struct app){.root = ".", .data = folder, .demo = true};
    BUG_IF(site_open(&app.site, app.root, a, &why) != OK);
    app.store = open_store(a, folder, false);
    BUG_IF(!app.store);
    if ((why = academy_open(&app, z, 0, a))) fprintf(stderr, "fuzz_requests: %s\n", why);
    BUG_IF(why != NULL);
    options = (struct http_options){.listen = "127.0.0.1", .threads = 2, .connection_limit = 200};
    server_options(&options);
    BUG_IF(http_start(&server, &app, &options, a, &why) != OK);
}

/* What the inputs' marks stand for. */
static void find_places(struct arena *a) {
    const struct who *learner = &people[0], *assessor = &people[2], *admin = &people[3];
    BUG_IF(!post(a, learner, "/labs/" LAB "/runs", "dialect_crm=boreal&dialect_map=heron") ||
           !cut_out("Location: /runs/", "?#\r\n", places[0].text, sizeof places[0].text));
    get(a, learner, "/");
    BUG_IF(!cut_out("/attempts/", "\"/?#", places[1].text, sizeof places[1].text));
    get(a, assessor, "/assess");
    BUG_IF(!cut_out("/assess/cases/", "\"/?#", places[2].text, sizeof places[2].text));
    get(a, admin, "/admin/people");
    BUG_IF(!cut_out("/admin/people/", "\"/?#", places[3].text, sizeof places[3].text));
    get(a, assessor, "/assess/certificates");
    BUG_IF(!cut_out("/certificates/GR-", "\"/?#", places[4].text + 3, sizeof places[4].text - 3));
    memcpy(places[4].text, "GR-", 3);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    /* The server starts this very program to draw a certificate. */
    if (*argc == 2 && strcmp((*argv)[1], "draw") == 0) _exit(draw_command(*argc - 1, *argv + 1));
    static struct arena lasting;
    const char *why = "";
    (void)argc, (void)argv;
    log_threshold((enum log_level)(LOG_ERROR + 1));
    codec_start();
    umask(0077);
    arena_init(&lasting, (size_t)64 << 20);
    answer = malloc(ANSWER_BYTES);
    BUG_IF(!answer);
    struct zygote *z;
    BUG_IF(labs_prepare(&z, GRADUS_LABS, &lasting, &why) != OK);
    fill_academy();
    serve(z, &lasting);
    struct arena a;
    arena_init(&a, (size_t)16 << 20);
    for (size_t i = 0; i < COUNT_OF(people); i++) BUG_IF(!sign_in(&a, &people[i]));
    find_places(&a);
    arena_release(&a);
    return 0;
}

/* ---- One input ------------------------------------------------------------------------------- */

static struct who *who_is(char letter) {
    for (size_t i = 0; i < COUNT_OF(people); i++)
        if (people[i].letter == letter) return &people[i];
    return NULL;
}

static void put_marked(struct buf *b, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const struct place *found = NULL;
        for (size_t k = 0; text[i] == '$' && i + 1 < len && k < COUNT_OF(places); k++)
            if (places[k].mark == text[i + 1]) found = &places[k];
        if (found) buf_puts(b, found->text);
        else buf_putc(b, text[i]);
        i += found != NULL;
    }
}

/* A line without its end, which is LF in inputs. */
static const char *line_of(const char **at, const char *end, size_t *len) {
    const char *start = *at,
               *stop = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
    *len = (size_t)((stop ? stop : end) - start);
    *at = stop ? stop + 1 : end;
    return start;
}

static bool ends_sessions(const char *line, size_t len) {
    return memmem(line, len, "logout", 6) || memmem(line, len, "password", 8) ||
           memmem(line, len, "sessions", 8);
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    const char *at = data, *end = data + size, *first, *header;
    size_t first_len, len;
    struct buf request, body;
    bool typed = false;
    first = line_of(&at, end, &first_len);
    struct who *w = first_len > 4 && first[1] == ' ' ? who_is(first[0]) : NULL;
    if (!w) return;
    buf_init(&request, a);
    buf_init(&body, a);
    put_marked(&request, first + 2, first_len - 2);
    buf_puts(&request, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
    buf_printf(&request, "Cookie: %s\r\nX-CSRF-Token: %s\r\n", w->cookie, w->csrf);
    while ((header = line_of(&at, end, &len)) && len) {
        typed |= len > 12 && strncasecmp(header, "Content-Type", 12) == 0;
        put_marked(&request, header, len);
        buf_puts(&request, "\r\n");
    }
    put_marked(&body, at, (size_t)(end - at));
    if (body.len && !typed)
        buf_puts(&request, "Content-Type: application/x-www-form-urlencoded\r\n");
    if (body.len || first[2] == 'P') buf_printf(&request, "Content-Length: %zu\r\n", body.len);
    buf_puts(&request, "\r\n");
    buf_add(&request, buf_text(&body), body.len);
    int status = ask(buf_text(&request), request.len);
    if (status == 500) give_up("an answer of 500", buf_text(&request), request.len);
    if (ends_sessions(first, first_len))
        for (size_t i = 0; i < COUNT_OF(people); i++) (void)sign_in(a, &people[i]);
}
