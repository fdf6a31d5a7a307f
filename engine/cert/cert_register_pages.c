/* The register of certificates: search, revoke, suspend, reinstate. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert_private.h"

#define PAGE_SIZE 50

static const char *const kinds[] = {"revoked", "suspended", "reinstated"};

static enum err show_register(struct request *r, int status_code, const char *problem,
                              const char *number, const char *reason) {
    const char *match = http_query(r, "q"), *after = number ? NULL : http_query(r, "after");
    struct cert_register found;
    if (number) match = number; /* after a refusal: the one that it was about */
    if (match && !*match) match = NULL;
    enum err e = cert_register(r->db, r->arena, match, after, r->now_ms, PAGE_SIZE, &found);
    if (e != OK) return e;
    struct cert_summary *list = found.list;
    struct view *v = view_new(r->arena), *items = view_list(v, "certificates");
    for (size_t i = 0; i < found.count; i++) {
        struct view *item = view_item(items);
        e = cert_view_summary(r, item, &list[i]);
        if (e != OK) return e;
        bool own = str_eq(list[i].person_id, r->who->person_id);
        view_bool(item, "may_change", !own && !str_eq(list[i].state, "revoked"));
        bool chosen = number && str_eq(number, list[i].number);
        view_bool(item, "chosen", chosen);
        view_text(item, "reason", chosen ? reason : NULL);
        for (size_t k = 0; chosen && k < COUNT_OF(kinds); k++)
            view_bool(item, arena_printf(r->arena, "chose_%s", kinds[k]),
                      str_eq(http_field(r, "change"), kinds[k]));
    }
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/assess", cert_queue_title(r));
    view_crumb(crumbs, NULL, cert_text(r, "cert_register_title", NULL));
    view_text(v, "title", cert_text(r, "cert_register_title", NULL));
    view_bool(v, "layout_wide", true);
    view_text(v, "q", match ? match : "");
    view_bool(v, "empty", found.count == 0 && !found.next);
    if (match) view_text(v, "q_part", percent_encode(r->arena, match, ""));
    if (after) view_bool(v, "later", true);
    if (found.next) view_text(v, "next", percent_encode(r->arena, found.next, ""));
    view_text(v, "problem", problem);
    const char *done = http_query(r, "done");
    if (!problem && done &&
        (str_eq(done, "revoked") || str_eq(done, "suspended") || str_eq(done, "reinstated")))
        view_text(v, "notice", cert_text(r, arena_printf(r->arena, "cert_done_%s", done), NULL));
    return http_page_status(r, status_code, "cert_register", v);
}

/* ---- As a file for spreadsheets -------------------------------------------------------------- */
#define EXPORT_AT_ONCE 1000
#define EXPORT_BYTES ((size_t)16 << 20) /* of memory for so many */

void cert_csv_field(struct buf *b, const char *text, const char *after) {
    bool begins = true;
    buf_putc(b, '"');
    for (; *text; text++) {
        if (begins && strchr("=+-@\t\r", *text)) buf_putc(b, '\'');
        begins = strchr(";,|\t\r\n", *text) || (begins && strchr(" \"'", *text));
        if (*text == '"') buf_putc(b, '"');
        buf_putc(b, *text);
    }
    buf_putc(b, '"');
    buf_puts(b, after);
}

static void csv_row(struct request *r, struct buf *b, struct arena *a,
                    const struct cert_summary *c) {
    const char *state = page_text(r->app->site, r->locale,
                                  arena_printf(a, "cert_state_%s", c->state), NULL, a);
    cert_csv_field(b, c->number, ",");
    cert_csv_field(b, c->holder, ",");
    cert_csv_field(b, c->title, ",");
    cert_csv_field(b, state, ",");
    cert_csv_field(b, time_iso_date(a, c->issued_ms), ",");
    cert_csv_field(b, c->valid_until_ms ? time_iso_date(a, c->valid_until_ms) : "", "\r\n");
}

/* Writes the rows from `*next` on (NULL: the first), and says where those after them begin: NULL at
 * the end, else for free(). In memory of its own, which is given back: the answer may be of any
 * length, and a read that is under way is never left. */
static enum err csv_rows(struct request *r, struct db *db, struct http_spool *out,
                         const char *match, char **next) {
    struct cert_register found = {0};
    struct arena rows;
    struct buf b;
    char *volatile behind = NULL;
    volatile enum err e = OK;
    arena_init(&rows, EXPORT_BYTES);
    if (ARENA_GUARD(&rows) == 0) {
        buf_init(&b, &rows);
        e = cert_register(db, &rows, match, *next, r->now_ms, EXPORT_AT_ONCE, &found);
        for (size_t i = 0; e == OK && i < found.count; i++) {
            e = cert_state_logged(db, &rows, &found.list[i]);
            csv_row(r, &b, &rows, &found.list[i]);
        }
        if (e == OK) e = http_spool_write(out, b.data, b.len);
        if (e == OK && found.next && !(behind = strdup(found.next))) e = ERR_BUSY;
    } else e = rows.starved ? ERR_BUSY : ERR_LIMIT;
    arena_release(&rows);
    free(*next);
    *next = behind;
    return e;
}

static enum err csv_head(struct request *r, struct http_spool *out) {
    static const char *const columns[] = {"cert_col_number", "cert_col_holder", "cert_col_level",
                                          "cert_col_state",  "cert_issued",     "cert_until"};
    struct buf b;
    buf_init(&b, r->arena);
    for (size_t i = 0; i < COUNT_OF(columns); i++)
        cert_csv_field(&b, cert_text(r, columns[i], NULL),
                       i + 1 < COUNT_OF(columns) ? "," : "\r\n");
    return http_spool_write(out, b.data, b.len);
}

struct export {
    struct http_spool file;
    const char *match;
};

/* RULE export-bounded: a file of all certificates takes no more memory than one of a thousand, and
 * no thread that answers others. */
static enum err write_export(struct request *r, void *arg) {
    struct export *x = arg;
    struct db *db = store_reader(r->app->store);
    char *next = NULL;
    enum err e;
    if (!db) return ERR_BUSY;
    store_read_begin(db);
    do e = csv_rows(r, db, &x->file, x->match, &next);
    while (e == OK && next);
    store_read_end(db);
    free(next);
    return e;
}

static enum err send_export(struct request *r, void *arg, enum err result) {
    struct export *x = arg;
    if (result != OK) return result;
    http_save_as(r, "certificates.csv");
    http_header_out(r, "Cache-Control", "private, no-store");
    return http_spool_send(&x->file, "text/csv; charset=utf-8");
}

static enum err export_register(struct request *r) {
    struct export *x = NEW(r->arena, struct export);
    const char *match = http_query(r, "q");
    x->match = match && *match ? match : NULL;
    enum err e = http_spool_begin(&x->file, r);
    if (e == OK) e = csv_head(r, &x->file);
    return e == OK ? http_offload(r, r->app->certs->checkers, write_export, x, send_export) : e;
}

enum err cert_certificates_page(struct request *r) {
    if (str_eq(http_query(r, "format"), "csv")) return export_register(r);
    return show_register(r, 200, NULL, NULL, NULL);
}

static enum err after_change(struct request *r, void *arg, enum err result) {
    struct cert_change_status *c = arg;
    if (result == OK)
        return http_redirect(r, arena_printf(r->arena, "/assess/certificates?q=%s&done=%s",
                                             c->number, kinds[c->change]));
    if (result == ERR_NOT_FOUND) return http_refuse(r, result, "cert_error_no_certificate", NULL);
    if (!c->refusal) return result;
    return show_register(r, cert_refusal_status(result), cert_text(r, c->refusal, NULL), c->number,
                         c->reason);
}

static enum err look_at(struct request *r, const struct cert_change_status *c) {
    struct cert_register found;
    enum err e = cert_register(r->db, r->arena, c->number, NULL, r->now_ms, 1, &found);
    if (e != OK) return e;
    if (!found.count) return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_certificate", NULL);
    return cert_look_again(
        r, &(struct cert_look){
               .action = arena_printf(r->arena, "/assess/certificates/%s/status", c->number),
               .field = "change",
               .what = kinds[c->change],
               .name = found.list[0].holder,
               .title = found.list[0].title,
               .number = c->number,
               .reason = c->reason});
}

enum err cert_status_post(struct request *r) {
    const char *wanted = http_field(r, "change"), *number = cert_number_read(r->arena, r->param[0]);
    struct cert_change_status *c = NEW(r->arena, struct cert_change_status);
    if (!number) return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_certificate", NULL);
    c->app = r->app;
    c->number = number;
    c->actor_id = r->who->person_id;
    c->reason = http_field(r, "reason");
    if (http_field(r, "back")) return show_register(r, 200, NULL, number, c->reason);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_eq(wanted, kinds[i])) {
            c->change = (enum cert_change)i;
            if (http_field(r, "look") && cert_reason_fits(c->reason)) return look_at(r, c);
            return http_write(r, cert_change_status, c, after_change);
        }
    return show_register(r, 422, cert_text(r, "cert_refusal_change", NULL), number, c->reason);
}
