/* /metrics: what the rooms add to it, and who may read it. */
#include <arpa/inet.h>
#include <string.h>

#include "audit/audit.h"
#include "base/text.h"
#include "cert/cert.h"
#include "lab/lab.h"
#include "server/server.h"
#include "server/upkeep.h"

#define TOKEN_LEAST 16
#define TOKEN_MOST 256

void server_metrics(struct app *app, struct buf *out) {
    labs_metrics(app->labs, out);
    int64_t waiting = 0;
    struct db *db = store_reader(app->store);
    if (!db) return;
    store_read_begin(db);
    if (cert_waiting(db, &waiting) == OK)
        metrics_sample(out, "gradus_applications_waiting", "gauge",
                       "Applications that wait for a decision.", waiting);
    store_read_end(db);
    struct upkeep_report file, records;
    upkeep_report(app->upkeep, UPKEEP_FILE, NULL, &file);
    upkeep_report(app->upkeep, UPKEEP_RECORDS, NULL, &records);
    metrics_sample(out, "gradus_database_damaged", "gauge",
                   "1 when the last check of the whole database found damage.",
                   file.state == UPKEEP_DAMAGED);
    metrics_sample(out, "gradus_records_changed", "gauge",
                   "1 when certificates or decisions are not what was signed and logged.",
                   records.state == UPKEEP_DAMAGED);
    metrics_sample(out, "gradus_audit_broken", "gauge",
                   "1 when the audit log does not hold: nothing is decided or shown as valid.",
                   !audit_holds());
}

static const char *address_of(struct arena *a, const char *text) {
    char out[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (inet_pton(families[i], text, bytes) == 1 &&
            inet_ntop(families[i], bytes, out, sizeof out))
            return arena_dup(a, out);
    return NULL;
}

/* Reads the token, the first line of the file. NULL when it is short enough to be guessed, or holds
 * characters that do not arrive in a header. */
static const char *token_of(struct arena *a, const char *path) {
    size_t len;
    char *text = file_read(a, path, 4096, &len);
    if (!text) return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~') return NULL;
    return n >= TOKEN_LEAST && n <= TOKEN_MOST ? text : NULL;
}

bool server_allow_metrics(struct http_options *o, struct arena *a, const char *reader,
                          const char **why) {
    const char *address = address_of(a, reader), *token = address ? NULL : token_of(a, reader);
    if (address) o->metrics_address = address;
    else if (token) o->metrics_token = token;
    else
        *why = arena_printf(
            a,
            "--metrics “%s” is neither an address nor a file whose first line is a token of %d to "
            "%d visible ASCII characters. Make one with: openssl rand -hex 32 > FILE",
            reader, TOKEN_LEAST, TOKEN_MOST);
    return address || token;
}
