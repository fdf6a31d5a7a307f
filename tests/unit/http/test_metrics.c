/* Counters and their text form. */
#include "unit/check.h"

#include "http/metrics.h"

static void test_histogram(void **state) {
    struct metrics m;
    memset(&m, 0, sizeof m);
    metrics_answer(&m, 200, 0, 10);
    metrics_answer(&m, 204, 500, 0);
    metrics_answer(&m, 404, 501, 5);
    metrics_answer(&m, 503, 99000000, 1);
    metrics_answer(&m, 77, 1, 1); /* no status of ours: counted as a request, in no class */
    struct buf b;
    buf_init(&b, *state);
    metrics_write(&m, &b);
    const char *text = buf_text(&b);
    assert_non_null(strstr(text, "gradus_http_responses_total{class=\"2xx\"} 2\n"));
    assert_non_null(strstr(text, "gradus_http_responses_total{class=\"5xx\"} 1\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.0005\"} 3\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.001\"} 4\n"));
    assert_non_null(strstr(text, "_bucket{le=\"10\"} 4\n"));
    assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 5\n"));
    assert_non_null(strstr(text, "_duration_seconds_count 5\n"));
    assert_non_null(strstr(text, "gradus_http_bytes_total 17\n"));
    assert_null(strstr(text, "{class=\"0xx\"}"));
    /* Memory is that of this process: more than nothing, less than the machine. */
    const char *memory = strstr(text, "\nprocess_resident_memory_bytes ");
    assert_non_null(memory);
    assert_true(strtoll(memory + strlen("\nprocess_resident_memory_bytes "), NULL, 10) > 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_histogram)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
