/* gradus audit: whether the audit log is whole, and is the one that was published. */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert.h"
#include "server/server.h"

#define AGAINST_MAX ((size_t)1024 * 1024)
#define REASON_MIN 10

static const char usage[] =
    "usage: gradus audit verify [--against FILE] [--data DIR]\n"
    "       gradus audit accept --reason TEXT [--data DIR]\n"
    "       gradus audit seal --reason TEXT [--data DIR]\n"
    "\n"
    "verify reads the whole audit log: its chain, its head, and every head that was signed, and "
    "compares each\n"
    "certificate, decision, mark, exam, lab, role and interest with what it says and with what was "
    "signed.\n"
    "  --against FILE  compares with a head that was kept elsewhere: what /.well-known/audit-head\n"
    "                  answered once, or a status list of that time\n"
    "accept goes on from where the log ends, when its head is missing or says something else (for "
    "example after\n"
    "files were lost). Ask why first: an end that was cut off looks the same. The reason is kept "
    "in the log.\n"
    "seal seals what is on record with the key that is here (seal.key), when the one that the log "
    "names is lost.\n"
    "It takes completed modules and lab runs as they stand. The reason is kept in the log.\n"
    "\n"
    "Exit status 1 when the log is broken, records were changed outside of Gradus, a signature "
    "cannot be\n"
    "checked because its key is missing (not decided), or the log is not the one that was "
    "published.\n";

struct audit_call {
    struct arena arena;
    const char *data, *verb, *against, *reason;
};

static const char *operator_name(struct arena *a) {
    struct passwd room, *who = NULL;
    char names[4096];
    if (getpwuid_r(getuid(), &room, names, sizeof names, &who) != 0 || !who)
        return arena_printf(a, "%u", (unsigned)getuid());
    return arena_dup(a, who->pw_name);
}

static bool gives_reason(const struct audit_call *c) {
    if (c->reason && strlen(c->reason) >= REASON_MIN && utf8_valid(c->reason, strlen(c->reason)))
        return true;
    fprintf(stderr, "gradus audit: --reason is missing: say in %d letters or more what happened\n",
            REASON_MIN);
    return false;
}

/* Opens the academy as a server does, which is refused while one runs: the log and its head are
 * then that process's. What is written is signed, when the key is there. */
static enum err open_alone(struct audit_call *c,
                           enum err (*open)(struct store **, const struct store_options *,
                                            struct arena *, const char **),
                           struct store **s, const char **why) {
    struct arena *a = &c->arena;
    struct store_options how = {
        .path = arena_printf(a, "%s/gradus.db", c->data), .must_exist = true, .serving = true};
    struct audit_signer keys;
    enum err e = open(s, &how, a, why);
    if (e == OK && cert_signer(how.path, a, &keys)) audit_signer_set(&keys);
    return e;
}

static int accept_log(struct audit_call *c) {
    struct arena *a = &c->arena;
    struct store *s = NULL;
    const char *why = "";
    if (!gives_reason(c)) return 2;
    enum err e = open_alone(c, store_open, &s, &why);
    const char *people = NULL;
    struct db *db = e == OK ? store_reader(s) : NULL;
    if (e == OK && (!db || account_unlogged(db, a, &people) != OK)) {
        e = ERR_IO;
        why = "the people cannot be read. Nothing was changed.";
    }
    if (e == OK) e = audit_accept(s, a, operator_name(a), c->reason, people, &why);
    if (e == OK)
        printf("accepted; the reason stands in the audit log, which goes on from where it ended\n");
    else fprintf(stderr, "gradus audit: %s\n", why);
    store_close(s, MS_SECOND);
    return e == OK ? 0 : 2;
}

/* RULE seal-once */
static int seal_rows(struct audit_call *c) {
    struct arena *a = &c->arena;
    struct store *s = NULL;
    const char *why = "";
    if (!gives_reason(c)) return 2;
    enum err e = open_alone(c, audit_open, &s, &why);
    struct seals_reason x = {.by = operator_name(a), .reason = c->reason};
    if (e == OK) {
        e = store_write(s, seals_anew, &x, a);
        why = e == ERR_CONFLICT  ? "The log names the key that is here: there is nothing to seal "
                                   "anew. Nothing was changed."
              : e == ERR_INVALID ? "The log does not hold: see gradus audit verify. Nothing was "
                                   "changed."
              : e == ERR_DENIED  ? "The keys that sign the log are not here: put them back, or "
                                   "start a server, which makes new ones. Nothing was changed."
                                 : "It could not be saved. Nothing was changed.";
    }
    if (e == OK) printf("sealed; the reason stands in the audit log\n");
    else fprintf(stderr, "gradus audit: %s\n", why);
    store_close(s, MS_SECOND);
    return e == OK ? 0 : 2;
}

/* Tells of keys that signed heads and are not in DATA/keys: they are lost, or somebody else's. Only
 * the operator knows which. */
static void tell_keys(struct audit_call *c, const char *const *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool has = false;
        const char *why = "";
        if (cert_has_key(c->data, &c->arena, keys[i], &has, &why) != OK)
            printf("remark: heads were signed with the key %s; whether it is in %s/keys cannot be "
                   "said: %s\n",
                   keys[i], c->data, why);
        else if (!has)
            printf("remark: heads were signed with the key %s, which is not in %s/keys: put its "
                   "file back, or ask whose it is\n",
                   keys[i], c->data);
    }
}

static int compare(struct audit_call *c, struct db *db) {
    size_t len = 0;
    const char *key = NULL, *said = "";
    char *text = file_read(&c->arena, c->against, AGAINST_MAX, &len);
    if (!text) {
        fprintf(stderr, "gradus audit: %s cannot be read\n", c->against);
        return 2;
    }
    enum err e = audit_compare_published(db, &c->arena, text, len, &key, &said);
    if (key) tell_keys(c, &key, 1);
    if (e == OK) printf("%s: %s\n", c->against, said);
    else fprintf(stderr, "gradus audit: %s: %s\n", c->against, *said ? said : err_name(e));
    return e == OK ? 0 : e == ERR_INVALID ? 1 : 2;
}

static void tell_records(const struct cert_records *records) {
    fprintf(stderr,
            "gradus audit: %s In %lld cases the records are not what was signed and logged: they "
            "were changed outside of Gradus\n",
            records->problem, (long long)records->bad);
    for (size_t i = 1; i < records->listed_count; i++)
        fprintf(stderr, "gradus audit: also %s\n", records->listed[i]);
    if ((int64_t)records->listed_count < records->bad)
        fprintf(stderr, "gradus audit: and %lld more\n",
                (long long)records->bad - (long long)records->listed_count);
}

/* Once the log was found whole: checks whether certificates are as it says. */
static int verify_records(struct audit_call *c, struct db *db) {
    struct cert_records records;
    enum err e = cert_records_check(db, &c->arena, c->data, NULL, &records);
    if (e == OK)
        printf("%lld certificates are as they were signed and logged\n",
               (long long)(records.certificates - records.unchecked));
    else if (e == ERR_INVALID) tell_records(&records);
    else
        fprintf(stderr, "gradus audit: the certificates could not be compared (%s)\n", err_name(e));
    if (e == OK && records.unchecked)
        fprintf(stderr,
                "gradus audit: not decided: %s In %lld cases it cannot be told whether the records "
                "are what was signed\n",
                records.problem, (long long)records.unchecked);
    if (e == OK && records.unchecked) return 1;
    return e == OK ? 0 : e == ERR_INVALID ? 1 : 2;
}

/* RULE seal-once: without the key that the log names no seal can be judged. */
static int verify_seals(struct audit_call *c, struct db *db) {
    const char *problem = NULL;
    enum err e = audit_seal_problem(db, &c->arena, &problem);
    if (e == OK && !problem) return 0;
    fprintf(stderr, "gradus audit: not decided: %s\n",
            problem ? problem : "the rows that begin the seals cannot be read");
    return e == OK ? 1 : 2;
}

/* Takes no read snapshot around the whole: see audit_verify. */
static int verify(struct audit_call *c) {
    struct store *s = open_store(&c->arena, c->data, true);
    struct db *db = s ? store_reader(s) : NULL;
    if (!db) {
        if (s) store_close(s, 0);
        return 2;
    }
    struct audit_report report = {0};
    struct audit_signer keys;
    if (cert_signer(db_path(db), &c->arena, &keys)) audit_signer_set(&keys);
    enum err e = audit_verify(db, &c->arena, &report);
    int status = e == OK ? 0 : e == ERR_INVALID ? 1 : 2;
    if (e == OK)
        printf("%lld rows, the chain holds, and so do %lld signed heads; head %s\n",
               (long long)report.rows, (long long)report.signed_heads, report.head);
    else if (e == ERR_INVALID) fprintf(stderr, "gradus audit: %s\n", report.problem);
    else
        fprintf(stderr,
                "gradus audit: the log could not be read whole, which says nothing of it: %s Try "
                "again.\n",
                report.problem  ? report.problem
                : e == ERR_BUSY ? "memory is short."
                                : "the disk?");
    tell_keys(c, report.keys, report.key_count);
    if (e == OK || (e == ERR_INVALID && report.unsigned_count)) {
        int of_records = verify_records(c, db);
        if (of_records > status) status = of_records;
        int of_seals = verify_seals(c, db);
        if (of_seals > status) status = of_seals;
    }
    int against = c->against && status != 2 ? compare(c, db) : 0;
    store_close(s, MS_SECOND);
    return against > status ? against : status;
}

int audit_command(int argc, char **argv) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"against", required_argument, NULL, 'a'},
                                            {"reason", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct audit_call c = {.data = default_data()};
    int option;
    bool help = false, good = true;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'd') c.data = optarg;
        else if (option == 'a') c.against = optarg;
        else if (option == 'r') c.reason = optarg;
        else if (option == 'h') help = true;
        else good = false;
    }
    c.verb = optind == argc - 1 ? argv[optind] : NULL;
    bool is_verify = str_eq(c.verb, "verify"), is_accept = str_eq(c.verb, "accept"),
         is_seal = str_eq(c.verb, "seal");
    if (help || !good || !(is_verify || is_accept || is_seal)) {
        fputs(usage, help ? stdout : stderr);
        return help ? 0 : 2;
    }
    codec_start();
    arena_init(&c.arena, (size_t)1 << 30);
    int status = is_verify ? verify(&c) : is_seal ? seal_rows(&c) : accept_log(&c);
    arena_release(&c.arena);
    return status;
}
