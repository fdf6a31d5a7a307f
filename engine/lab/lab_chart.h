/* Where the bars and points of a chart stand. Pure, in whole numbers. */
#ifndef GR_LAB_CHART_H
#define GR_LAB_CHART_H

#include <stdint.h>

#include "base/arena.h"

#define CHART_POINTS 40  /* more rows are a table only */
#define CHART_WIDTH 480  /* of the drawing */
#define CHART_BAR 18     /* height of a bar */
#define CHART_STEP 40    /* from one bar to the next, with its label above it */
#define CHART_HEIGHT 200 /* of a line's drawing */
#define CHART_EDGE 12    /* around all of it */

struct chart_scale {
    int64_t low, high; /* of the values; 0 is always within */
    int zero;          /* where 0 stands */
};

/* RULE lab-chart-zero: a bar begins at 0, and the longest fills the drawing. */
struct chart_scale chart_scale(const int64_t *values, int count, int length);
/* Where a value stands, from the drawing's left, or from its foot. */
int chart_place(const struct chart_scale *s, int64_t value, int length);
/* A line through the values, for the attribute `points` of a <polyline>. Arena. */
const char *chart_line(const struct chart_scale *s, const int64_t *values, int count,
                       struct arena *a);
/* Where the point of this position stands. */
int chart_x(int at, int count);
int chart_y(const struct chart_scale *s, int64_t value);

#endif
