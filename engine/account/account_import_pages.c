/* Importing people in the browser: upload a file, preview the changes, confirm. The server stores
 * nothing in between: the page carries the text, which is read and planned again. */
#include <string.h>

#include "account/account_import.h"
#include "account/account_private.h"
#include "base/text.h"

#define SHOWN 100                    /* rows and findings of a preview */
#define FILE_LIMIT ((size_t)1 << 20) /* bytes; 2,000 people have 200 KB */

struct upload {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct import import;
    const char *actor, *text;
    size_t text_len;
};

static const char *text_of(struct request *r, const char *key, struct view *v) {
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

static void add_findings(struct request *r, const struct import *x, struct view *v) {
    struct view *errors = view_list(v, "faults"), *notes = view_list(v, "notes");
    size_t shown = 0;
    for (size_t i = 0; i < x->finding_count; i++) {
        const struct import_finding *f = &x->findings[i];
        if (!f->warning && ++shown > SHOWN) continue;
        struct view *item = view_item(f->warning ? notes : errors), *given = view_new(r->arena);
        view_text(given, "found", f->found);
        view_text(given, "expected", f->expected);
        view_int(given, "line", f->other_line);
        view_int(given, "login_min", ACCOUNT_LOGIN_MIN);
        view_int(given, "login_max", ACCOUNT_LOGIN_MAX);
        view_int(given, "name_max", ACCOUNT_NAME_LIMIT);
        view_int(item, "at", f->line);
        view_text(item, "text", text_of(r, f->key, given));
    }
    if (shown > SHOWN) view_int(v, "faults_more", (int64_t)(shown - SHOWN));
}

static void add_rows(const struct import *x, struct view *v) {
    struct view *list = view_list(v, "rows");
    for (size_t i = 0; i < x->count && i < SHOWN; i++) {
        const struct import_row *row = &x->rows[i];
        struct view *item = view_item(list);
        unsigned roles = row->roles                  ? row->roles
                         : row->action == IMPORT_ADD ? (unsigned)ROLE_LEARNER
                                                     : row->was.roles;
        view_text(item, "login", row->login);
        view_text(item, "name", row->name);
        view_text(item, "email", row->email);
        view_bool(item, "is_learner", roles & ROLE_LEARNER);
        view_bool(item, "is_instructor", roles & ROLE_INSTRUCTOR);
        view_bool(item, "is_assessor", roles & ROLE_ASSESSOR);
        view_bool(item, "is_admin", roles & ROLE_ADMIN);
        view_bool(item, "adds", row->action == IMPORT_ADD);
        view_bool(item, "stays", row->action == IMPORT_SAME);
        bool updates = row->action == IMPORT_UPDATE;
        view_bool(item, "updates", updates);
        if (updates && !str_eq(row->name, row->was.name))
            view_text(item, "name_was", row->was.name);
        if (updates && !str_eq(row->email, row->was.email))
            view_text(item, "email_was", row->was.email);
        if (updates && row->roles && row->roles != row->was.roles)
            view_bool(item, "roles_change", true);
    }
    if (x->count > SHOWN) view_int(v, "rows_more", (int64_t)(x->count - SHOWN));
}

static struct view *page_view(struct request *r) {
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", text_of(r, "admin_title", NULL));
    view_crumb(crumbs, "/admin/people", text_of(r, "admin_people_title", NULL));
    view_crumb(crumbs, NULL, text_of(r, "import_title", NULL));
    view_text(v, "title", text_of(r, "import_title", NULL));
    view_int(v, "row_limit", IMPORT_ROWS_PAGE);
    view_bool(v, "layout_wide", true);
    return v;
}

static enum err form(struct request *r, const char *problem) {
    struct view *v = page_view(r);
    view_bool(v, "asks", true);
    view_bool(v, "update", http_field(r, "update") != NULL);
    if (problem) view_text(v, "problem", text_of(r, problem, v));
    return http_page_status(r, problem ? 400 : 200, "account_import", v);
}

enum err account_import_page(struct request *r) { return form(r, NULL); }

static enum err preview(struct request *r, struct upload *u, const char *problem) {
    struct import *x = &u->import;
    struct view *v = page_view(r);
    bool good = x->faulty == 0, work = x->added + x->updated > 0;
    view_int(v, "added", (int64_t)x->added);
    view_int(v, "updated", (int64_t)x->updated);
    view_int(v, "same", (int64_t)x->same);
    view_bool(v, "update", x->update);
    add_findings(r, x, v);
    if (good) {
        struct view *plan = view_object(v, "plan");
        add_rows(x, plan);
        view_bool(plan, "work", work);
        view_text(plan, "text", work ? u->text : NULL);
    } else view_bool(v, "asks", true);
    if (problem) view_text(v, "problem", text_of(r, problem, NULL));
    else if (!good) view_text(v, "problem", text_of(r, "import_refused", NULL));
    http_header_out(r, "Cache-Control", "no-store");
    return http_page_status(r, good && !problem ? 200 : 400, "account_import", v);
}

/* ---- Doing it ------------------------------------------------------------------------------- */

static enum err store_people(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct upload *u = arg;
    size_t before = u->import.finding_count;
    enum err e = account_recheck_roles(db, a, u->actor, ROLE_ADMIN);
    if (e == OK) e = import_plan(&u->import, db);
    if (e == OK && u->import.finding_count > before) return ERR_CONFLICT;
    return e == OK ? import_apply(&u->import, db, now_ms, u->actor) : e;
}

static enum err stored(struct request *r, void *arg, enum err result) {
    struct upload *u = arg;
    struct import *x = &u->import;
    if (result == ERR_CONFLICT) return preview(r, u, "import_changed");
    if (result != OK) return result;
    struct view *v = page_view(r), *done = view_object(v, "done");
    view_int(v, "added", (int64_t)x->added);
    view_int(v, "updated", (int64_t)x->updated);
    view_int(v, "same", (int64_t)x->same);
    struct buf passwords;
    buf_init(&passwords, r->arena);
    for (size_t i = 0; i < x->count; i++)
        if (x->rows[i].action == IMPORT_ADD)
            buf_printf(&passwords, "%s,%s\n", x->rows[i].login, x->rows[i].password);
    if (passwords.len) view_text_personal(done, "passwords", buf_text(&passwords));
    http_header_out(r, "Cache-Control", "no-store");
    return http_page(r, "account_import", v);
}

static enum err hashed(struct request *r, void *arg, enum err result) {
    struct upload *u = arg;
    if (result != OK) return result;
    if (u->hash.issued_count && !u->hash.issued_made) return ERR_BUSY;
    for (size_t i = 0, n = 0; i < u->import.count; i++) {
        struct import_row *row = &u->import.rows[i];
        if (row->action != IMPORT_ADD) continue;
        row->password = u->hash.issued[n];
        row->hash = u->hash.issued_made[n++];
    }
    return http_write(r, store_people, u, stored);
}

static enum err do_it(struct request *r, void *arg) {
    struct upload *u = arg;
    u->hash.issued = NEW_ARRAY(r->arena, const char *, u->import.added + 1);
    for (; u->hash.issued_count < u->import.added; u->hash.issued_count++)
        u->hash.issued[u->hash.issued_count] = account_random_password(r->arena);
    return http_wait(r, account_hash_start, u, hashed);
}

/* The page carries the text to the confirmation in a form field, where it is UTF-8 with CR LF at
 * the ends of lines: that must still fit. */
static bool too_large(const char *text, size_t len) {
    size_t carried = len;
    for (size_t i = 0; i < len; i++) carried += text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
    return carried > FILE_LIMIT;
}

/* The file of the form, or the text that the preview carried. */
static const void *given(struct request *r, size_t *len) {
    const char *text = http_field(r, "text");
    *len = text ? strlen(text) : 0;
    return text ? (const void *)text : http_file(r, "file", len, NULL);
}

enum err account_import_post(struct request *r) {
    struct upload *u = NEW(r->arena, struct upload);
    size_t len = 0;
    enum csv_fault fault;
    const void *bytes = given(r, &len);
    if (!bytes || len == 0) return form(r, "import_no_file");
    if (len > FILE_LIMIT) return form(r, "import_large");
    u->actor = r->who->person_id;
    u->import = (struct import){
        .arena = r->arena, .update = http_field(r, "update") != NULL, .actor = u->actor};
    u->text = csv_text(r->arena, bytes, len, &u->text_len, &fault);
    if (u->text && too_large(u->text, u->text_len)) return form(r, "import_large");
    import_read(&u->import, bytes, len, IMPORT_ROWS_PAGE);
    enum err e = import_plan(&u->import, r->db);
    if (e != OK) return e;
    bool confirmed = http_field(r, "confirmed") != NULL && u->import.faulty == 0;
    if (!confirmed) return preview(r, u, NULL);
    static const char *const fields[] = {"text", "update", "confirmed", NULL};
    return import_changes_privileges(&u->import) ? account_reauthenticate(r, fields, do_it, u)
                                                 : do_it(r, u);
}
