#ifndef GR_LAB_LAB_H
#define GR_LAB_LAB_H
#include "doc/doc.h"
int lab_command(int argc, char **argv, const char *root);
void lab_check_tree(const char *root, struct diag_list *diags);
#endif
