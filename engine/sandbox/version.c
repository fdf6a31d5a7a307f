/* The version of the workers, which both programs carry and compare. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "sandbox/sandbox.h"
#include "sandbox_build.h"

/* Raise the number when the same action may give another answer than before. */
#define ENGINE "gradus-lab-4"

static char engine_name[64], version[128];
static void write_names(void) {
    snprintf(engine_name, sizeof engine_name, ENGINE " sqlite-%s", sqlite3_libversion());
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

const char *worker_version(void) {
    name_once();
    return version;
}
