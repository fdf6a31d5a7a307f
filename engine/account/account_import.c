/* Importing people from a table: recognising columns, checking rows, planning the changes, applying
 * them. */
#include "account/account_import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"
#include "base/text.h"

/* ---- Columns -------------------------------------------------------------------------------- */

enum { LOGIN, NAME, FIRST, LAST, EMAIL, ROLES, COLUMNS };
static const char *const column_names[COLUMNS] = {"login",     "name",  "first name",
                                                  "last name", "email", "roles"};
static const char name_columns[] = "name (or first name and last name)",
                  expected_columns[] =
                      "login, email, and name (or first name and last name); roles may be left out";

/* Headings that other programs use, in lower case and without anything that is no letter. */
static const struct {
    const char *heading;
    int column;
} headings[] = {
    {"login", LOGIN},     {"loginname", LOGIN},      {"username", LOGIN},
    {"user", LOGIN},      {"userid", LOGIN},         {"useraccount", LOGIN},
    {"account", LOGIN},   {"samaccountname", LOGIN}, {"name", NAME},
    {"fullname", NAME},   {"displayname", NAME},     {"firstname", FIRST},
    {"givenname", FIRST}, {"forename", FIRST},       {"lastname", LAST},
    {"surname", LAST},    {"familyname", LAST},      {"email", EMAIL},
    {"mail", EMAIL},      {"emailaddress", EMAIL},   {"primaryemail", EMAIL},
    {"role", ROLES},      {"roles", ROLES},
};

struct reader {
    struct import *import;
    int column[COLUMNS]; /* where each stands in a row; -1: nowhere */
    size_t cells;        /* of the first row, without empty headings at its end */
};

static void finding(struct import *x, struct import_finding f) {
    x->findings = list_more(x->arena, x->findings, x->finding_count, sizeof *x->findings);
    f.order = x->finding_count;
    x->findings[x->finding_count++] = f;
}

static void refuse_file(struct import *x, int line, const char *key, const char *found,
                        const char *expected) {
    finding(
        x, (struct import_finding){.line = line, .key = key, .found = found, .expected = expected});
    x->faulty = SIZE_MAX;
}

static int column_of(struct arena *a, const char *heading) {
    struct buf b;
    buf_init(&b, a);
    for (const char *p = heading; *p; p++) {
        char c = ascii_lower(*p);
        if ((c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80) buf_putc(&b, c);
    }
    for (size_t i = 0; i < COUNT_OF(headings); i++)
        if (str_eq(headings[i].heading, buf_text(&b))) return headings[i].column;
    return -1;
}

/* The beginning of a long text, never a part of a character. */
static void add_quoted(struct buf *b, const char *text) {
    size_t all = strlen(text), len = 0;
    while (len < all && len < 60) len += utf8_length_at(text + len, all - len);
    buf_printf(b, "%s“%.*s”", b->len ? ", " : "", (int)len, text);
}

/* "Name" beside "first name" alone is the family name; beside both first and last name it is the
 * whole name, and they are ignored. */
static void settle_names(struct reader *t) {
    if (t->column[NAME] < 0 || t->column[FIRST] < 0) return;
    if (t->column[LAST] >= 0) t->column[FIRST] = t->column[LAST] = -1;
    else {
        t->column[LAST] = t->column[NAME];
        t->column[NAME] = -1;
    }
}

static bool uses(const struct reader *t, size_t cell) {
    for (int i = 0; i < COLUMNS; i++)
        if (t->column[i] == (int)cell) return true;
    return false;
}

/* RULE import-lacks: the columns that each person needs and the first row does not name, and no
 * other;
 * "" when it names them all. Roles may be left out. */
static const char *missing_columns(const struct reader *t) {
    struct buf b;
    buf_init(&b, t->import->arena);
    bool named = t->column[NAME] >= 0 || (t->column[FIRST] >= 0 && t->column[LAST] >= 0);
    const char *const missing[] = {t->column[LOGIN] < 0 ? column_names[LOGIN] : NULL,
                                   named ? NULL : name_columns,
                                   t->column[EMAIL] < 0 ? column_names[EMAIL] : NULL};
    for (size_t i = 0; i < COUNT_OF(missing); i++)
        if (missing[i]) buf_printf(&b, "%s%s", b.len ? ", " : "", missing[i]);
    return buf_text(&b);
}

/* False when the first row lacks a needed column. A warning names the columns that are not used. */
static bool read_headings(struct reader *t, const struct csv_row *head) {
    struct import *x = t->import;
    struct buf all, unused;
    buf_init(&all, x->arena);
    buf_init(&unused, x->arena);
    t->cells = head->count;
    while (t->cells && !*str_trim(x->arena, head->cells[t->cells - 1])) t->cells--;
    for (int i = 0; i < COLUMNS; i++) t->column[i] = -1;
    for (size_t i = 0; i < t->cells; i++) {
        const char *heading = account_name_clean(x->arena, head->cells[i]);
        int column = column_of(x->arena, heading);
        add_quoted(&all, heading);
        if (column < 0) continue;
        if (t->column[column] >= 0)
            return refuse_file(x, head->line, "import_column_twice", heading, column_names[column]),
                   false;
        t->column[column] = (int)i;
    }
    settle_names(t);
    const char *lacks = missing_columns(t);
    if (*lacks) return refuse_file(x, head->line, "import_columns", buf_text(&all), lacks), false;
    for (size_t i = 0; i < t->cells; i++)
        if (!uses(t, i)) add_quoted(&unused, account_name_clean(x->arena, head->cells[i]));
    if (unused.len)
        finding(x, (struct import_finding){.line = head->line,
                                           .warning = true,
                                           .key = "import_column_unused",
                                           .found = buf_text(&unused)});
    return true;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static void fault(struct import *x, struct import_row *row, const char *key, const char *found,
                  const char *expected, int other_line) {
    finding(x, (struct import_finding){.line = row->line,
                                       .key = key,
                                       .found = found,
                                       .expected = expected,
                                       .other_line = other_line});
    if (!row->faulty) x->faulty++;
    row->faulty = true;
}

static void fault_of(struct import *x, struct import_row *row, const struct account_problem *p) {
    if (p)
        fault(x, row, p->key, p->character ? name_of_character(x->arena, p->character) : NULL, NULL,
              0);
}

/* Checks each field with valid values for the others, so that all faults of a row are reported. */
static void check_person(struct import *x, struct import_row *row) {
    struct arena *a = x->arena;
    static const char login[] = "login", name[] = "Name", email[] = "name@example.org";
    if (row->login) fault_of(x, row, account_person_problem(a, row->login, name, email));
    if (row->name) fault_of(x, row, account_person_problem(a, login, row->name, email));
    if (row->email) fault_of(x, row, account_person_problem(a, login, name, row->email));
}

/* Words between blanks, commas and the like, in any case. Empty: the file says nothing about this
 * person's roles. */
static void read_roles(struct import *x, struct import_row *row, const char *cell) {
    char *roles = arena_dup(x->arena, str_trim(x->arena, cell)), *out = roles;
    for (const char *p = roles; *p; p++) {
        char c = ascii_lower(*p);
        bool gap = strchr(" ,;|+/\t", c) != NULL;
        if (!gap) *out++ = c;
        else if (out > roles && out[-1] != ',') *out++ = ',';
    }
    *out = '\0';
    if (*roles && !account_roles_parse(roles, &row->roles))
        fault(x, row, "import_role", str_trim(x->arena, cell), NULL, 0);
}

static const char *cell_of(struct reader *t, struct import_row *row, const struct csv_row *in,
                           int column) {
    if (t->column[column] < 0) return NULL;
    if ((size_t)t->column[column] < in->count) return in->cells[t->column[column]];
    fault(t->import, row, "import_no_cell", column_names[column], NULL, 0);
    return NULL;
}

static const char *whole_name(struct reader *t, struct import_row *row, const struct csv_row *in) {
    if (t->column[NAME] >= 0) return cell_of(t, row, in, NAME);
    const char *first = cell_of(t, row, in, FIRST), *last = cell_of(t, row, in, LAST);
    if (!first || !last) return NULL;
    struct arena *a = t->import->arena;
    return arena_printf(a, "%s %s", account_name_clean(a, first), account_name_clean(a, last));
}

/* The character of a faulty row's broken cell, by its name. */
static const char *broken_character(struct import *x, const struct csv_row *in) {
    return in->broken ? name_of_character(x->arena, name_bad_character(in->broken)) : NULL;
}

static void take_row(struct reader *t, const struct csv_row *in) {
    struct import *x = t->import;
    x->rows = list_more(x->arena, x->rows, x->count, sizeof *x->rows);
    struct import_row *row = &x->rows[x->count++];
    *row = (struct import_row){.line = in->line};
    if (in->fault) {
        fault(x, row, import_fault_key(in->fault), broken_character(x, in), NULL, 0);
        return;
    }
    row->login = account_login_clean(x->arena, cell_of(t, row, in, LOGIN));
    row->name = account_name_clean(x->arena, whole_name(t, row, in));
    row->email = account_email_clean(x->arena, cell_of(t, row, in, EMAIL));
    const char *roles = cell_of(t, row, in, ROLES);
    for (size_t i = t->cells; i < in->count; i++)
        if (*str_trim(x->arena, in->cells[i])) {
            fault(x, row, "import_more_cells", NULL, NULL, 0);
            break;
        }
    check_person(x, row);
    if (roles) read_roles(x, row, roles);
}

/* ---- Twice in one file ---------------------------------------------------------------------- */

struct keyed {
    const char *key;
    size_t row;
};

static int by_key(const void *a, const void *b) {
    const struct keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void find_twice(struct import *x, bool email) {
    struct keyed *keys = NEW_ARRAY(x->arena, struct keyed, x->count);
    size_t n = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct import_row *row = &x->rows[i];
        const char *key = !email       ? row->login
                          : row->email ? account_email_key(x->arena, row->email)
                                       : NULL;
        if (key && *key) keys[n++] = (struct keyed){key, i};
    }
    if (n) qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 1; i < n; i++)
        if (str_eq(keys[i].key, keys[i - 1].key)) {
            struct import_row *row = &x->rows[keys[i].row];
            fault(x, row, email ? "import_email_twice" : "import_login_twice",
                  email ? row->email : row->login, NULL, x->rows[keys[i - 1].row].line);
        }
}

static int by_line(const void *a, const void *b) {
    const struct import_finding *x = a, *y = b;
    if (x->line != y->line) return (x->line > y->line) - (x->line < y->line);
    return (x->order > y->order) - (x->order < y->order);
}

const char *import_fault_key(enum csv_fault fault) {
    switch (fault) {
    case CSV_FINE: return NULL;
    case CSV_WORKBOOK: return "import_workbook";
    case CSV_NOT_TEXT: return "import_not_text";
    case CSV_QUOTE_OPEN: return "import_quote_open";
    case CSV_QUOTE_INSIDE: return "import_quote_inside";
    case CSV_WIDE: return "import_wide";
    case CSV_BYTES: return "import_bytes";
    }
    BUG("an unknown fault of a table");
}

/* The rows that are not empty, the headings first; NULL when there are more than `limit`. */
static struct csv_row *rows_of(struct arena *a, const char *text, size_t len, size_t limit,
                               size_t *count) {
    struct csv csv;
    struct csv_row row, *list = list_more(a, NULL, 0, sizeof *list);
    csv_begin_any(&csv, a, text, len);
    for (*count = 0; csv_next(&csv, &row);) {
        if (csv_row_empty(&row)) continue;
        if (*count == limit) return NULL;
        list = list_more(a, list, *count, sizeof *list);
        list[(*count)++] = row;
    }
    return list;
}

void import_read(struct import *x, const void *bytes, size_t len, size_t row_limit) {
    struct reader t = {.import = x};
    enum csv_fault fault;
    size_t text_len, count;
    const char *text = csv_text(x->arena, bytes, len, &text_len, &fault);
    if (!text) {
        refuse_file(x, 1, import_fault_key(fault), NULL, NULL);
        return;
    }
    struct csv_row *rows = rows_of(x->arena, text, text_len, row_limit + 1, &count);
    if (!rows) {
        refuse_file(x, 1, "import_rows", NULL, arena_printf(x->arena, "%zu", row_limit));
        return;
    }
    if (count == 0) refuse_file(x, 1, "import_empty", NULL, expected_columns);
    else if (rows[0].fault)
        refuse_file(x, rows[0].line, import_fault_key(rows[0].fault), broken_character(x, &rows[0]),
                    NULL);
    else if (read_headings(&t, &rows[0])) {
        for (size_t i = 1; i < count; i++) take_row(&t, &rows[i]);
        if (x->count == 0) refuse_file(x, rows[0].line, "import_nobody", NULL, NULL);
        find_twice(x, false);
        find_twice(x, true);
    }
}

/* ---- Plan ----------------------------------------------------------------------------------- */

static bool equals(const struct import_row *row) {
    return str_eq(row->name, row->was.name) && str_eq(row->email, row->was.email) &&
           (!row->roles || row->roles == row->was.roles);
}

/* RULE four-eyes, as on the pages of one person. */
static enum err check_four_eyes(struct import *x, struct db *db, struct import_row *row) {
    const char *conflict = NULL;
    bool decides = row->roles && (row->roles ^ row->was.roles) & ~(unsigned)ROLE_LEARNER;
    if (!x->actor || (!decides && str_eq(row->name, row->was.name))) return OK;
    enum err e = account_conflict(db, x->actor, row->was.id, &conflict);
    if (e == OK && conflict) fault(x, row, account_refusal(conflict), NULL, NULL, 0);
    return e;
}

static enum err plan_row(struct import *x, struct db *db, struct import_row *row) {
    struct person other;
    enum err e = account_taken(db, x->arena, row->login, NULL, NULL, &row->was);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    bool there = e == OK;
    row->action = !there ? IMPORT_ADD : equals(row) ? IMPORT_SAME : IMPORT_UPDATE;
    if (there && !x->update) fault(x, row, "import_login_taken", row->login, NULL, 0);
    if (row->action == IMPORT_UPDATE && (e = check_four_eyes(x, db, row)) != OK) return e;
    e = account_taken(db, x->arena, NULL, row->email, there ? row->was.id : NULL, &other);
    if (e == OK) fault(x, row, "import_email_taken", row->email, other.login, 0);
    return e == ERR_NOT_FOUND ? OK : e;
}

bool import_changes_privileges(const struct import *x) {
    for (size_t i = 0; i < x->count; i++) {
        const struct import_row *row = &x->rows[i];
        unsigned was = row->action == IMPORT_ADD ? (unsigned)ROLE_LEARNER : row->was.roles;
        if (row->roles && (row->roles ^ was) & ~(unsigned)ROLE_LEARNER) return true;
    }
    return false;
}

enum err import_plan(struct import *x, struct db *db) {
    enum err e = OK;
    x->added = x->updated = x->same = 0;
    if (x->faulty == SIZE_MAX) return OK;
    for (size_t i = 0; e == OK && i < x->count; i++) {
        struct import_row *row = &x->rows[i];
        if (!row->login || !row->name || !row->email || row->faulty) {
            /* Also reports a taken login of a faulty row. */
            struct person other;
            if (!row->login || x->update) continue;
            e = account_taken(db, x->arena, row->login, NULL, NULL, &other);
            if (e == OK) fault(x, row, "import_login_taken", row->login, NULL, 0);
            if (e == ERR_NOT_FOUND) e = OK;
            continue;
        }
        e = plan_row(x, db, row);
        x->added += row->action == IMPORT_ADD;
        x->updated += row->action == IMPORT_UPDATE;
        x->same += row->action == IMPORT_SAME;
    }
    if (x->finding_count) qsort(x->findings, x->finding_count, sizeof *x->findings, by_line);
    return e;
}

/* ---- Doing it ------------------------------------------------------------------------------- */

enum err import_apply(struct import *x, struct db *db, int64_t now_ms, const char *actor) {
    enum err e = OK;
    const char *id;
    for (size_t i = 0; e == OK && i < x->count; i++) {
        struct import_row *row = &x->rows[i];
        if (row->action == IMPORT_ADD)
            e = row->hash
                    ? account_add(db, x->arena, now_ms, actor, row->login, row->name, row->email,
                                  row->roles ? row->roles : ROLE_LEARNER, row->hash, &id)
                    : ERR_CONFLICT;
        if (row->action == IMPORT_ADD && e == OK) e = account_password_issued(db, id);
        if (e != OK || row->action != IMPORT_UPDATE) continue;
        e = account_set_fields(db, x->arena, now_ms, actor, &row->was, row->name, row->email);
        if (e == OK && row->roles && row->roles != row->was.roles)
            e = account_set_roles(db, x->arena, now_ms, actor, row->was.id, row->roles);
    }
    return e;
}
