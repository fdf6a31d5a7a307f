/* A small academy in a folder of its own, for the tests of this room. */
#ifndef GR_TEST_CONTENT_FIXTURE_H
#define GR_TEST_CONTENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "content/content_private.h"
#include "content/content_progress.h"
#include "content/content_search.h"

extern struct arena arena;
extern const char *root; /* the folder */

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Writes root/path, making its folders. */
void put_file(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void drop_file(const char *path);
/* Programme p with level one over modules a and b; module a with a checkpoint; glossary with “Lead
 * scoring (LS)”. */
void put_academy(void);
/* A module's text: front matter for `id` and `body`. */
const char *module_text(const char *id, const char *title, const char *body);

/* With a store in root/data. */
struct store *open_store(void);
struct content *open_content(struct store *s);
/* Adds a person to the store; its id. */
const char *add_person(struct store *s, const char *login);

#endif
