/* Signing keys: made once, kept from others, added to, never replaced. */
#include "unit/check.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cert/cert_keys.h"
#include "cert/cert_origin.h"

static char folder[64];

static int make_folder(void **state) {
    strcpy(folder, "/tmp/gradus-keys-XXXXXX");
    return mkdtemp(folder) ? arena_setup(state) : -1;
}

static int remove_folder(void **state) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? arena_teardown(state) : -1;
}

static const char *key_path(struct arena *a, int number) {
    return arena_printf(a, "%s/keys/issuer-%04d.key", folder, number);
}

static struct cert_keys *open_keys(struct arena *a) {
    struct cert_keys *k = NULL;
    const char *why = "";
    if (cert_keys_open(&k, folder, true, a, &why) != OK) fail_msg("%s", why);
    return k;
}

static void made_once_and_private(void **state) {
    struct arena *a = *state;
    struct stat st;
    struct cert_keys *k = open_keys(a);
    const char *name = arena_dup(a, cert_keys_current(k));
    assert_true(str_has_prefix(name, "z6Mk"));
    assert_int_equal(stat(key_path(a, 1), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(arena_printf(a, "%s/keys", folder), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    cert_keys_close(k);
    k = open_keys(a);
    assert_string_equal(cert_keys_current(k), name);
    assert_int_equal(cert_keys_count(k), 1);
    cert_keys_close(k);
}

static void missing_without_leave_to_make(void **state) {
    struct cert_keys *k = NULL;
    const char *why = NULL;
    assert_int_equal(cert_keys_open(&k, folder, false, *state, &why), ERR_NOT_FOUND);
    assert_non_null(why);
    assert_null(k);
}

static void loose_permissions_are_refused(void **state) {
    static const mode_t loose[] = {0640, 0604, 0644, 0620, 0601};
    struct arena *a = *state;
    cert_keys_close(open_keys(a));
    for (size_t i = 0; i < COUNT_OF(loose); i++) {
        struct cert_keys *k = NULL;
        const char *why = NULL;
        assert_int_equal(chmod(key_path(a, 1), loose[i]), 0);
        assert_int_equal(cert_keys_open(&k, folder, true, a, &why), ERR_DENIED);
        assert_non_null(strstr(why, arena_printf(a, "(mode %04o): chmod 600", (unsigned)loose[i])));
        assert_null(k);
    }
    chmod(key_path(a, 1), 0400);
    cert_keys_close(open_keys(a));
}

static void damaged_and_strange_files(void **state) {
    struct arena *a = *state;
    struct cert_keys *k = NULL;
    const char *why = NULL;
    cert_keys_close(open_keys(a));
    static const char *const texts[] = {"", "\n", "short",
                                        "not base64 at all but forty-three chars!!!!",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_true(file_write(key_path(a, 1), texts[i], strlen(texts[i]), 0600));
        assert_int_equal(cert_keys_open(&k, folder, true, a, &why), ERR_INVALID);
    }
    unlink(key_path(a, 1));
    assert_int_equal(symlink("/dev/zero", key_path(a, 1)), 0);
    assert_int_not_equal(cert_keys_open(&k, folder, true, a, &why),
                         OK); /* neither followed nor read for ever */
    unlink(key_path(a, 1));
    assert_int_equal(mkfifo(key_path(a, 1), 0600), 0);
    assert_int_equal(cert_keys_open(&k, folder, true, a, &why), ERR_DENIED);
}

static void rotation_adds(void **state) {
    struct arena *a = *state;
    const char *why = "";
    unsigned char key[CERT_PUBLIC_BYTES];
    struct cert_keys *k = open_keys(a);
    const char *first = arena_dup(a, cert_keys_current(k));
    cert_keys_close(k);
    assert_int_equal(cert_keys_add(folder, 0, a, &why), OK);
    k = open_keys(a);
    assert_int_equal(cert_keys_count(k), 2);
    assert_string_not_equal(cert_keys_current(k), first);
    assert_true(cert_keys_find(k, first, key));
    const char *document = cert_did_document(k, a, "did:web:academy.example");
    assert_non_null(strstr(document, first));
    assert_non_null(strstr(document, cert_keys_current(k)));
    assert_true(str_has_prefix(document, "{\"@context\":[\"https://www.w3.org/ns/did/v1\""));
    assert_false(cert_keys_find(k, "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", key));
    cert_keys_close(k);
}

/* Signing is by the newest key, and what it signs holds by the public key that is published. */
static void what_is_signed(void **state) {
    struct arena *a = *state;
    const char *why = "", *did = "did:web:academy.example";
    unsigned char key[CERT_PUBLIC_BYTES], signature[CERT_SIGNATURE_BYTES];
    cert_keys_close(open_keys(a));
    assert_int_equal(cert_keys_add(folder, 0, a, &why), OK);
    struct cert_keys *k = open_keys(a);
    assert_string_equal(cert_keys_current(k), cert_keys_name(k, 1));
    assert_true(cert_keys_know(k, cert_keys_name(k, 0)) && cert_keys_know(k, cert_keys_name(k, 1)));
    assert_false(cert_keys_know(k, "z6Mk"));
    cert_keys_sign_bytes(k, "text", 4, signature);
    for (int i = 0; i < 2; i++) {
        assert_true(cert_keys_find(k, cert_keys_name(k, (size_t)i), key));
        assert_int_equal(crypto_sign_verify_detached(signature, (const void *)"text", 4, key) == 0,
                         i == 1);
    }
    static const char text[] = "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
                               "\"type\":[\"VerifiableCredential\"]}";
    json_t *doc = json_read(a, text, strlen(text), &why);
    assert_int_equal(cert_keys_sign(k, a, doc, did, 0, &why), OK);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(doc, "proof"), 0),
                                          "verificationMethod")),
        arena_printf(a, "%s#%s", did, cert_keys_current(k)));
    const char *first = cert_keys_name(k, 0), *second = cert_keys_name(k, 1);
    assert_string_equal(
        cert_did_document(k, a, did),
        arena_printf(a,
                     "{\"@context\":[\"https://www.w3.org/ns/did/v1\",\"https://w3id.org/security/"
                     "multikey/v1\"],\"id\":\"%s\",\"verificationMethod\":[{\"id\":\"%s#%s\","
                     "\"type\":\"Multikey\",\"controller\":\"%s\",\"publicKeyMultibase\":\"%s\"},"
                     "{\"id\":\"%s#%s\",\"type\":\"Multikey\",\"controller\":\"%s\","
                     "\"publicKeyMultibase\":\"%s\"}],\"assertionMethod\":[\"%s#%s\",\"%s#%s\"]}",
                     did, did, first, did, first, did, second, did, second, did, first, did,
                     second));
    cert_keys_close(k);
}

/* Which files are keys, in which order, and how many there may be. */
static void numbers_and_limits(void **state) {
    static const char seed[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    static const char *const none[] = {"issuer-0000.key", "issuer--001.key",  "issuer-0001.key~",
                                       "issuer-0001.ke",  "0001.key",         "issuer-1.key",
                                       "issuer-   1.key", "issuer-00001.key", "issuer-x001.key"};
    struct arena *a = *state;
    struct cert_keys *k = NULL;
    const char *why = "";
    cert_keys_close(open_keys(a));
    assert_int_equal(unlink(key_path(a, 1)), 0);
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_true(file_write(arena_printf(a, "%s/keys/%s", folder, none[i]), "x", 1, 0600));
    assert_int_equal(cert_keys_open(&k, folder, false, a, &why), ERR_NOT_FOUND);
    /* As it is copied: with the end of its line, of any system. */
    static const char *const ends[] = {"", "\n", "\r\n"};
    const char *name = NULL;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const char *text = arena_printf(a, "%s%s", seed, ends[i]);
        assert_true(file_write(key_path(a, 7), text, strlen(text), 0600));
        k = open_keys(a);
        if (i) assert_string_equal(cert_keys_current(k), name);
        name = arena_dup(a, cert_keys_current(k));
        cert_keys_close(k);
    }
    for (int i = 0; i < 2; i++) {
        const char *text = i ? arena_copy(a, seed, sizeof seed - 2) : arena_printf(a, "%sA", seed);
        assert_true(file_write(key_path(a, 7), text, strlen(text), 0600));
        assert_int_equal(cert_keys_open(&k, folder, false, a, &why), ERR_INVALID);
        assert_string_equal(why, arena_printf(a, "%s is no signing key", key_path(a, 7)));
    }
    assert_true(file_write(key_path(a, 7), seed, strlen(seed), 0600));
    /* The next number is behind all that are here, and behind all that are known to have been. */
    assert_int_equal(cert_keys_add(folder, 3, a, &why), OK);
    assert_int_equal(access(key_path(a, 8), F_OK), 0);
    assert_int_equal(cert_keys_add(folder, 20, a, &why), OK);
    assert_int_equal(access(key_path(a, 21), F_OK), 0);
    k = open_keys(a);
    assert_int_equal(cert_keys_count(k), 3);
    assert_string_equal(cert_keys_name(k, 0), name);
    cert_keys_close(k);
    /* A key whose number has no four digits would not be read. */
    assert_int_equal(cert_keys_add(folder, 9999, a, &why), ERR_LIMIT);
    assert_int_equal(cert_keys_add(folder, 9998, a, &why), OK);
    assert_int_equal(cert_keys_add(folder, 0, a, &why), ERR_LIMIT);
    k = open_keys(a);
    assert_int_equal(cert_keys_count(k), 4);
    cert_keys_close(k);
    assert_int_equal(unlink(key_path(a, 9999)), 0);
    for (int i = 3; i < CERT_KEY_LIMIT; i++)
        assert_int_equal(cert_keys_add(folder, 0, a, &why), OK);
    k = open_keys(a);
    assert_int_equal(cert_keys_count(k), CERT_KEY_LIMIT);
    cert_keys_close(k);
    assert_int_equal(cert_keys_add(folder, 0, a, &why), ERR_LIMIT);
    assert_string_equal(why, arena_printf(a, "there are %d keys already", CERT_KEY_LIMIT));
    assert_true(file_write(key_path(a, 999), seed, strlen(seed), 0600));
    assert_int_equal(cert_keys_open(&k, folder, false, a, &why), ERR_LIMIT);
    assert_string_equal(why, arena_printf(a, "more than %d keys", CERT_KEY_LIMIT));
}

static void what_cannot_be_opened(void **state) {
    struct arena *a = *state;
    struct cert_keys *k = NULL;
    const char *why = "", *keys = arena_printf(a, "%s/keys", folder);
    assert_true(file_write(keys, "x", 1, 0600)); /* a file in place of the folder */
    assert_int_equal(cert_keys_open(&k, folder, true, a, &why), ERR_IO);
    assert_memory_equal(why, "cannot read ", strlen("cannot read "));
    assert_int_equal(cert_keys_add(folder, 0, a, &why), ERR_IO);
    assert_int_equal(unlink(keys), 0);
    assert_int_equal(cert_keys_add(arena_printf(a, "%s/nowhere/at-all", folder), 0, a, &why),
                     ERR_IO);
    assert_memory_equal(why, "cannot make ", strlen("cannot make "));
    assert_int_equal(
        cert_keys_open(&k, arena_printf(a, "%s/nowhere/at-all", folder), true, a, &why), ERR_IO);
    assert_memory_equal(why, "cannot make ", strlen("cannot make "));
}

static void multikeys(void **state) {
    struct arena *a = *state;
    unsigned char key[CERT_PUBLIC_BYTES], back[CERT_PUBLIC_BYTES];
    memset(key, 7, sizeof key);
    const char *text = cert_multikey(a, key);
    assert_true(cert_multikey_read(a, text, back));
    assert_memory_equal(key, back, sizeof key);
    static const char *const bad[] = {
        "",
        "z",
        "z6Mk",
        "6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
        "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        "z0OIl",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_false(cert_multikey_read(a, bad[i], back));
}

/* 53: six of them are too long for a host */
#define NAME "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"
#define LABEL NAME "-abcdefghij"

static void dids(void **state) {
    static const struct {
        const char *origin, *did;
    } cases[] = {{"https://academy.example", "did:web:academy.example"},
                 {"http://127.0.0.1:8080", "did:web:127.0.0.1%3A8080"},
                 {"https://Academy.EXAMPLE", "did:web:academy.example"},
                 {"https://a", "did:web:a"},
                 {"https://xn--bcher-kva.example:443", "did:web:xn--bcher-kva.example%3A443"},
                 {"http://127.0.0.1:65535", "did:web:127.0.0.1%3A65535"},
                 {"", NULL},
                 {"academy", NULL},
                 {"academy.example", NULL},
                 {"ftp://academy.example", NULL},
                 {"https:/academy.example", NULL},
                 {"https://", NULL},
                 {"https://:8080", NULL},
                 {"https://a/", NULL},
                 {"https://a/b", NULL},
                 {"http://x.example/path?q=1#f", NULL},
                 {"https://x.example?q", NULL},
                 {"https://x.example#f", NULL},
                 {"https://user@x.example", NULL},
                 {"https://user:secret@x.example", NULL},
                 {"http://[::1]:80", NULL},
                 {"https://a:", NULL},
                 {"https://a:0", NULL},
                 {"https://a:65536", NULL},
                 {"https://a:80:90", NULL},
                 {"https://a:x", NULL},
                 {"https://a..b", NULL},
                 {"https://.a", NULL},
                 {"https://a.", NULL},
                 {"https://-a.example", NULL},
                 {"https://a-.example", NULL},
                 {"https://a b", NULL},
                 {"https://a_b", NULL},
                 {"https://bücher.example", NULL},
                 {"https://a%2Fb", NULL},
                 {"https://a\\b", NULL},
                 {"https://a\n", NULL},
                 {"https://" LABEL ".example", NULL},
                 {"https://" NAME "." NAME "." NAME "." NAME "." NAME "." NAME, NULL}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *did = cert_did_from_origin(*state, cases[i].origin);
        if (!cases[i].did != !did || (did && !str_eq(did, cases[i].did)))
            fail_msg("%s: %s", cases[i].origin, did ? did : "refused");
        assert_int_equal(!did, cert_origin_problem(cases[i].origin) != NULL);
    }
}

#define WITH_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(made_once_and_private),
        WITH_FOLDER(missing_without_leave_to_make),
        WITH_FOLDER(loose_permissions_are_refused),
        WITH_FOLDER(damaged_and_strange_files),
        WITH_FOLDER(rotation_adds),
        WITH_FOLDER(what_is_signed),
        WITH_FOLDER(numbers_and_limits),
        WITH_FOLDER(what_cannot_be_opened),
        TEST(multikeys),
        TEST(dids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
