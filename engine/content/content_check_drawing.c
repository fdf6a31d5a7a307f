/* Rules for a picture that is a drawing: it does nothing, fetches nothing, and scales. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "content/content_private.h"

static bool outside(const char *value) {
    return value[0] != '#' && !str_has_prefix(value, "data:image/");
}

static const char *element_problem(xmlNode *n) {
    const char *name = (const char *)n->name;
    if (strcasecmp(name, "script") == 0 || strcasecmp(name, "foreignObject") == 0 ||
        strcasecmp(name, "iframe") == 0)
        return "holds a script or a foreign document";
    for (xmlAttr *at = n->properties; at; at = at->next) {
        const char *attribute = (const char *)at->name;
        xmlChar *value = xmlNodeListGetString(n->doc, at->children, 1);
        bool refers = strcasecmp(attribute, "href") == 0 && value && outside((const char *)value);
        bool calls = value && strstr((const char *)value, "url(") &&
                     !strstr((const char *)value, "url(#");
        xmlFree(value);
        if (strncasecmp(attribute, "on", 2) == 0) return "holds a script";
        if (refers || calls) return "refers to something outside of itself";
    }
    return NULL;
}

static const char *tree_problem(xmlNode *n, int depth) {
    for (; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE) continue;
        const char *problem = depth > 100 ? "nests too deeply" : element_problem(n);
        if (!problem) problem = tree_problem(n->children, depth + 1);
        if (problem) return problem;
    }
    return NULL;
}

const char *picture_problem(struct arena *a, const char *path) {
    if (!str_has_suffix(path, ".svg")) {
        static const char *const others[] = {".png", ".jpg", ".webp", ".gif"};
        for (size_t i = 0; i < COUNT_OF(others); i++)
            if (str_has_suffix(path, others[i])) return NULL;
        return "is no picture that browsers show: use svg, png, jpg, webp or gif";
    }
    size_t len = 0;
    char *text = file_read(a, path, (size_t)4 * 1024 * 1024, &len);
    if (!text) return "cannot be read, or is larger than 4 MiB";
    if (strstr(text, "<!ENTITY")) return "declares entities";
    xmlDoc *doc = xmlReadMemory(text, (int)len, "picture.svg", NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const char *problem = NULL;
    if (!root || strcmp((const char *)root->name, "svg") != 0) problem = "is no SVG";
    else if (!xmlHasProp(root, (const xmlChar *)"viewBox"))
        problem = "has no viewBox: it could not scale";
    else problem = tree_problem(root, 0);
    if (doc) xmlFreeDoc(doc);
    return problem;
}
