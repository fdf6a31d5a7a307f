/* Build tool: turns the rooms' .sql files and the migrations into C.
 *
 *   embed OUT_DIR MIGRATION_DIR QUERY.sql ...
 *
 * writes OUT_DIR/store_sql.h (enum sql_id) and OUT_DIR/store_sql.c (names, texts, migrations). */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct query {
    char name[96];
    char *text;
    char file[256];
    int line;
};

static struct query queries[2048];
static int query_count;

static _Noreturn void die(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d:1: error: %s [sql]\n", file, line, what);
    exit(1);
}

static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) die(path, 0, "cannot be read");
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = calloc(1, (size_t)n + 1);
    if (!text || fread(text, 1, (size_t)n, f) != (size_t)n) die(path, 0, "cannot be read");
    fclose(f);
    return text;
}

static void c_string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '\n') fputs("\\n\"\n    \"", out);
        else if (*text == '"' || *text == '\\') fprintf(out, "\\%c", *text);
        else fputc(*text, out);
    }
    fputc('"', out);
}

static void read_queries(const char *path) {
    char *text = slurp(path), *line = text;
    struct query *q = NULL;
    int number = 0;
    size_t used = 0;
    while (*line) {
        number++;
        char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);
        static const char mark[] = "-- name: ";
        if (strncmp(line, mark, sizeof mark - 1) == 0) {
            if (query_count == 2048) die(path, number, "too many queries");
            q = &queries[query_count++];
            size_t n = 0;
            for (const char *p = line + sizeof mark - 1;
                 p < line + len && (isalnum((unsigned char)*p) || *p == '_') &&
                 n < sizeof q->name - 1;
                 p++)
                q->name[n++] = *p;
            if (n == 0) die(path, number, "a query needs a name of letters, digits and _");
            for (int i = 0; i < query_count - 1; i++)
                if (strcmp(queries[i].name, q->name) == 0)
                    die(path, number, "this name is taken already");
            snprintf(q->file, sizeof q->file, "%s", path);
            q->line = number;
            q->text = calloc(1, strlen(text) + 2);
            used = 0;
        } else if (!(len >= 2 && line[0] == '-' && line[1] == '-')) {
            bool blank = true;
            for (size_t i = 0; i < len; i++) blank = blank && isspace((unsigned char)line[i]);
            if (!blank && !q) die(path, number, "SQL before the first '-- name:'");
            if (!blank) {
                memcpy(q->text + used, line, len);
                used += len;
                q->text[used++] = '\n';
            }
        }
        line += len + (end != NULL);
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    for (int i = 3; i < argc; i++) read_queries(argv[i]);
    char path[4096];
    snprintf(path, sizeof path, "%s/store_sql.h", argv[1]);
    FILE *h = fopen(path, "w");
    if (!h) die(path, 0, "cannot be written");
    fputs(
        "/* Generated from the .sql files by engine/tools/embed.c. */\n#ifndef GR_STORE_SQL_H\n#define GR_STORE_SQL_H\n\nenum sql_id {\n",
        h);
    for (int i = 0; i < query_count; i++) fprintf(h, "    SQL_%s,\n", queries[i].name);
    fputs(
        "    SQL_COUNT\n};\n\nstruct sql_text {\n    const char *name, *text, *place;\n};\nextern const struct sql_text sql_texts[];\nextern const int sql_text_count; /* SQL_COUNT, known at link time */\n\n"
        "struct sql_migration {\n    int number;\n    const char *name, *text;\n};\nextern const struct sql_migration sql_migrations[];\n"
        "extern const int sql_migration_count;\n\n#endif\n",
        h);
    fclose(h);
    snprintf(path, sizeof path, "%s/store_sql.c", argv[1]);
    FILE *c = fopen(path, "w");
    if (!c) die(path, 0, "cannot be written");
    fputs(
        "/* Generated from the .sql files by engine/tools/embed.c. */\n#include \"store_sql.h\"\n\nconst struct sql_text sql_texts[] = {\n",
        c);
    for (int i = 0; i < query_count; i++) {
        fprintf(c, "    {\"%s\",\n    ", queries[i].name);
        c_string(c, queries[i].text);
        fprintf(c, ",\n    \"%s:%d\"},\n", queries[i].file, queries[i].line);
    }
    if (query_count == 0) fputs("    {0, 0, 0},\n", c);
    fprintf(
        c,
        "};\nconst int sql_text_count = %d;\n\nconst struct sql_migration sql_migrations[] = {\n",
        query_count);
    DIR *dir = opendir(argv[2]);
    if (!dir) die(argv[2], 0, "cannot be read");
    char *names[1000];
    int count = 0;
    for (struct dirent *e; (e = readdir(dir)) && count < 1000;)
        if (strlen(e->d_name) > 9 && strcmp(e->d_name + strlen(e->d_name) - 4, ".sql") == 0)
            names[count++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, (size_t)count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        int number = atoi(names[i]);
        if (number != i + 1)
            die(names[i], 1, "migrations are numbered 0001, 0002, ... without gaps");
        snprintf(path, sizeof path, "%s/%s", argv[2], names[i]);
        fprintf(c, "    {%d, \"%s\",\n    ", number, names[i]);
        c_string(c, slurp(path));
        fputs("},\n", c);
    }
    if (count == 0) fputs("    {0, 0, 0},\n", c);
    fprintf(c, "};\nconst int sql_migration_count = %d;\n", count);
    fclose(c);
    return 0;
}
