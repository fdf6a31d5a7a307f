/* Raw paths against a table that has every kind of pattern. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "http/route.h"

static const struct route table[] = {
    {METHOD_GET, "/", ROLE_PUBLIC, NULL, 0},
    {METHOD_GET, "/static/*", ROLE_PUBLIC, NULL, 0},
    {METHOD_POST, "/m/:id", ROLE_LEARNER, NULL, 0},
    {METHOD_GET, "/:a/:b/:c/:d", ROLE_ANY, NULL, 0},
    {METHOD_GET, "/r/:id/api/:c/*", ROLE_ANY, NULL, ROUTE_METHODS},
};

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    if (memchr(data, '\0', size)) return;
    struct route_match m;
    if (!route_find(table, COUNT_OF(table), METHOD_GET, arena_copy(a, data, size), a, &m)) return;
    BUG_IF(m.route && !m.path_known);
    for (size_t i = 0; i < REQUEST_PARAMS; i++)
        BUG_IF(m.param[i] && !utf8_valid(m.param[i], strlen(m.param[i])));
}
