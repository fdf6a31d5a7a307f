/* What screens show of a record beyond its fields: the nodes of its diagram, the rows of its
 * filters and how many records pass them. */
#ifndef GR_SANDBOX_VIEW_WAYS_H
#define GR_SANDBOX_VIEW_WAYS_H

#include <jansson.h>

#include "sandbox/api.h"
#include "sandbox/console.h"

#define VIEW_NODES 100 /* of a diagram */
#define VIEW_TILES 12  /* of a board */
/* Of one query of a board: all of them cost a page no more than a query of the console may. */
#define VIEW_TILE_OPERATIONS (CONSOLE_OPERATIONS / VIEW_TILES)

/* Answers {"view":"diagram", "diagram":n, "record":…}: rows as view_row has them, each with `here`,
 * how many stand at it. */
void view_diagram(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);
/* Answers {"view":"filters", "object":…, "record":…}: for each filter whose rows may belong to such
 * a record its place in the stack, the rows, and how many of how many records pass. */
void view_filters(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);
/* Answers {"view":"charts", "chart":n, "record":…, "board":bool}: the result of a query, or those
 * of a board's tiles, run as the learner's own queries are: {"title", "unit", "draws", "id"} and
 * either "result" or "error". */
void view_charts(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);

#endif
