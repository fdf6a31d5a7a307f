/* gradus key: the signing keys of an academy. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert_private.h"

static const char usage[] =
    "usage: gradus key list|add [--data DIR]\n"
    "\n"
    "  list   the public keys, oldest first; the last one signs\n"
    "  add    makes a new key, which signs after the next start; older ones stay listed, so that\n"
    "         what they signed still verifies\n"
    "\n"
    "Private keys stay in DIR/keys. A backup has them, encrypted, when it is made --with-keys: "
    "make one after each add.\n";

static int fail(struct arena *a, const char *why) {
    fprintf(stderr, "gradus key: %s\n", why);
    arena_release(a);
    return 2;
}

static int list_keys(struct arena *a, const char *data) {
    struct cert_keys *keys;
    const char *why = "";
    if (cert_keys_open(&keys, data, false, a, &why) != OK) return fail(a, why);
    for (size_t i = 0; i < cert_keys_count(keys); i++)
        printf("%s%s\n", cert_keys_name(keys, i), i + 1 == cert_keys_count(keys) ? "  signs" : "");
    cert_keys_close(keys);
    arena_release(a);
    return 0;
}

static enum err audit_key(struct db *db, struct arena *a, void *name, int64_t now_ms) {
    return audit_append(db, a, now_ms, "system", "cert.key", name, NULL);
}

/* The key is made before the log says so: an entry without its key would be worse than the other
 * way round. */
static int add_key(struct arena *a, const char *data) {
    struct store *store;
    struct cert_keys *keys;
    const char *why = "";
    struct store_options how = {.path = arena_printf(a, "%s/gradus.db", data), .must_exist = true};
    struct audit_signer before;
    if (audit_open(&store, &how, a, &why) != OK) return fail(a, why);
    /* RULE audit-stranger: the key before it says that it is the academy's. */
    if (cert_signer(how.path, a, &before)) audit_signer_set(&before);
    struct used_key *used;
    size_t known = 0;
    enum err e = cert_used_keys(store_reader(store), a, &used, &known);
    if (e == OK) e = cert_keys_add(data, (int)known, a, &why);
    if (e == OK) e = cert_keys_open(&keys, data, false, a, &why);
    if (e == OK) {
        char *name = arena_dup(a, cert_keys_current(keys));
        cert_keys_close(keys);
        e = store_write(store, audit_key, name, a);
        why = "the key was made, but the audit log could not be written";
        if (e == OK) printf("%s signs after the next start\n", name);
    }
    store_close(store, 5000);
    if (e != OK) return fail(a, why);
    arena_release(a);
    return 0;
}

int cert_key_command(int argc, char **argv) {
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct arena a;
    const char *data = "data";
    int option;
    bool help = false, good = true;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'd') data = optarg;
        else if (option == 'h') help = true;
        else good = false;
    }
    const char *word = optind == argc - 1 ? argv[optind] : NULL;
    bool list = str_eq(word, "list"), add = str_eq(word, "add");
    if (help || !good || !(list || add)) {
        fputs(usage, help ? stdout : stderr);
        return help ? 0 : 2;
    }
    codec_start();
    arena_init(&a, (size_t)64 << 20);
    return list ? list_keys(&a, data) : add_key(&a, data);
}
