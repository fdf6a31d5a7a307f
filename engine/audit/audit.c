/* The chain: how a row's hash is made, appended, and read again. */
#include "audit/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"

static const char no_hash[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* What a head file and a commit hook carry. */
struct head {
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
};
_Static_assert(sizeof(struct head) <= STORE_COMMIT_BYTES, "the store passes it on by value");

static const char *head_path(struct arena *a, const char *database) {
    return arena_printf(a, "%s" STORE_HEAD_SUFFIX, database);
}

static const char *row_hash(struct arena *a, const struct audit_row *row, const char *before) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "[%" PRId64 ",%" PRId64 ",", row->seq, row->at_ms);
    buf_json(&b, row->actor);
    buf_putc(&b, ',');
    buf_json(&b, row->action);
    buf_putc(&b, ',');
    buf_json(&b, row->subject);
    buf_putc(&b, ',');
    if (row->detail) buf_json(&b, row->detail);
    else buf_puts(&b, "null");
    buf_printf(&b, ",\"%s\"]", before);
    return sha256_hex(a, b.data, b.len);
}

/* ---- Appending ------------------------------------------------------------------------------ */

/* After COMMIT. A head that cannot be written stays behind, which is allowed; the log tells. */
static void write_head(const char *database, const void *bytes, size_t len) {
    BUG_IF(len != sizeof(struct head));
    const struct head *head = bytes;
    struct arena a;
    arena_init(&a, 256 * 1024);
    const char *path = head_path(&a, database);
    const char *text = arena_printf(&a, "%" PRId64 " %s\n", head->seq, head->hash);
    if (!file_write(path, text, strlen(text), 0600))
        log_say(LOG_WARN, "audit_head", "%s cannot be written: %s", path, strerror(errno));
    arena_release(&a);
}

enum err audit_append(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                      const char *action, const char *subject, const char *detail) {
    BUG_IF(!actor || !action || !subject);
    if (detail && strlen(detail) > AUDIT_DETAIL_MAX) return ERR_LIMIT;
    struct audit_row row = {.seq = 1,
                            .at_ms = now_ms,
                            .actor = actor,
                            .action = action,
                            .subject = subject,
                            .detail = detail};
    const char *before = no_hash;
    struct stmt *q;
    enum err e;
    if (db_one(db, &q, &e, SQL_audit_last, "")) {
        row.seq = stmt_int(q, 0) + 1;
        before = stmt_text(q, 1, a);
        e = stmt_end(q);
    } else if (e == ERR_NOT_FOUND) e = OK;
    if (e != OK) return e;
    row.hash = row_hash(a, &row, before);
    e = db_run(db, SQL_audit_add, "iittttt", row.seq, row.at_ms, actor, action, subject, detail,
               row.hash);
    if (e != OK) return e;
    struct head head;
    memset(&head, 0, sizeof head);
    head.seq = row.seq;
    memcpy(head.hash, row.hash, sizeof head.hash);
    db_on_commit(db, write_head, &head, sizeof head);
    return OK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static struct audit_row read_row(struct stmt *q, struct arena *a) {
    return (struct audit_row){.seq = stmt_int(q, 0),
                              .at_ms = stmt_int(q, 1),
                              .actor = stmt_text(q, 2, a),
                              .action = stmt_text(q, 3, a),
                              .subject = stmt_text(q, 4, a),
                              .detail = stmt_text(q, 5, a),
                              .hash = stmt_text(q, 6, a)};
}

enum err audit_list(struct db *db, struct arena *a, const char *subject, int64_t before_seq,
                    int limit, struct audit_row **rows, size_t *count) {
    BUG_IF(limit < 1 || limit > 1000);
    *rows = NEW_ARRAY(a, struct audit_row, (size_t)limit);
    *count = 0;
    int64_t before = before_seq > 0 ? before_seq : INT64_MAX;
    struct stmt *q = subject ? db_query(db, SQL_audit_newest_of_subject, "tii", subject, before,
                                        (int64_t)limit)
                             : db_query(db, SQL_audit_newest, "ii", before, (int64_t)limit);
    while (*count < (size_t)limit && stmt_row(q)) (*rows)[(*count)++] = read_row(q, a);
    return stmt_end(q);
}

/* 1 read, 0 none there, -1 unreadable. */
static int read_head(struct arena *a, const char *path, struct head *head) {
    size_t len;
    char *text = file_read(a, path, 1024, &len);
    if (!text) return errno == ENOENT ? 0 : -1;
    char *blank = strchr(text, ' ');
    if (!blank || len < SHA256_HEX_BYTES || text[len - 1] != '\n') return -1;
    *blank = '\0';
    text[len - 1] = '\0';
    if (!parse_i64(text, 1, INT64_MAX, &head->seq) || strlen(blank + 1) != SHA256_HEX_BYTES - 1)
        return -1;
    memcpy(head->hash, blank + 1, SHA256_HEX_BYTES);
    return 1;
}

/* The chain as it is walked. */
struct walk {
    struct stmt *q;
    const struct head *head; /* NULL: none to compare with */
    int64_t expected;        /* number of the row that must come next */
    char before[SHA256_HEX_BYTES];
};

static const char *check_row(struct walk *w, struct arena *scratch) {
    struct audit_row row = read_row(w->q, scratch);
    if (row.seq > w->expected) return "is missing";
    if (row.seq < w->expected) return "stands where no row may stand";
    if (!row.actor || !row.action || !row.subject || !row.hash ||
        !str_eq(row.hash, row_hash(scratch, &row, w->before)))
        return "was changed, or put in another's place";
    if (w->head && w->head->seq == row.seq && !str_eq(w->head->hash, row.hash))
        return "is not the row that was written (its hash differs from the head file)";
    memcpy(w->before, row.hash, sizeof w->before);
    w->expected++;
    return NULL;
}

/* A row in memory of its own, so that a log of any length can be read; a row that is too large
 * was not written by us. */
static const char *check_row_within(struct walk *w) {
    struct arena scratch;
    arena_init(&scratch, 64 * AUDIT_DETAIL_MAX);
    const char *volatile problem = "is larger than any that is written";
    if (ARENA_GUARD(&scratch) == 0) problem = check_row(w, &scratch);
    arena_release(&scratch);
    return problem;
}

/* Whoever reads in a snapshot may find the head ahead of it, since the log has grown meanwhile. Looks
 * at the newest state: true when the head's row is there. */
static bool head_is_there(struct arena *a, const char *database, const struct head *head) {
    struct store *s = NULL;
    const char *ignored = NULL;
    struct store_options options = {.path = database, .read_only = true};
    if (store_open(&s, &options, a, &ignored) != OK) return false;
    struct db *db = store_reader(s);
    bool there = false;
    if (db) {
        struct stmt *q = db_query(db, SQL_audit_chain, "i", head->seq);
        if (stmt_row(q)) {
            struct audit_row row = read_row(q, a);
            there = row.seq == head->seq && str_eq(row.hash, head->hash);
        }
        if (stmt_end(q) != OK) there = false;
    }
    store_close(s, 0);
    return there;
}

enum err audit_verify(struct db *db, struct arena *a, struct audit_report *out) {
    memset(out, 0, sizeof *out);
    struct head head;
    const char *path = head_path(a, db_path(db));
    int found = read_head(a, path, &head);
    out->head_checked = found == 1;
    struct walk w = {.head = found == 1 ? &head : NULL, .expected = 1};
    memcpy(w.before, no_hash, sizeof w.before);
    const char *problem = NULL;
    /* From the smallest number there is: a row 0 or -1 would be somebody else's. */
    w.q = db_query(db, SQL_audit_chain, "i", INT64_MIN);
    while (!problem && stmt_row(w.q)) problem = check_row_within(&w);
    enum err e = stmt_end(w.q);
    if (e != OK) return e;
    out->rows = w.expected - 1;
    memcpy(out->head, w.before, sizeof out->head);
    if (problem) {
        out->first_bad = w.expected;
        out->problem = arena_printf(a, "Row %" PRId64 " of the audit log %s.", w.expected, problem);
    } else if (found == 1 && head.seq > out->rows && !head_is_there(a, db_path(db), &head)) {
        out->first_bad = w.expected;
        out->problem = arena_printf(a,
                                    "The audit log ends with row %" PRId64 ", but row %" PRId64
                                    " was written (%s): its end was cut off.",
                                    out->rows, head.seq, path);
    } else if (found < 0) {
        out->problem = arena_printf(
            a, "%s is not a head that Gradus wrote: a cut tail cannot be seen.", path);
    }
    return out->problem ? ERR_INVALID : OK;
}
