/* gradus serve: opens what an academy consists of, serves it, closes it in order. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/program.h"
#include "base/text.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/requirements.h"
#include "server/server.h"
#include "server/upkeep.h"
#include "store/seal.h"

/* How long SIGTERM waits for requests and writes that were accepted. */
#define STOP_DEADLINE_MS (10 * MS_SECOND)

static const char usage[] =
    "usage: gradus serve [--port 8080] [--listen 127.0.0.1] [--data DIR] [--root DIR] [--origin "
    "URL]\n"
    "                    [--trust-proxy ADDRESS] [--metrics ADDRESS|FILE] [--threads N] "
    "[--connections N]\n"
    "                    [--share PERCENT] [--labs N] [--second-factor required]\n"
    "\n"
    "  --data DIR             database, keys and lab runs (default: data)\n"
    "  --root DIR             folder with content, exams, labs (default: the current one); its own "
    "site, if it has one\n"
    "  --origin URL           public address, e.g. https://academy.example; certificates carry it\n"
    "  --second-factor required  whoever teaches, assesses or administers signs in with a code of "
    "a telephone, too\n"
    "  --trust-proxy ADDRESS  believe X-Forwarded-For, -Proto and -Host from this address\n"
    "  --metrics ADDRESS|FILE who may read /metrics besides programs on this machine: a client "
    "with this address, or who\n"
    "                         sends the token in this file (Authorization: Bearer TOKEN). Give it "
    "twice for both\n"
    "  --connections N        how many at once (default: 12000, or what the limit of open files "
    "allows); one\n"
    "                         address holds at most seven eighths of them\n"
    "  --labs N               how many lab runs have a worker at a time (default: 64), some 1 MB "
    "each\n"
    "  --share PERCENT        how much of the threads that answer one person may use while others "
    "are served\n"
    "                         (default: 25; 100: all)\n";

struct serve {
    struct arena arena;
    struct app app;
    struct http_options http;
    int labs; /* workers at a time */
    struct http *server;
    struct zygote
        *zygote; /* what lab workers are forked from; NULL: this machine cannot confine them */
};

static bool is_address(const char *text) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool read_options(struct serve *s, int argc, char **argv, int *status) {
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"listen", required_argument, NULL, 'l'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"root", required_argument, NULL, 'r'},
                                            {"origin", required_argument, NULL, 'o'},
                                            {"trust-proxy", required_argument, NULL, 't'},
                                            {"metrics", required_argument, NULL, 'm'},
                                            {"threads", required_argument, NULL, 'n'},
                                            {"second-factor", required_argument, NULL, 'f'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"share", required_argument, NULL, 's'},
                                            {"labs", required_argument, NULL, 'w'},
                                            {"request-deadline", required_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    s->app.data = default_data();
    s->app.root = default_root();
    s->http.listen = "127.0.0.1";
    s->http.port = 8080;
    s->labs = LAB_LIVE_DEFAULT;
    int option;
    int64_t number;
    const char *why = NULL;
    *status = 2;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'p' && parse_i64(optarg, 0, 65535, &number)) s->http.port = (int)number;
        else if (option == 'n' && parse_i64(optarg, 1, 256, &number)) s->http.threads = (int)number;
        else if (option == 'c' && parse_i64(optarg, 64, 1000000, &number))
            s->http.connection_limit = (int)number;
        else if (option == 'w' && parse_i64(optarg, 1, LAB_LIVE_MAX, &number))
            s->labs = (int)number;
        else if (option == 's' && parse_i64(optarg, 1, 100, &number))
            s->http.share_percent = (int)number;
        else if (option == 'f' && str_eq(optarg, "required")) s->app.factor_required = true;
        else if (option == 'l') s->http.listen = optarg;
        else if (option == 'd') s->app.data = optarg;
        else if (option == 'r') s->app.root = optarg;
        else if (option == 'o') s->app.origin = optarg;
        else if (option == 't') s->http.trust_proxy = optarg;
        else if (option == 'm') {
            if (server_allow_metrics(&s->http, &s->arena, optarg, &why)) continue;
            fprintf(stderr, "gradus serve: %s\n", why);
            return false;
        } else if (option == 'q' && parse_i64(optarg, 1, 3600, &number))
            s->http.request_deadline_s = (int)number;
        else {
            if (option == 'h') *status = 0;
            fputs(usage, option == 'h' ? stdout : stderr);
            return false;
        }
    }
    const char *problem = s->app.origin ? cert_origin_problem(s->app.origin) : NULL;
    if (problem) {
        fprintf(stderr,
                "gradus serve: --origin “%s” cannot be a public address: %s. Give one like "
                "https://academy.example, without a path\n",
                s->app.origin, problem);
        return false;
    }
    if (s->http.trust_proxy && !is_address(s->http.trust_proxy)) {
        fprintf(stderr,
                "gradus serve: --trust-proxy “%s” is no address. Give the one from which the proxy "
                "asks, like 127.0.0.1\n",
                s->http.trust_proxy);
        return false;
    }
    return true;
}

static bool fail(const char *why) {
    fprintf(stderr, "gradus serve: %s\n", why);
    return false;
}

static bool is_local(const char *listen) {
    return str_has_prefix(listen, "127.") || str_eq(listen, "::1");
}

static bool origin_is_local(const char *origin) {
    static const char *const local[] = {"http://127.0.0.1", "http://localhost"};
    for (size_t i = 0; i < COUNT_OF(local); i++) {
        size_t n = strlen(local[i]);
        if (str_has_prefix(origin, local[i]) && (!origin[n] || origin[n] == ':')) return true;
    }
    return false;
}

/* A demo's passwords are known to everybody who has read the README. */
static bool demo_allowed(struct serve *s) {
    s->app.demo = demo_present(s->app.data, s->app.store);
    if (!s->app.demo) return true;
    bool local_origin = !s->app.origin || origin_is_local(s->app.origin);
    if (is_local(s->http.listen) && local_origin && !s->http.trust_proxy) return true;
    return fail("this is a demo academy, its passwords are public: it is only served on this "
                "machine (--listen 127.0.0.1, no --origin elsewhere, no --trust-proxy)");
}

/* An academy whose disk is full is read all the same: what its log lacks is written at the next
 * start. */
static bool begin_log(struct app *app, write_fn job, void *arg, struct arena *a) {
    enum err e = store_write(app->store, job, arg, a);
    if (e != ERR_IO || store_healthy(app->store)) return e == OK;
    log_say(LOG_WARN, "audit", "Nothing can be written now: the audit log is left as it is.");
    return true;
}

/* Seals what is on record as it stands. */
static enum err seal_all(struct db *db, struct arena *a) {
    enum err e = content_seal_all(db, a);
    return e == OK ? lab_seal_all(db, a) : e;
}

enum err seals_begin(struct db *db, struct arena *a, void *ours, int64_t now_ms) {
    bool anew;
    const char *problem = NULL;
    enum err e = audit_seal_begin(db, a, now_ms, &anew);
    if (e == OK) e = anew ? seal_all(db, a) : audit_seal_problem(db, a, &problem);
    if (!problem && !seal_begun(db))
        problem = "No row is sealed: the audit log does not hold, or was accepted and names no key "
                  "of the rows' seals. " AUDIT_SEAL_ADVICE;
    if (problem) log_say(LOG_ERROR, "seals", "%s", problem);
    if (ours) *(bool *)ours = e == OK && !problem;
    return e;
}

/* RULE seal-once: only what is committed is noted in the key's file. */
static bool begin_seals(struct app *app, struct arena *a) {
    bool ours = false;
    if (!begin_log(app, seals_begin, &ours, a)) return false;
    if (ours && !store_seal_key_use(app->store))
        log_say(LOG_WARN, "seals",
                "It cannot be noted in seal.key that rows are sealed with it: %s. The next start "
                "tries again",
                strerror(errno));
    return true;
}

enum err seals_anew(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct seals_reason *x = arg;
    enum err e = audit_seal_anew(db, a, now_ms, x->by, x->reason);
    return e == OK ? seal_all(db, a) : e;
}

const char *academy_open(struct app *app, struct zygote *z, int labs, struct arena *a) {
    const char *why = "out of memory";
    if (accounts_open(&app->accounts, app->store) != OK)
        return "the threads that check passwords cannot start";
    /* What the other rooms write to the audit log is signed: so the row that begins the signed part
     * comes first. */
    if (certs_open(&app->certs, app, a, &why) != OK) return why;
    if (!begin_log(app, audit_sign_begin, NULL, a))
        return "the head of the audit log cannot be signed";
    if (!begin_seals(app, a)) return "the seals of rows cannot begin in the audit log";
    if (!begin_log(app, lab_packs_begin, NULL, a))
        return "the scenarios that are on record cannot be written into the audit log";
    if (!begin_log(app, exam_publications_begin, NULL, a) ||
        !begin_log(app, content_publications_begin, NULL, a))
        return "the exams and programmes that are on record cannot be written into the audit log";
    if (content_open(&app->content, app->root, app->store, app->site, a, &why) != OK) return why;
    if (exams_open(&app->exams, app, a, &why) != OK) return why;
    exams_set_anew(app->exams, cert_exam_anew);
    if (labs_open(&app->labs, app, z, labs, a, &why) != OK) return why;
    labs_set_may_see(app->labs, cert_may_view_evidence);
    content_set_steps(app->content, level_steps);
    content_set_exam_open(app->content, exam_is_open);
    content_set_next(app->content, programme_next);
    content_add_check(app->content, exam_check_tree);
    content_add_check(app->content, lab_check_tree);
    struct content_search_source source;
    exam_search_source(app->exams, &source);
    content_add_search_source(app->content, &source);
    lab_search_source(app->labs, &source);
    content_add_search_source(app->content, &source);
    return NULL;
}

static bool open_parts(struct serve *s) {
    const char *why = "out of memory";
    struct app *app = &s->app;
    /* What can be refused before anything is made comes first. */
    if (!requirements_met(&s->http, s->zygote ? s->labs : 0, &s->arena, &why)) return fail(why);
    if (site_open(&app->site, program_root(app->root, "site/templates"), &s->arena, &why) != OK)
        return fail(why);
    if (http_listen(&s->http, &s->arena, &why) != OK) return fail(why);
    if (mkdir(app->data, 0700) != 0 && errno != EEXIST)
        return fail(
            arena_printf(&s->arena, "cannot make the folder %s: %s", app->data, strerror(errno)));
    store_remove_leftovers(arena_printf(&s->arena, "%s/gradus.db", app->data), &s->arena);
    app->store = open_store(&s->arena, app->data, false);
    if (!app->store || !demo_allowed(s)) return false;
    why = academy_open(app, s->zygote, s->labs, &s->arena);
    if (why) return fail(why);
    if (upkeep_open(&app->upkeep, app, &why) != OK) return fail(why);
    return true;
}

static void close_parts(struct serve *s) {
    struct app *app = &s->app;
    upkeep_close(app->upkeep);
    certs_stop(app->certs);
    if (app->content) content_close(app->content); /* before its sources */
    if (app->labs) labs_close(app->labs);
    else labs_unprepare(s->zygote);
    if (app->exams) exams_close(app->exams);
    accounts_close(app->accounts);
    if (app->store && !store_close(app->store, STOP_DEADLINE_MS))
        log_say(LOG_WARN, "stop", "some writes did not finish in time and were refused");
    certs_close(app->certs);
    if (app->site) site_close(app->site);
}

static void wait_for_signal(const sigset_t *signals) {
    int number = 0;
    while (sigwait(signals, &number) != 0 || (number != SIGTERM && number != SIGINT))
        ;
    log_say(LOG_INFO, "stop", "%s: finishing what was accepted",
            number == SIGINT ? "SIGINT" : "SIGTERM");
}

void server_options(struct http_options *options) {
    options->routes = routes;
    options->route_count = route_count;
    options->identify = account_identify;
    options->decorate = decorate_page;
    options->metrics = server_metrics;
}

static int run(struct serve *s, const sigset_t *signals) {
    const char *why = "";
    if (!open_parts(s)) {
        close_parts(s);
        return 2;
    }
    server_options(&s->http);
    if (http_start(&s->server, &s->app, &s->http, &s->arena, &why) != OK) {
        fail(why);
        close_parts(s);
        return 2;
    }
    char *origin = arena_printf(&s->arena,
                                strchr(s->http.listen, ':') ? "http://[%s]:%d" : "http://%s:%d",
                                s->http.listen, http_port(s->server));
    printf("Serving on %s\n", origin);
    if (s->app.demo) demo_print(s->app.data, origin);
    fflush(stdout);
    log_say(LOG_INFO, "start", "serving on %s", origin);
    /* Behind a proxy, or on a machine of many names, only requests tell the public address. */
    bool known = is_local(s->http.listen) && !s->http.trust_proxy;
    certs_warn_of_origins(&s->app, &s->arena, known ? origin : NULL);
    wait_for_signal(signals);
    if (!http_stop(s->server, STOP_DEADLINE_MS))
        _exit(1); /* what was acknowledged is on the disk */
    close_parts(s);
    log_say(LOG_INFO, "stop", "done");
    return 0;
}

/* A machine that cannot confine workers serves everything but labs; an incomplete installation
 * serves nothing. */
static bool prepare_labs(struct serve *s) {
    const char *why = "";
    enum err e = labs_prepare(&s->zygote, NULL, &s->arena, &why);
    if (e == ERR_NOT_FOUND || e == ERR_CONFLICT) return fail(why);
    if (e) log_say(LOG_WARN, "labs", "labs are not available: %s", why);
    return true;
}

int serve_command(int argc, char **argv) {
    static struct serve s;
    int status;
    arena_init(&s.arena, 64 * 1024 * 1024);
    if (!read_options(&s, argc, argv, &status)) return status;
    /* Blocked before any thread starts, so that only wait_for_signal takes them. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    umask(0077);
    status = prepare_labs(&s) ? run(&s, &signals) : 2;
    arena_release(&s.arena);
    return status;
}
