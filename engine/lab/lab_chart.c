/* The measures of bars and lines. */
#include "lab/lab_chart.h"

#include "base/buf.h"

/* `value` of `whole` on `length`, without overflow: 2^31 parts are finer than any drawing. */
static int part(int64_t value, int64_t whole, int length) {
    while (whole > INT32_MAX) {
        whole /= 2;
        value /= 2;
    }
    return (int)(value * length / whole);
}

struct chart_scale chart_scale(const int64_t *values, int count, int length) {
    struct chart_scale s = {0, 0, 0};
    for (int i = 0; i < count; i++) {
        /* What is farther out than a quarter of all numbers stands at the edge. */
        int64_t v = values[i] > INT64_MAX / 4    ? INT64_MAX / 4
                    : values[i] < -INT64_MAX / 4 ? -INT64_MAX / 4
                                                 : values[i];
        if (v < s.low) s.low = v;
        if (v > s.high) s.high = v;
    }
    if (s.low == s.high) s.high = 1;
    s.zero = part(-s.low, s.high - s.low, length);
    return s;
}

int chart_place(const struct chart_scale *s, int64_t value, int length) {
    if (value > s->high) value = s->high;
    if (value < s->low) value = s->low;
    return part(value - s->low, s->high - s->low, length);
}

int chart_x(int at, int count) {
    return CHART_EDGE + (count > 1 ? at * (CHART_WIDTH - 2 * CHART_EDGE) / (count - 1) : 0);
}

int chart_y(const struct chart_scale *s, int64_t value) {
    const int height = CHART_HEIGHT - 2 * CHART_EDGE;
    return CHART_HEIGHT - CHART_EDGE - chart_place(s, value, height);
}

const char *chart_line(const struct chart_scale *s, const int64_t *values, int count,
                       struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < count; i++)
        buf_printf(&b, "%s%d,%d", i ? " " : "", chart_x(i, count), chart_y(s, values[i]));
    return buf_text(&b);
}
