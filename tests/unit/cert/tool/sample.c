/* Prints what the signer makes, for tests that check it with other people's tools.
 *
 *   sample canon FILE                canonical form and hashes of a credential and of its proof's
 * options sample credential DATA [NAME]    a signed credential sample did DATA                  the
 * DID document sample status DATA [INDEX…]      a signed status list with these bits set sample
 * rotate DATA               adds a key sample pdf|png DATA FILE [NAME]  the paper and the badge
 *   sample extract FILE              the credential of a PDF or PNG */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_credential.h"
#include "cert/cert_keys.h"
#include "cert/cert_rdf.h"
#include "cert/cert_status.h"
#include "unit/cert/sample.h"

static struct arena arena;

static _Noreturn void die(const char *why) {
    fprintf(stderr, "sample: %s\n", why ? why : "failed");
    exit(2);
}

static void print_canonical(const json_t *object, const char *what) {
    const char *text, *why = NULL;
    if (cert_rdf_canonical(&arena, object, CERT_VOCABULARY_303, &text, &why) != OK) die(why);
    printf("%s# %s %s\n", text, what, sha256_hex(&arena, text, strlen(text)));
}

static void canon(const char *path) {
    size_t len;
    const char *why = NULL, *text = file_read(&arena, path, 1 << 20, &len);
    json_t *doc = text ? json_read(&arena, text, len, &why) : NULL;
    if (!doc) die(why);
    print_canonical(doc, "document");
    json_t *proofs = json_object_get(doc, "proof"), *proof;
    size_t i;
    json_array_foreach (proofs, i, proof) {
        json_object_del(proof, "proofValue");
        print_canonical(proof, "proof options");
    }
}

static void extract(const char *path) {
    size_t len;
    const char *why = "cannot be read", *text = file_read(&arena, path, 8 << 20, &len);
    const unsigned char *bytes = (const unsigned char *)text;
    if (!text) die(why);
    text = str_has_suffix(path, ".pdf") ? cert_pdf_credential(&arena, bytes, len, &why)
                                        : cert_png_credential(&arena, bytes, len, &why);
    if (!text) die(why);
    puts(text);
}

static void paper(const char *kind, const char *path, const char *name,
                  const struct cert_keys *keys) {
    const char *why = NULL;
    struct cert_credential_facts facts = sample_facts(name);
    json_t *doc = cert_credential_build(&arena, &facts);
    if (cert_keys_sign(keys, &arena, doc, SAMPLE_DID, SAMPLE_FROM_MS, &why) != OK) die(why);
    struct cert_paper p = sample_paper(name, cert_json(&arena, doc));
    unsigned char *bytes;
    size_t len;
    if ((str_eq(kind, "pdf") ? cert_pdf : cert_png)(&arena, &p, &bytes, &len) != OK)
        die("cannot draw");
    if (!file_write(path, bytes, len, 0600)) die("cannot write");
}

int main(int argc, char **argv) {
    const char *why = NULL;
    if (argc < 3) die("sample COMMAND DATA");
    arena_init(&arena, (size_t)64 << 20);
    if (str_eq(argv[1], "canon")) {
        canon(argv[2]);
        return 0;
    }
    if (str_eq(argv[1], "extract")) {
        extract(argv[2]);
        return 0;
    }
    if (str_eq(argv[1], "rotate") && cert_keys_add(argv[2], 0, &arena, &why) != OK) die(why);
    struct cert_keys *keys;
    if (cert_keys_open(&keys, argv[2], true, &arena, &why) != OK) die(why);
    json_t *doc = NULL;
    if (argc > 3 && (str_eq(argv[1], "pdf") || str_eq(argv[1], "png"))) {
        paper(argv[1], argv[3], argc > 4 ? argv[4] : "Ada Example", keys);
        return 0;
    }
    if (str_eq(argv[1], "credential")) {
        struct cert_credential_facts facts = sample_facts(argc > 3 ? argv[3] : "Ada Example");
        doc = cert_credential_build(&arena, &facts);
    } else if (str_eq(argv[1], "status")) {
        unsigned char *bits = arena_alloc(&arena, CERT_STATUS_BYTES);
        for (int i = 3; i < argc; i++) cert_status_set(bits, (uint32_t)strtoul(argv[i], NULL, 10));
        doc = cert_status_credential_build(&arena, SAMPLE_DID, SAMPLE_LIST, "suspension",
                                           cert_status_encode(&arena, bits), SAMPLE_FROM_MS,
                                           (int64_t)24 * 3600 * 1000);
    }
    if (doc) {
        if (cert_keys_sign(keys, &arena, doc, SAMPLE_DID, SAMPLE_FROM_MS, &why) != OK) die(why);
        puts(cert_json(&arena, doc));
    } else {
        puts(cert_did_document(keys, &arena, SAMPLE_DID));
    }
    cert_keys_close(keys);
    arena_release(&arena);
    return 0;
}
