/* RELAX NG schemas in the form that libxml2 made of them. Making it takes longer than validating a
 * document, and each scenario has some twenty documents that follow the same few schemas; so a
 * schema that was used is kept for the next document. Whoever takes one has it alone. */
#include "labmodel/lab_xml_schema.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/reserve.h"

#define KEPT_MAX 16 /* more than there are schemas in labs/schema */

struct lab_xml_schema {
    xmlRelaxNGPtr rules;
    size_t len;
    char text[]; /* what it was made of */
};

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER; /* a leaf */
static struct lab_xml_schema *kept[KEPT_MAX];

static void free_schema(struct lab_xml_schema *s) {
    if (!s) return;
    xmlRelaxNGFree(s->rules);
    free(s);
}

static struct lab_xml_schema *take_kept(const char *text, size_t len) {
    struct lab_xml_schema *found = NULL;
    pthread_mutex_lock(&kept_lock);
    for (size_t i = 0; i < KEPT_MAX && !found; i++) {
        if (!kept[i] || kept[i]->len != len || memcmp(kept[i]->text, text, len) != 0) continue;
        found = kept[i];
        kept[i] = NULL;
    }
    pthread_mutex_unlock(&kept_lock);
    return found;
}

/* The place of an older one is taken when none is free: schemas change when an author's tree brings
 * its own. */
static void keep(struct lab_xml_schema *s) {
    static size_t oldest;
    pthread_mutex_lock(&kept_lock);
    size_t i = 0;
    while (i < KEPT_MAX && kept[i]) i++;
    if (i == KEPT_MAX) i = oldest++ % KEPT_MAX;
    struct lab_xml_schema *old = kept[i];
    kept[i] = s;
    pthread_mutex_unlock(&kept_lock);
    free_schema(old);
}

static void quiet(void *context, const char *format, ...) { (void)context, (void)format; }

static struct lab_xml_schema *make(const char *text, size_t len) {
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(text, (int)len);
    if (!parser) return NULL;
    xmlRelaxNGSetParserErrors(parser, quiet, quiet, NULL);
    xmlRelaxNGPtr rules = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    struct lab_xml_schema *s = rules ? malloc(sizeof *s + len) : NULL;
    if (!s) {
        xmlRelaxNGFree(rules);
        return NULL;
    }
    s->rules = rules;
    s->len = len;
    memcpy(s->text, text, len);
    return s;
}

static void end_lease(void *lease) {
    struct lab_xml_schema **held = lease;
    free_schema(*held);
}

struct lab_xml_schema **lab_xml_schema_take(const char *text, size_t len, struct arena *a) {
    struct lab_xml_schema **lease = NEW(a, struct lab_xml_schema *);
    arena_defer(a, end_lease, lease);
    *lease = take_kept(text, len);
    if (!*lease) *lease = make(text, len);
    return *lease ? lease : NULL;
}

xmlRelaxNGPtr lab_xml_schema_rules(struct lab_xml_schema *const *lease) { return (*lease)->rules; }

/* Memory of the reserve has to come back to it, so what may hold some of it is not kept. */
void lab_xml_schema_give_back(struct lab_xml_schema **lease) {
    struct lab_xml_schema *s = *lease;
    *lease = NULL;
    if (reserve_lent()) free_schema(s);
    else keep(s);
}
