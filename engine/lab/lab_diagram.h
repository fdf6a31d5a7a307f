/* Where the boxes of a diagram stand and how its arrows go. Pure. */
#ifndef GR_LAB_DIAGRAM_H
#define GR_LAB_DIAGRAM_H

#include <stdbool.h>

#include "base/arena.h"

#define DIAGRAM_NODES 100

/* Sizes in units of the drawing. */
#define DIAGRAM_WIDTH 168 /* of a box */
#define DIAGRAM_HEIGHT 64
#define DIAGRAM_GAP 40 /* between boxes, where arrows go */

struct diagram_node {
    int next, other; /* positions of nodes; -1: none */
    /* Set by diagram_layout. */
    int row, column;
    int next_lane, other_lane; /* of arrows that go beside the boxes, from 1; 0: straight down */
};
struct diagram_size {
    int rows, columns, width, height;
};

/* RULE lab-diagram: a node stands in a row below all nodes that lead to it, but for arrows back;
 * no two nodes stand at one place; what nothing leads to stands below the rest. The first node is
 * the first one's place. `count` is DIAGRAM_NODES at most. */
struct diagram_size diagram_layout(struct diagram_node *nodes, int count);

int diagram_x(const struct diagram_node *n); /* of the box's upper left corner */
int diagram_y(const struct diagram_node *n);
/* The way of an arrow, for the attribute `d` of a <path>; `other`: the node's second arrow. Arena.
 */
const char *diagram_arrow(const struct diagram_node *nodes, int from, bool other, struct arena *a);

#endif
