/* The English sentences of the command line. A test compares them with the English catalogue. */
#include <string.h>

#include "account/account_import.h"
#include "base/name.h"
#include "base/text.h"

#define DIGITS(n) #n
#define AS_TEXT(n) DIGITS(n)

static const struct {
    const char *key, *sentence;
} sentences[] = {
    {"account_problem_login", "A user name has " AS_TEXT(ACCOUNT_LOGIN_MIN) " to " AS_TEXT(
                                  ACCOUNT_LOGIN_MAX) " letters from a to z, digits, dots, hyphens "
                                                     "or underscores; their case does not matter."},
    {"account_problem_no_name", "The name is missing."},
    {"account_problem_name_hidden", "The name holds a character that cannot be printed ({found}). "
                                    "Type the name again, without copying it."},
    {"account_problem_name_long",
     "The name is longer than " AS_TEXT(ACCOUNT_NAME_LIMIT) " characters."},
    {"account_problem_email", "The email address is not valid."},
    {"account_problem_password_short",
     "The password needs at least " AS_TEXT(
         ACCOUNT_PASSWORD_MIN) " characters. Four unrelated words make a good one."},
    {"account_problem_password_long",
     "The password is longer than " AS_TEXT(ACCOUNT_PASSWORD_MAX) " characters."},
    {"account_problem_password_login", "The password may not contain the user name."},
    {"account_problem_password_common",
     "This password is on every list of common passwords. Choose another."},
    {"account_problem_password_repeated", "The password repeats one piece. Choose another."},
    {"import_workbook",
     "This is a spreadsheet’s own file. Save it as CSV (UTF-8) there, and import that."},
    {"import_not_text", "This is not a text file. Save the table as CSV (UTF-8) and import that."},
    {"import_empty", "The file is empty. The first row must name the columns: {expected}."},
    {"import_columns", "The first row names {found}. It must also name {expected}."},
    {"import_column_twice",
     "The column {found} is the second one with the {expected}. Remove or rename one of them."},
    {"import_column_unused", "Not used: {found}."},
    {"import_nobody", "The file names no people: there is no row below the first."},
    {"import_rows", "The file has more than {expected} rows. Divide it."},
    {"import_quote_open", "A quoted cell does not end."},
    {"import_quote_inside", "A quoted cell does not end, or holds a quote that is not doubled."},
    {"import_wide", "The row has more cells than this takes."},
    {"import_bytes", "A cell holds bytes that are not UTF-8 ({found}). Save the table as CSV "
                     "(UTF-8) and import that."},
    {"import_no_cell", "The row has no cell for “{found}”."},
    {"import_more_cells", "The row has more cells than the first one: a separator in a cell needs "
                          "quotes around the cell."},
    {"import_role", "“{found}” is no role. The roles are learner, instructor, assessor, admin."},
    {"import_login_twice", "The user name “{found}” stands in line {line} already."},
    {"import_email_twice", "The address “{found}” stands in line {line} already."},
    {"import_login_taken",
     "The user name “{found}” is taken. To change people who are there already, ask for it."},
    {"import_email_taken", "The address “{found}” belongs to “{expected}” already."},
};

static bool put(struct buf *b, const char **at, const char *name, const char *value) {
    size_t n = strlen(name);
    if (strncmp(*at, name, n) != 0) return false;
    if (value) buf_puts(b, value);
    *at += n;
    return true;
}

const char *account_english(struct arena *a, const char *key, const char *found,
                            const char *expected, int line) {
    const char *sentence = key, *number = arena_printf(a, "%d", line);
    for (size_t i = 0; i < COUNT_OF(sentences); i++)
        if (str_eq(sentences[i].key, key)) sentence = sentences[i].sentence;
    struct buf b;
    buf_init(&b, a);
    for (const char *p = sentence; *p;)
        if (!put(&b, &p, "{found}", found) && !put(&b, &p, "{expected}", expected) &&
            !put(&b, &p, "{line}", number))
            buf_putc(&b, *p++);
    return buf_text(&b);
}

const char *account_problem_english(struct arena *a, const struct account_problem *problem) {
    return account_english(a, problem->key,
                           problem->character ? name_of_character(a, problem->character) : NULL,
                           NULL, 0);
}
