/* A connector's or dialect's XML as an author may have left it: an error with its place, or a model
 * that holds together. */
#include "fuzz/fuzz.h"

#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct diag_list diags;
    struct lab_connector c;
    diag_init(&diags, a);
    xmlDoc *doc = lab_xml_parse("labs/x.xml", data, size, a, &diags);
    BUG_IF(!doc && diags.errors == 0);
    if (!doc) return;
    xmlNode *root = xmlDocGetRootElement(doc);
    if (!lab_xml_is(root, "connector") || !lab_connector_read(&c, root, "labs/x.xml", a, &diags))
        return;
    for (int i = 0; i < c.object_count; i++) {
        const struct lab_object *o = &c.objects[i];
        BUG_IF(lab_object_find(&c, o->id) != o);
        for (int k = 0; k < o->field_count; k++)
            BUG_IF(lab_field_find(o, o->fields[k].id) != &o->fields[k]);
    }
}
