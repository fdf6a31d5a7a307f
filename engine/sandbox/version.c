/* The version of the workers, which both programs carry and compare. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/sandbox.h"
#include "sandbox_build.h"

/* Raise the number when the same action may give another answer than before. */
#define ENGINE_NAME "gradus-lab-"
#define ENGINE_NUMBER 7
/* Raise it to the number when runs of before cannot be played again: 4 took what objects do out of
 * the program, so that scenarios of before say too little. */
#define ENGINE_OLDEST 4

static char engine_name[64], version[128];
static void write_names(void) {
    snprintf(engine_name, sizeof engine_name, ENGINE_NAME "%d sqlite-%s", ENGINE_NUMBER,
             sqlite3_libversion());
    snprintf(version, sizeof version, SANDBOX_BUILD " %s", engine_name);
}

static void name_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, write_names);
}

const char *worker_engine(void) {
    name_once();
    return engine_name;
}

bool worker_plays(const char *engine) {
    char number[8];
    int64_t n;
    if (!str_has_prefix(engine, ENGINE_NAME)) return false;
    engine += strlen(ENGINE_NAME);
    size_t len = strcspn(engine, " ");
    if (len >= sizeof number) return false;
    memcpy(number, engine, len);
    number[len] = '\0';
    return parse_i64(number, ENGINE_OLDEST, ENGINE_NUMBER, &n);
}

const char *worker_version(void) {
    name_once();
    return version;
}
