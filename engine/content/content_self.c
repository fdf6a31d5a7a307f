/* The self-assessment: a point on two axes from sixteen answers, and the track that it suggests.
 * Pure. */
#include "content/content_self.h"

#include <string.h>

#include "base/text.h"

bool self_answers_valid(const struct content_self *s, const char *answers) {
    return answers && strlen(answers) == s->statement_count &&
           strspn(answers, "12345") == s->statement_count;
}

/* Each answer counts -2 to 2 times its weight; the sum over what an axis could reach at most gives
 * -1000 to 1000. */
static int axis_permille(const struct content_self *s, const char *answers, enum axis axis) {
    int sum = 0, most = 0;
    for (size_t i = 0; i < s->statement_count; i++) {
        if (s->statements[i].axis != axis) continue;
        sum += (answers[i] - '3') * s->statements[i].weight;
        most += 2;
    }
    return most ? sum * 1000 / most : 0;
}

struct self_result self_result(const struct content_self *s, const struct content_programme *p,
                               const char *answers) {
    struct self_result out = {.x_permille = axis_permille(s, answers, AXIS_X),
                              .y_permille = axis_permille(s, answers, AXIS_Y)};
    /* x: technology (-) … art (+);  y: emotional (-) … rational (+). In the middle nothing is
     * suggested. */
    if (out.x_permille == 0 || out.y_permille == 0) return out;
    const char *x = out.x_permille < 0 ? "technology" : "art",
               *y = out.y_permille < 0 ? "emotional" : "rational";
    for (size_t i = 0; p && i < p->persona_count; i++)
        if (str_eq(p->personas[i].x, x) && str_eq(p->personas[i].y, y))
            out.persona = &p->personas[i];
    int nearest = out.x_permille < 0 ? -out.x_permille : out.x_permille,
        other = out.y_permille < 0 ? -out.y_permille : out.y_permille;
    out.is_close = (nearest < other ? nearest : other) < SELF_CLOSE_PERMILLE;
    return out;
}
