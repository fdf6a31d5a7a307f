/* Makes ICU, libxml2 and jansson allocate through base/reserve.h. */
#include "base/reserve.h"

#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <unicode/uclean.h>

#include "server/server.h"

static void *icu_alloc(const void *context, size_t size) {
    (void)context;
    return reserve_alloc(size);
}

static void *icu_resize(const void *context, void *old, size_t size) {
    (void)context;
    return reserve_resize(old, size);
}

static void icu_free(const void *context, void *p) {
    (void)context;
    reserve_free(p);
}

bool memory_start(void) {
    UErrorCode status = U_ZERO_ERROR;
    reserve_start();
    json_set_alloc_funcs(reserve_alloc, reserve_free);
    u_setMemoryFunctions(NULL, icu_alloc, icu_resize, icu_free, &status);
    return U_SUCCESS(status) &&
           xmlMemSetup(reserve_free, reserve_alloc, reserve_resize, reserve_strdup) == 0;
}
