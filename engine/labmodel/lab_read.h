/* Readers of single lab files, used by lab_stack.c and by the check of the tree. `root` is the root
 * element of a document that already follows its schema. All report into `diags` and return false
 * when they did. */
#ifndef GR_LAB_READ_H
#define GR_LAB_READ_H

#include <libxml/tree.h>

#include "doc/doc.h"
#include "labmodel/lab_model.h"

bool lab_connector_read(struct lab_connector *c, xmlNode *root, const char *file, struct arena *a,
                        struct diag_list *diags);
/* Every object and field of `c` must have its name in the dialect, and no other. */
bool lab_dialect_read(struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                      const char *file, struct arena *a, struct diag_list *diags);

/* Operations by their names, "list get"; 0 for NULL. */
unsigned lab_operations_read(const char *text);

/* Its part of that: what a dialect has beyond records and lists (lab_traits.c). */
void lab_traits_read(struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                     struct arena *a, struct diag_list *diags);
/* Holds them against the objects, which are read after them. */
void lab_traits_check(const struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                      struct diag_list *diags);
/* Bulk jobs, composite calls, deleted records (lab_traits_bulk.c). */
void lab_traits_read_bulk(struct lab_dialect *d, xmlNode *root, struct arena *a,
                          struct diag_list *diags);

/* Position of `name` in `names`, -1 when it is not there. */
int lab_name_index(const char *const *names, int count, const char *name);
bool lab_name_valid(const char *name);

#endif
