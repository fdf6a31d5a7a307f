/* The layout of a diagram: rows from top to bottom by the longest way, columns by branches, arrows
 * that skip a row or go back in lanes beside the boxes. */
#include "lab/lab_diagram.h"

#include <string.h>

#include "base/err.h"

#define MARGIN 12
#define LANE 7 /* between lanes of a gap */
#define LANES 4

enum mark { NOT_SEEN, ON_THE_WAY, SEEN, PLACED /* after an earlier walk */ };

struct layout {
    struct diagram_node *nodes;
    int count;
    enum mark mark[DIAGRAM_NODES];
    bool back[DIAGRAM_NODES][2];     /* arrows to where they came from, or PLACED */
    int order[DIAGRAM_NODES], found; /* the last node first: a topological order from its end */
};

static int target(const struct diagram_node *n, int which) { return which ? n->other : n->next; }

/* Goes along the arrows. At most DIAGRAM_NODES deep. */
static void walk(struct layout *l, int at) {
    l->mark[at] = ON_THE_WAY;
    for (int which = 0; which < 2; which++) {
        int to = target(&l->nodes[at], which);
        if (to < 0) continue;
        l->back[at][which] = l->mark[to] == ON_THE_WAY || l->mark[to] == PLACED;
        if (l->mark[to] == NOT_SEEN) walk(l, to);
    }
    l->mark[at] = SEEN;
    l->order[l->found++] = at;
}

/* Rows of what can be reached from `from`, the first being `row`; returns the one below the last.
 */
static int place_rows(struct layout *l, int from, int row) {
    int begin = l->found, below = row + 1;
    walk(l, from);
    for (int i = begin; i < l->found; i++) l->nodes[l->order[i]].row = row;
    for (int i = l->found - 1; i >= begin; i--) {
        const struct diagram_node *n = &l->nodes[l->order[i]];
        if (n->row + 1 > below) below = n->row + 1;
        for (int which = 0; which < 2; which++) {
            int to = target(n, which);
            if (to < 0 || l->back[l->order[i]][which]) continue;
            if (l->nodes[to].row <= n->row) l->nodes[to].row = n->row + 1;
        }
    }
    for (int i = begin; i < l->found; i++) l->mark[l->order[i]] = PLACED;
    return below;
}

static bool taken(const struct layout *l, int row, int column) {
    for (int i = 0; i < l->count; i++)
        if (l->nodes[i].column == column && l->nodes[i].row == row) return true;
    return false;
}

static void place_column(struct layout *l, int at, int column) {
    if (l->nodes[at].column >= 0) return;
    while (taken(l, l->nodes[at].row, column)) column++;
    l->nodes[at].column = column;
}

/* By rows: what follows stands below, what follows otherwise to the side. */
static void place_columns(struct layout *l, int rows) {
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < l->count; i++) {
            struct diagram_node *n = &l->nodes[i];
            if (n->row != row) continue;
            place_column(l, i, 0);
            if (n->next >= 0) place_column(l, n->next, n->column);
            if (n->other >= 0) place_column(l, n->other, n->column + 1);
        }
}

/* Arrows that cannot go straight into the next row take turns in the lanes beside their column. */
static int lane(const struct layout *l, const struct diagram_node *n, int to, int *turn) {
    if (to < 0 || l->nodes[to].row == n->row + 1) return 0;
    return 1 + (*turn)++ % LANES;
}

struct diagram_size diagram_layout(struct diagram_node *nodes, int count) {
    struct layout l = {.nodes = nodes, .count = count};
    struct diagram_size size = {0, 0, 0, 0};
    int turn = 0;
    BUG_IF(count > DIAGRAM_NODES);
    for (int i = 0; i < count; i++) nodes[i].column = -1;
    for (int i = 0; i < count; i++)
        if (l.mark[i] == NOT_SEEN) size.rows = place_rows(&l, i, size.rows);
    place_columns(&l, size.rows);
    for (int i = 0; i < count; i++) {
        if (nodes[i].column >= size.columns) size.columns = nodes[i].column + 1;
        nodes[i].next_lane = lane(&l, &nodes[i], nodes[i].next, &turn);
        nodes[i].other_lane = lane(&l, &nodes[i], nodes[i].other, &turn);
    }
    size.width = 2 * MARGIN + size.columns * (DIAGRAM_WIDTH + DIAGRAM_GAP);
    size.height = 2 * MARGIN + size.rows * (DIAGRAM_HEIGHT + DIAGRAM_GAP) - DIAGRAM_GAP;
    return size;
}

int diagram_x(const struct diagram_node *n) {
    return MARGIN + n->column * (DIAGRAM_WIDTH + DIAGRAM_GAP);
}
int diagram_y(const struct diagram_node *n) {
    return MARGIN + n->row * (DIAGRAM_HEIGHT + DIAGRAM_GAP);
}

const char *diagram_arrow(const struct diagram_node *nodes, int from, bool other, struct arena *a) {
    const struct diagram_node *n = &nodes[from], *to = &nodes[other ? n->other : n->next];
    int in_lane = other ? n->other_lane : n->next_lane;
    int x = diagram_x(n) + DIAGRAM_WIDTH / 2 + (other ? DIAGRAM_WIDTH / 4 : 0), y = diagram_y(n),
        to_x = diagram_x(to) + DIAGRAM_WIDTH / 2, to_y = diagram_y(to);
    if (!in_lane && x == to_x) return arena_printf(a, "M%d %dV%d", x, y + DIAGRAM_HEIGHT, to_y);
    if (!in_lane)
        return arena_printf(a, "M%d %dV%dH%dV%d", x, y + DIAGRAM_HEIGHT,
                            to_y - DIAGRAM_GAP / 2 + (other ? 0 : 6), to_x, to_y);
    int beside = diagram_x(n) + DIAGRAM_WIDTH + in_lane * LANE,
        above = to_y - (to_y > DIAGRAM_GAP ? DIAGRAM_GAP / 2 - 6 : MARGIN - 4);
    return arena_printf(a, "M%d %dH%dV%dH%dV%d", diagram_x(n) + DIAGRAM_WIDTH,
                        y + DIAGRAM_HEIGHT / 2 + (other ? 10 : 0), beside, above,
                        to_x + (to_x < beside ? 12 : 0), to_y);
}
