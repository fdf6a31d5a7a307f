/* gradus verify: a credential, a badge or a certificate from a file; with an academy's data folder,
 * or with what it publishes. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_published.h"
#include "cert/cert_records.h"

#define FILE_MAX ((size_t)16 << 20)
#define PUBLISHED_MAX ((size_t)1 << 20)
#define KEY_MAX 16

static const char usage[] =
    "usage: gradus verify FILE [--did FILE] [--status FILE] [--key z6Mk...] [--data DIR] [--format "
    "text|json]\n"
    "\n"
    "Checks a credential (JSON), a badge (PNG) or a certificate (PDF): form, signature, issuer, "
    "period, status.\n"
    "\n"
    "  --did FILE     the issuer's DID document, downloaded from its /.well-known/did.json: trust "
    "its keys\n"
    "  --status FILE  the status list that the credential names, downloaded: whether it was "
    "revoked\n"
    "  --key KEY      trust this public key (Multikey); may be given more than once\n"
    "  --data DIR     an academy's data folder: its keys, and whether it revoked the credential "
    "(default: data,\n"
    "                 unless --did or --key is given)\n"
    "\n"
    "The verdict is valid when every check passed, not valid when one failed, and not decided when "
    "none failed but\n"
    "one could not be made: a key, a context or a status list that was not given, or a kind of "
    "proof that is not\n"
    "known. Nothing is fetched from the network.\n"
    "\n"
    "Anybody can make a key, a did:key of it, and a credential that says anything: of an issuer "
    "that is neither the\n"
    "academy of DIR nor vouched for by --did or --key, the most that is said is that its signature "
    "holds (not decided).\n"
    "\n"
    "Exit status: 0 valid, 1 not valid, 2 not decided, or could not check.\n";

struct verify {
    struct arena arena;
    const char *file, *data, *format, *did_file, *status_file;
    const char *keys[KEY_MAX];
    int key_count;
    bool data_given, own_key_signed;
    struct cert_keys *own;
    struct store *store;
    struct cert_did did;
    const char *list; /* text of --status; NULL = not given */
    size_t list_len;
    struct cert_checker checker;
};

static bool find_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    struct verify *v = context;
    const char *hash = strchr(method, '#');
    if (!hash) return false;
    if (v->own && cert_keys_find(v->own, hash + 1, key)) return v->own_key_signed = true;
    /* For an issuer whose DID document was given, only the keys in it count: a key given with --key
     * is somebody else's. */
    if (v->did.id && strncmp(method, v->did.id, (size_t)(hash - method)) == 0 &&
        v->did.id[hash - method] == '\0')
        return cert_did_find(&v->did, method, key);
    for (int i = 0; i < v->key_count; i++)
        if (str_eq(v->keys[i], hash + 1)) return cert_multikey_read(&v->arena, hash + 1, key);
    return cert_did_find(&v->did, method, key);
}

/* The academy's database knows most, a status list is what everybody can have. Where one of the two
 * says "revoked", that counts: neither forgets a revocation, but a copy may be older than it. */
static enum cert_status_answer find_status(void *context, struct cert_status_question *q) {
    struct verify *v = context;
    struct db *db = v->store ? store_reader(v->store) : NULL;
    bool own = v->own_key_signed;
    enum cert_status_answer recorded = CERT_STATUS_UNSEEN, listed = CERT_STATUS_UNSEEN;
    q->why = arena_printf(
        &v->arena,
        "whether it was revoked was not looked up: download %s and give it with --status",
        q->list_url);
    if (db) recorded = cert_credential_answer(db, &v->arena, q);
    if (v->list) listed = cert_status_list_answer(&v->arena, v->list, v->list_len, &v->checker, q);
    if (recorded == CERT_STATUS_REVOKED || recorded == CERT_STATUS_SUSPENDED ||
        recorded == CERT_STATUS_REPLACED)
        return recorded;
    /* A revocation is for ever; whether a suspension has ended, the database knows better than a
     * copy of the list. */
    if (listed == CERT_STATUS_REVOKED) return listed;
    /* What is signed with the academy's key but not on record here: somebody else has the key. */
    if (recorded == CERT_STATUS_UNKNOWN && !own) return listed;
    return recorded == CERT_STATUS_UNSEEN ? listed : recorded;
}

/* The issuer whose document was given, or an academy whose data is here. */
static enum cert_known knows(void *context, const char *issuer) {
    struct verify *v = context;
    bool ours = false;
    struct db *db = v->store ? store_reader(v->store) : NULL;
    if (db && cert_issued_as(db, &v->arena, issuer, &ours) == OK && ours) return CERT_OURS;
    return str_eq(v->did.id, issuer) ? CERT_GIVEN : CERT_STRANGER;
}

static bool trusts(void *context, const char *method) {
    const struct verify *v = context;
    const char *hash = strchr(method, '#');
    for (int i = 0; hash && i < v->key_count; i++)
        if (str_eq(v->keys[i], hash + 1)) return true;
    return false;
}

static const char *claims(void *context, const struct cert_check_report *report) {
    struct verify *v = context;
    struct db *db = v->store ? store_reader(v->store) : NULL;
    return db ? cert_false_claim(db, &v->arena, NULL, 0, report) : NULL;
}

/* The credential's text in the file, by what the file is. */
static const char *read_credential(struct verify *v, size_t *len) {
    const char *why = "cannot be read", *bytes = file_read(&v->arena, v->file, FILE_MAX, len),
               *text = bytes;
    if (bytes && *len >= 4 && memcmp(bytes, "\x89PNG", 4) == 0)
        text = cert_png_credential(&v->arena, (const unsigned char *)bytes, *len, &why);
    else if (bytes && *len >= 4 && memcmp(bytes, "%PDF", 4) == 0)
        text = cert_pdf_credential(&v->arena, (const unsigned char *)bytes, *len, &why);
    if (!text) fprintf(stderr, "gradus verify: %s: %s\n", v->file, why);
    else if (text != bytes) *len = strlen(text);
    return text;
}

/* The text of a published file; `what` for the sentence. */
static const char *read_published(struct verify *v, const char *path, const char *what,
                                  size_t *len) {
    const char *text = file_read(&v->arena, path, PUBLISHED_MAX, len);
    if (!text) fprintf(stderr, "gradus verify: %s %s cannot be read\n", what, path);
    return text;
}

static bool open_published(struct verify *v) {
    const char *why = "", *text;
    size_t len;
    if (v->did_file) {
        text = read_published(v, v->did_file, "the DID document", &len);
        if (!text) return false;
        if (!cert_did_read(&v->arena, text, len, &v->did, &why)) {
            fprintf(stderr, "gradus verify: %s cannot be used as a DID document: %s\n", v->did_file,
                    why);
            return false;
        }
    }
    if (v->status_file)
        v->list = read_published(v, v->status_file, "the status list", &v->list_len);
    return !v->status_file || v->list;
}

/* The data folder is optional: without it given keys are used, and the status stays undecided
 * unless a list is given. */
static bool open_data(struct verify *v) {
    const char *why = "", *path = arena_printf(&v->arena, "%s/gradus.db", v->data);
    bool trusting = v->key_count || v->did_file;
    if (trusting && !v->data_given) return true;
    if (access(path, R_OK) != 0) {
        fprintf(stderr,
                trusting || !v->data_given
                    ? "gradus verify: there is no academy in %s: only what else was given is used\n"
                    : "gradus verify: there is no academy in %s: give --did FILE, --data DIR or "
                      "--key\n",
                v->data);
        return trusting || !v->data_given;
    }
    struct store_options how = {.path = path, .read_only = true};
    if (cert_keys_open(&v->own, v->data, false, &v->arena, &why) == OK &&
        store_open(&v->store, &how, &v->arena, &why) == OK)
        return true;
    fprintf(stderr, "gradus verify: %s\n", why);
    return false;
}

/* Explains a key that is not known because the DID document is somebody else's. */
static void explain_foreign_did(struct verify *v, struct cert_check_report *report) {
    struct cert_check *c = &report->checks[1];
    if (!v->did.id || !str_eq(c->code, "foreign_key") || str_eq(v->did.id, report->issuer)) return;
    c->detail = arena_printf(&v->arena,
                             "%s; %s is the document of %s, and the credential names the issuer %s",
                             c->detail, v->did_file, v->did.id, report->issuer);
}

static void print_json(struct arena *a, const struct cert_check_report *report) {
    struct buf b;
    buf_init(&b, a);
    cert_report_json(report, &b);
    puts(buf_text(&b));
}

/* A credential may hold control characters that are meant for a terminal: they are replaced. */
static const char *printable(struct arena *a, const char *text, const char *otherwise) {
    char *copy = arena_dup(a, text && *text ? text : otherwise);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return copy;
}

static void print_text(struct arena *a, const struct cert_check_report *report, bool trusted) {
    puts(report->undecided ? "NOT DECIDED" : report->valid ? "valid" : "NOT VALID");
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        const struct cert_check *c = &report->checks[i];
        printf("  %-10s %s%s%s\n", c->name, cert_outcome_name(c), c->detail ? ": " : "",
               c->detail ? printable(a, c->detail, "") : "");
    }
    if (report->issuer)
        printf("  issued by  %s (%s)\n", printable(a, report->issuer, ""),
               report->ours    ? "the academy of this data folder"
               : report->known ? "its document was given"
               : trusted       ? "its key was given"
                               : "not known here");
    if (report->checks[1].outcome == CERT_PASS)
        printf("  it says     %s; %s; %s; issuer %s\n", printable(a, report->number, "no number"),
               printable(a, report->holder ? report->holder : report->subject, "no name"),
               printable(a, report->title, "no title"),
               printable(a, report->issuer_name, "without a name"));
}

static bool read_options(struct verify *v, int argc, char **argv, int *status) {
    static const struct option options[] = {{"did", required_argument, NULL, 'i'},
                                            {"status", required_argument, NULL, 's'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    unsigned char key[CERT_PUBLIC_BYTES];
    int option;
    *status = 2;
    v->data = "data";
    v->format = "text";
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'k' && v->key_count < KEY_MAX && cert_multikey_read(&v->arena, optarg, key)) {
            v->keys[v->key_count++] = optarg;
        } else if (option == 'i') {
            v->did_file = optarg;
        } else if (option == 's') {
            v->status_file = optarg;
        } else if (option == 'd') {
            v->data = optarg;
            v->data_given = true;
        } else if (option == 'f' && (str_eq(optarg, "text") || str_eq(optarg, "json"))) {
            v->format = optarg;
        } else {
            if (option == 'k')
                fputs("gradus verify: --key is no Ed25519 Multikey (z6Mk...)\n", stderr);
            if (option == 'h') *status = 0;
            fputs(usage, option == 'h' ? stdout : stderr);
            return false;
        }
    }
    if (optind == argc - 1) v->file = argv[optind];
    else fputs(usage, stderr);
    return v->file != NULL;
}

int cert_verify_command(int argc, char **argv) {
    struct verify v = {0};
    struct cert_check_report report;
    int status = 2;
    size_t len = 0;
    codec_start();
    arena_init(&v.arena, (size_t)256 << 20);
    const char *text = NULL;
    if (read_options(&v, argc, argv, &status)) text = read_credential(&v, &len);
    if (text && open_published(&v) && open_data(&v)) {
        v.checker = (struct cert_checker){find_key, find_status, &v,    clock_now_ms(),
                                          knows,    trusts,      claims};
        cert_credential_check(&v.arena, text, len, &v.checker, &report);
        explain_foreign_did(&v, &report);
        struct db *db = v.store ? store_reader(v.store) : NULL;
        if (db && cert_records_report(db, &v.arena, v.own, &report) != OK) {
            fputs("gradus verify: what is on record about it cannot be read\n", stderr);
            report.valid = false;
            report.undecided = true;
        }
        if (str_eq(v.format, "json")) print_json(&v.arena, &report);
        else print_text(&v.arena, &report, report.method && trusts(&v, report.method));
        status = report.undecided ? 2 : report.valid ? 0 : 1;
    }
    cert_keys_close(v.own);
    if (v.store) store_close(v.store, 0);
    arena_release(&v.arena);
    return status;
}
