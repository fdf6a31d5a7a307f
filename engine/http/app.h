/* The parts of a running academy. Handlers reach the state of their domain through it; each domain
 * defines its own struct, so that this header depends on none of them. Whoever opens the academy
 * fills it before the first request and releases it after the last one; in between it does not
 * change, and any thread reads it. */
#ifndef GR_HTTP_APP_H
#define GR_HTTP_APP_H

#include <stdbool.h>
#include <stdint.h>

struct store;
struct site;
struct accounts; /* account/account.h */
struct content;  /* content/content.h */
struct exams;    /* exam/exam.h */
struct labs;     /* lab/lab.h */
struct certs;    /* cert/cert.h */
struct upkeep;   /* server/upkeep.h */

struct app {
    struct store *store;
    struct site *site;
    struct accounts *accounts;
    struct content *content;
    struct exams *exams;
    struct labs *labs;
    struct certs *certs;
    struct upkeep *upkeep; /* NULL in commands, which run none */
    const char *root;      /* folder with content/, exams/, labs/; site/ if its own */
    const char *data;      /* folder with the database, keys, runs */
    /* Configured public origin, "https://academy.example"; NULL = taken from the request. */
    const char *origin;
    bool factor_required; /* whoever teaches, assesses or administers needs a second factor */
    bool demo;            /* accounts are printed on the sign-in page */
};

#endif
