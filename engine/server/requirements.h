/* What a server requires of its machine. Private to server/. */
#ifndef GR_SERVER_REQUIREMENTS_H
#define GR_SERVER_REQUIREMENTS_H

#include "http/http.h"

/* Checks, before any file, key or socket is made: open files, threads, memory, fonts, the data of
 * languages. False with a sentence that names what is needed and what there is. On true,
 * options->connection_limit is set to what the descriptors allow. `labs`: workers at a time, 0
 * when labs_prepare has not succeeded. Starts threads for a moment and ends them: call it while
 * this is the only one. */
bool requirements_met(struct http_options *options, int labs, struct arena *a,
                      const char **why) MUST_USE;

#endif
