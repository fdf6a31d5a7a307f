/* What a server needs of its machine. Private to server/. */
#ifndef GR_SERVER_NEEDS_H
#define GR_SERVER_NEEDS_H

#include "http/http.h"

/* Before any file, key or socket is made: open files, threads, memory, fonts, the data of
 * languages. False with a sentence that names what is needed and what there is. On true,
 * options->connection_limit is as many places as there are descriptors for. `labs`: labs_prepare
 * has succeeded. Starts threads for a moment and ends them: call it while this is the only one. */
bool needs_met(struct http_options *options, bool labs, struct arena *a, const char **why) MUST_USE;

#endif
