/* Private to content/: the result of a self-assessment. */
#ifndef GR_CONTENT_CONTENT_SELF_H
#define GR_CONTENT_CONTENT_SELF_H

#include "content/content_private.h"

#define SELF_CLOSE_PERMILLE 150 /* nearer to an axis than this: both sides are near */

struct self_result {
    int x_permille, y_permille; /* -1000 to 1000 */
    const struct content_persona
        *persona; /* the quadrant; NULL on an axis, or when the programme has none */
    bool is_close;
};
/* A digit 1 (disagree strongly) to 5 (agree strongly) for each statement. */
bool self_answers_valid(const struct content_self *s, const char *answers);
struct self_result self_result(const struct content_self *s, const struct content_programme *p,
                               const char *answers);

#endif
