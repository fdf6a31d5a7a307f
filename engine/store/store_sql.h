/* Inside the store: the queries and migrations that the build makes of the .sql files
 * (engine/tools/embed.c). A room's names are its own header, its texts its own object: a changed
 * text recompiles that object alone, a new name the room that uses it. */
#ifndef GR_STORE_SQL_H
#define GR_STORE_SQL_H

/* The number of a query is its room's place here, times this, plus its place in the room. */
#define SQL_ROOM_QUERIES 1024

struct sql_text {
    const char *name, *text, *place; /* "engine/exam/exam.sql:12" */
};

struct sql_room {
    const struct sql_text *texts;
    int count; /* of texts */
    int first; /* how many queries the rooms before it have */
};
extern const struct sql_room sql_rooms[];
extern const int sql_room_count, sql_text_count; /* of rooms; of queries of all of them */

struct sql_migration {
    int number;
    const char *name, *text;
};
extern const struct sql_migration sql_migrations[]; /* numbered 1, 2, ... */
extern const int sql_migration_count;

/* The `index`th query of all, 0 to sql_text_count - 1. Another index aborts. */
const struct sql_text *sql_text_at(int index);
/* The index of a query by its number (SQL_room_name). A number that no query has aborts. */
int sql_index(int query);

#endif
