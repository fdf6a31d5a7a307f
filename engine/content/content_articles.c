/* A list of cached articles: any thread may read it and add to it, and it is freed as a whole. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

#define ARTICLES_MAX 8 /* languages and editions of one text */

static void article_free(struct article *a) {
    free((char *)a->locale);
    free((char *)a->html);
    free(a);
}

void articles_release(_Atomic(struct article *) *list) {
    for (struct article *a = atomic_load(list); a;) {
        struct article *next = a->next;
        article_free(a);
        a = next;
    }
}

const struct article *articles_find(_Atomic(struct article *) *list, const void *of,
                                    const char *locale, unsigned edition, bool *full) {
    int kept = 0;
    for (const struct article *a = atomic_load(list); a; a = a->next) {
        if (a->of != of) continue;
        if (a->edition == edition && str_eq(a->locale, locale)) return a;
        kept++;
    }
    *full = kept >= ARTICLES_MAX;
    return NULL;
}

const struct article *articles_add(_Atomic(struct article *) *list, const struct article *made,
                                   const struct article_question *questions, size_t count) {
    struct article *a = calloc(1, sizeof *a + count * sizeof *questions);
    char *html = malloc(made->len + 1);
    if (!a || !html) {
        free(a);
        free(html);
        return NULL;
    }
    *a = *made;
    a->html = html;
    memcpy(html, made->html, made->len + 1);
    a->locale = strdup(made->locale);
    if (!a->locale) {
        article_free(a);
        return NULL;
    }
    if (count) memcpy(a->questions, questions, count * sizeof *questions);
    a->next = atomic_load(list);
    while (!atomic_compare_exchange_weak(list, &a->next, a)) continue;
    return a;
}
