/* gradus verify: a credential, a badge or a certificate from a file. */
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

#define FILE_MAX ((size_t)16 << 20)
#define KEY_MAX 16

static const char usage[] =
    "usage: gradus verify FILE [--key z6Mk...] [--data DIR] [--format text|json]\n"
    "\n"
    "Checks a credential (JSON), a badge (PNG) or a certificate (PDF): form, signature, issuer, period, status.\n"
    "\n"
    "  --key KEY     trust this public key (Multikey); may be given more than once\n"
    "  --data DIR    an academy's data folder: its keys, and whether it revoked the credential (default: data)\n"
    "\n"
    "Exit status: 0 valid, 1 not valid, 2 could not check.\n";

struct verify {
    struct arena arena;
    const char *file, *data, *format;
    const char *keys[KEY_MAX];
    int key_count;
    bool data_given;
    struct cert_keys *own;
    struct store *store;
};

static bool find_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    struct verify *v = context;
    const char *hash = strchr(method, '#');
    if (!hash) return false;
    for (int i = 0; i < v->key_count; i++)
        if (str_eq(v->keys[i], hash + 1)) return cert_multikey_read(&v->arena, hash + 1, key);
    return v->own && cert_keys_find(v->own, hash + 1, key);
}

static enum cert_status_answer find_status(void *context, const char *credential_id,
                                           const char *list_url, uint32_t index) {
    struct verify *v = context;
    struct db *db = store_reader(v->store);
    return db ? cert_credential_answer(db, &v->arena, credential_id, list_url, index)
              : CERT_STATUS_UNKNOWN;
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

/* The data folder is optional: without it, given keys do, and the status stays open. */
static bool open_data(struct verify *v) {
    const char *why = "", *path = arena_printf(&v->arena, "%s/gradus.db", v->data);
    if (access(path, R_OK) != 0) {
        if (v->key_count) return true;
        fprintf(stderr, "gradus verify: there is no academy in %s: give --data DIR or --key\n",
                v->data);
        return false;
    }
    if (v->key_count && !v->data_given) return true;
    struct store_options how = {.path = path, .read_only = true};
    if (cert_keys_open(&v->own, v->data, false, &v->arena, &why) == OK &&
        store_open(&v->store, &how, &v->arena, &why) == OK)
        return true;
    fprintf(stderr, "gradus verify: %s\n", why);
    return false;
}

static void print_report(const struct cert_check_report *report, bool json) {
    static const char *const outcomes[] = {"pass", "fail", "skip"};
    if (json) printf("{\"valid\":%s,\"checks\":[", report->valid ? "true" : "false");
    else printf("%s\n", report->valid ? "valid" : "NOT VALID");
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        const struct cert_check *c = &report->checks[i];
        if (json)
            printf("%s{\"check\":\"%s\",\"outcome\":\"%s\"%s%s%s}", i ? "," : "", c->name,
                   outcomes[c->outcome], c->code ? ",\"code\":\"" : "", c->code ? c->code : "",
                   c->code ? "\"" : "");
        else
            printf("  %-10s %s%s%s\n", c->name, outcomes[c->outcome], c->detail ? ": " : "",
                   c->detail ? c->detail : "");
    }
    if (json) puts("]}");
    else if (report->checks[1].outcome == CERT_PASS)
        printf("  %s, %s, %s\n", report->number ? report->number : "no number",
               report->holder ? report->holder : "no name",
               report->title ? report->title : "no title");
}

static bool read_options(struct verify *v, int argc, char **argv, int *status) {
    static const struct option options[] = {{"key", required_argument, NULL, 'k'},
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
    if (text && open_data(&v)) {
        struct cert_checker checker = {find_key, v.store ? find_status : NULL, &v, clock_now_ms()};
        cert_credential_check(&v.arena, text, len, &checker, &report);
        print_report(&report, str_eq(v.format, "json"));
        status = report.valid ? 0 : 1;
    }
    cert_keys_close(v.own);
    if (v.store) store_close(v.store, 0);
    arena_release(&v.arena);
    return status;
}
