#include "unit/content/fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "base/codec.h"
#include "base/log.h"

struct arena arena;
const char *root;
static char folder[4096];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

int fixture_setup(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    codec_start();
    log_threshold((enum log_level)(LOG_ERROR + 1));
    snprintf(folder, sizeof folder, "%s/gradus-content-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) return -1;
    root = folder;
    arena_init(&arena, (size_t)512 * 1024 * 1024);
    put_academy();
    return 0;
}

int fixture_teardown(void **state) {
    (void)state;
    arena_release(&arena);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

void put_file(const char *path, const char *format, ...) {
    char full[8192];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *p = full + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(full, 0700) != 0 && errno != EEXIST) fail_msg("%s: %s", full, strerror(errno));
        *p = '/';
    }
    FILE *f = fopen(full, "wb");
    if (!f) fail_msg("%s: %s", full, strerror(errno));
    va_list args;
    va_start(args, format);
    vfprintf(f, format, args);
    va_end(args);
    fclose(f);
}

void drop_file(const char *path) {
    assert_int_equal(unlink(arena_printf(&arena, "%s/%s", root, path)), 0);
}

const char *module_text(const char *id, const char *title, const char *body) {
    return arena_printf(
        &arena,
        "---\nid: %s\ntitle: %s\nsummary: You can do it.\nprogramme: p\nlevel: one\ndomain: d\npersona: all\nminutes: 10\n"
        "objectives:\n  - id: %s-know\n    text: Know it\nprerequisites: []\n---\n%s",
        id, title, id, body);
}

static const char body_a[] =
    "Opening about [scoring](term:lead-scoring).\n\n## First things\n\nText of the first.\n\nWhich one?\n\n"
    "- [ ] Wrong one\n  > SECRETWRONG because.\n- [x] Right one\n  > SECRETRIGHT because.\n\n## Second things\n\nSee [b](b.md#only).\n";

void put_academy(void) {
    put_file(
        "content/p/programme.md",
        "---\nid: p\ntitle: Programme\nbody: Academy\nscheme_version: \"1\"\nsummary: All of it.\ndomains:\n  - {id: d, title: Domain}\n"
        "levels:\n  - id: one\n    title: One\n    summary: First level.\n    scope: Little.\n    requires:\n      modules: [a, b]\n---\nAbout the programme.\n");
    put_file(
        "content/p/glossary.md",
        "---\nid: g\ntitle: Glossary\nprogramme: p\n---\n## Lead scoring (LS)\nPoints for a person. See [MQL](term:mql).\n\n## Qualified lead (MQL)\nGood enough.\n");
    put_file("content/p/modules/a.md", "%s", module_text("a", "Alpha", body_a));
    put_file("content/p/modules/b.md", "%s",
             module_text("b", "Beta", "Only text.\n\n## Only\n\nWords.\n"));
    put_file("content/vendors.txt", "Acme Cloud\nZeta9\n");
}

struct store *open_store(void) {
    struct store *s = NULL;
    const char *why = NULL;
    struct store_options options = {.path = arena_printf(&arena, "%s/t.db", root)};
    if (store_open(&s, &options, &arena, &why) != OK) fail_msg("%s", why);
    return s;
}

struct content *open_content(struct store *s) {
    struct content *c = NULL;
    const char *why = NULL;
    if (content_open(&c, root, s, NULL, &arena, &why) != OK) fail_msg("%s", why);
    return c;
}

struct adding {
    const char *login, *id;
};

static enum err run_add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct adding *add = arg;
    return account_add(db, a, now_ms, "system", add->login, add->login,
                       arena_printf(a, "%s@b.example", add->login), ROLE_LEARNER, NULL, &add->id);
}

const char *add_person(struct store *s, const char *login) {
    struct adding add = {.login = login};
    assert_int_equal(store_write(s, run_add, &add, &arena), OK);
    return add.id;
}
