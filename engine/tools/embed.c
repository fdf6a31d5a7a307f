/* Build tool: turns the rooms' .sql files and the migrations into C, a file at a time, on standard
 * output.
 *
 *   embed names engine/exam/exam.sql ALL.sql …    header: enum exam_sql {SQL_exam_…}
 *   embed texts engine/exam/exam.sql              the texts, in the same order
 *   embed rooms ALL.sql …                         which rooms there are, in this order
 *   embed migrations engine/store/migrations
 *
 * Names and texts are separate files, so that after a change of a text only that file is compiled.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_QUERIES 1024 /* SQL_ROOM_QUERIES of store_sql.h */

struct query {
    char name[96];
    char *text;
    int line;
};

static struct query queries[ROOM_QUERIES];
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

static void put_string(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '\n') fputs("\\n\"\n    \"", stdout);
        else if (*text == '"' || *text == '\\') printf("\\%c", *text);
        else putchar(*text);
    }
    putchar('"');
}

/* "exam" of "engine/exam/exam.sql". */
static const char *room_of(const char *path) {
    static char room[64];
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path,
               *dot = strrchr(base, '.');
    size_t len = dot ? (size_t)(dot - base) : strlen(base);
    if (len >= sizeof room) die(path, 0, "this name is too long");
    memcpy(room, base, len);
    room[len] = 0;
    return room;
}

static void name_query(const char *path, int number, const char *at, const char *end,
                       size_t text_max) {
    if (query_count == ROOM_QUERIES) die(path, number, "too many queries");
    struct query *q = &queries[query_count++];
    size_t n = 0;
    while (at < end && (isalnum((unsigned char)*at) || *at == '_') && n < sizeof q->name - 1)
        q->name[n++] = *at++;
    if (n == 0) die(path, number, "a query needs a name of letters, digits and _");
    const char *room = room_of(path);
    size_t len = strlen(room);
    if (strncmp(q->name, room, len) != 0 || q->name[len] != '_')
        die(path, number, "a query's name begins with its room's, and a _");
    for (int i = 0; i < query_count - 1; i++)
        if (strcmp(queries[i].name, q->name) == 0) die(path, number, "this name is taken already");
    q->line = number;
    q->text = calloc(1, text_max);
    if (!q->text) die(path, number, "memory is short");
}

static void read_queries(const char *path) {
    char *text = slurp(path), *line = text;
    int number = 0;
    size_t used = 0;
    query_count = 0;
    while (*line) {
        number++;
        char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);
        static const char mark[] = "-- name: ";
        if (strncmp(line, mark, sizeof mark - 1) == 0) {
            name_query(path, number, line + sizeof mark - 1, line + len, strlen(text) + 2);
            used = 0;
        } else if (!(len >= 2 && line[0] == '-' && line[1] == '-')) {
            bool blank = true;
            for (size_t i = 0; i < len; i++) blank = blank && isspace((unsigned char)line[i]);
            if (!blank && !query_count) die(path, number, "SQL before the first '-- name:'");
            if (!blank) {
                char *to = queries[query_count - 1].text;
                memcpy(to + used, line, len);
                used += len;
                to[used++] = '\n';
            }
        }
        line += len + (end != NULL);
    }
    if (query_count == 0) die(path, number, "a file of queries without a query");
    free(text);
}

static void head(const char *from) {
    printf("/* Made by engine/tools/embed.c from %s. */\n", from);
}

static void put_names(const char *path, int count, char **paths) {
    int room = 0;
    while (room < count && strcmp(paths[room], path) != 0) room++;
    if (room == count) die(path, 0, "is none of the files of queries");
    read_queries(path);
    head(path);
    char guard[80];
    snprintf(guard, sizeof guard, "GR_%s_SQL_H", room_of(path));
    for (char *p = guard; *p; p++) *p = (char)toupper((unsigned char)*p);
    printf("#ifndef %s\n#define %s\n\nenum %s_sql {\n", guard, guard, room_of(path));
    for (int i = 0; i < query_count; i++)
        printf("    SQL_%s = %d,\n", queries[i].name, room * ROOM_QUERIES + i);
    printf("};\n\n#endif\n");
}

static void put_texts(const char *path) {
    read_queries(path);
    head(path);
    printf("#include \"store/store_sql.h\"\n\n"
           "extern const struct sql_text %s_sql_texts[];\n"
           "const struct sql_text %s_sql_texts[] = {\n",
           room_of(path), room_of(path));
    for (int i = 0; i < query_count; i++) {
        printf("    {\"%s\",\n    ", queries[i].name);
        put_string(queries[i].text);
        printf(",\n    \"%s:%d\"},\n", path, queries[i].line);
    }
    printf("};\n");
}

static void put_rooms(int count, char **paths) {
    head("all files of queries");
    printf("#include \"store/store_sql.h\"\n\n");
    for (int i = 0; i < count; i++)
        printf("extern const struct sql_text %s_sql_texts[];\n", room_of(paths[i]));
    printf("\nconst struct sql_room sql_rooms[] = {\n");
    int first = 0;
    for (int i = 0; i < count; i++) {
        read_queries(paths[i]);
        printf("    {%s_sql_texts, %d, %d},\n", room_of(paths[i]), query_count, first);
        first += query_count;
    }
    if (count == 0) printf("    {0, 0, 0},\n");
    printf("};\nconst int sql_room_count = %d, sql_text_count = %d;\n", count, first);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_migrations(const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) die(folder, 0, "cannot be read");
    char *names[1000], path[4096];
    int count = 0;
    for (struct dirent *e; (e = readdir(dir)) && count < 1000;)
        if (strlen(e->d_name) > 9 && strcmp(e->d_name + strlen(e->d_name) - 4, ".sql") == 0)
            names[count++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, (size_t)count, sizeof *names, by_name);
    head(folder);
    printf("#include \"store/store_sql.h\"\n\nconst struct sql_migration sql_migrations[] = {\n");
    for (int i = 0; i < count; i++) {
        int number = atoi(names[i]);
        if (number != i + 1)
            die(names[i], 1, "migrations are numbered 0001, 0002, ... without gaps");
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        printf("    {%d, \"%s\",\n    ", number, names[i]);
        put_string(slurp(path));
        printf("},\n");
    }
    if (count == 0) printf("    {0, 0, 0},\n");
    printf("};\nconst int sql_migration_count = %d;\n", count);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "names") == 0 && argc > 3) put_names(argv[2], argc - 3, argv + 3);
    else if (strcmp(what, "texts") == 0 && argc == 3) put_texts(argv[2]);
    else if (strcmp(what, "rooms") == 0) put_rooms(argc - 2, argv + 2);
    else if (strcmp(what, "migrations") == 0 && argc == 3) put_migrations(argv[2]);
    else return 2;
    return fflush(stdout) == 0 ? 0 : 1;
}
