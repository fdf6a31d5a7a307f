/* The ceilings: what the libraries alone can do, served the way the engine serves (same flags, same
 * threads).
 *
 *     ceiling page BYTES STATUS    answers every request with BYTES bytes from memory
 *     ceiling save FILE            suspends each PUT, one writer thread inserts a row for each that
 * waits, COMMIT with synchronous=FULL, resumes them
 *
 * Prints "port N" once it listens, and ends with the process that holds its standard input. */
#include <microhttpd.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_LIMIT 1024

struct waiting {
    struct MHD_Connection *connection;
    char path[256], body[BODY_LIMIT];
    size_t body_len;
    bool complete, saved;
    struct waiting *next;
};

static struct {
    struct MHD_Response *response;
    unsigned status;
    /* save only */
    sqlite3 *sql;
    sqlite3_stmt *begin, *insert, *commit;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct waiting *queue;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void die(const char *what) {
    fprintf(stderr, "ceiling: %s\n", what);
    exit(1);
}

/* ---- Serving from memory ------------------------------------------------------------------- */

static enum MHD_Result on_page(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **slot) {
    static char seen;
    (void)cls, (void)url, (void)method, (void)version, (void)upload;
    if (!*slot) { /* the library calls once for the head and again for the body */
        *slot = &seen;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, self.status, self.response);
}

/* ---- Suspend, commit, resume ---------------------------------------------------------------- */

static enum MHD_Result on_save(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **slot) {
    (void)cls, (void)method, (void)version;
    struct waiting *w = *slot;
    if (!w) {
        *slot = w = calloc(1, sizeof *w);
        if (!w) return MHD_NO;
        w->connection = connection;
        snprintf(w->path, sizeof w->path, "%s", url);
        return MHD_YES;
    }
    if (*upload_size) {
        size_t n = *upload_size < BODY_LIMIT - w->body_len ? *upload_size
                                                           : BODY_LIMIT - w->body_len;
        memcpy(w->body + w->body_len, upload, n);
        w->body_len += n;
        *upload_size = 0;
        return MHD_YES;
    }
    if (w->saved) return MHD_queue_response(connection, self.status, self.response);
    if (w->complete) return MHD_YES;
    w->complete = true;
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&self.lock);
    w->next = self.queue;
    self.queue = w;
    pthread_cond_signal(&self.wake);
    pthread_mutex_unlock(&self.lock);
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode why) {
    (void)cls, (void)connection, (void)why;
    free(*slot);
    *slot = NULL;
}

static void step(sqlite3_stmt *s) {
    if (sqlite3_step(s) != SQLITE_DONE || sqlite3_reset(s) != SQLITE_OK)
        die(sqlite3_errmsg(self.sql));
}

static void save_all(struct waiting *first) {
    step(self.begin);
    for (struct waiting *w = first; w; w = w->next) {
        sqlite3_bind_text(self.insert, 1, w->path, -1, SQLITE_STATIC);
        sqlite3_bind_text(self.insert, 2, w->body, (int)w->body_len, SQLITE_STATIC);
        step(self.insert);
    }
    step(self.commit);
    while (first) {
        struct waiting *next = first->next; /* the connection may end before resume returns */
        first->saved = true;
        MHD_resume_connection(first->connection);
        first = next;
    }
}

static void *writer(void *arg) {
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&self.lock);
        while (!self.queue) pthread_cond_wait(&self.wake, &self.lock);
        struct waiting *first = self.queue;
        self.queue = NULL;
        pthread_mutex_unlock(&self.lock);
        save_all(first);
    }
    return NULL;
}

static void open_database(const char *path) {
    static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;"
        "CREATE TABLE saved (id INTEGER PRIMARY KEY, path TEXT NOT NULL, body TEXT NOT NULL) STRICT;";
    if (sqlite3_open(path, &self.sql) != SQLITE_OK ||
        sqlite3_exec(self.sql, schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(self.sql, "BEGIN IMMEDIATE", -1, &self.begin, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(self.sql, "COMMIT", -1, &self.commit, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(self.sql, "INSERT INTO saved (path, body) VALUES (?1, ?2)", -1,
                           &self.insert, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(self.sql));
}

/* ---- Starting ------------------------------------------------------------------------------ */

/* Clients that go away at the end of a round are no news. */
static void on_message(void *cls, const char *format, va_list args) {
    (void)cls, (void)format, (void)args;
}

static void prepare_response(size_t bytes, unsigned status) {
    char *body = malloc(bytes ? bytes : 1);
    if (!body) die("no memory");
    for (size_t i = 0; i < bytes; i++) body[i] = (char)('a' + i % 26);
    self.status = status;
    self.response = MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_MUST_FREE);
    if (!self.response ||
        MHD_add_response_header(self.response, "Content-Type", "text/plain") != MHD_YES)
        die("no memory");
}

int main(int argc, char **argv) {
    bool page = argc == 4 && strcmp(argv[1], "page") == 0,
         save = argc == 3 && strcmp(argv[1], "save") == 0;
    if (!page && !save) die("usage: ceiling page BYTES STATUS | ceiling save FILE");
    pthread_t thread;
    if (page) prepare_response((size_t)strtoull(argv[2], NULL, 10), (unsigned)atoi(argv[3]));
    else {
        prepare_response(110, 200); /* what a receipt measures */
        open_database(argv[2]);
        if (pthread_create(&thread, NULL, writer, NULL) != 0) die("cannot start a thread");
    }
    int threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC,
        0, NULL, NULL, page ? on_page : on_save, NULL, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)(threads < 2 ? 2 : threads), MHD_OPTION_CONNECTION_LIMIT, 12000u,
        MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)24 * 1024,
        MHD_OPTION_NOTIFY_COMPLETED, save ? on_completed : NULL, NULL, MHD_OPTION_EXTERNAL_LOGGER,
        on_message, NULL, MHD_OPTION_END);
    if (!daemon) die("cannot listen");
    printf("port %d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
}
