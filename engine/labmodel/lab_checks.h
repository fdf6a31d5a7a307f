/* Checks, read from checks.md. */
#ifndef GR_LAB_CHECKS_H
#define GR_LAB_CHECKS_H

#include "labmodel/lab_scenario.h"

/* Fills the checks of `s`; problems to `diags`. */
void lab_checks_read(struct lab_scenario *s, struct doc *d, struct diag_list *diags);

#endif
