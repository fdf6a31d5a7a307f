/* Queries by their number and by their place in the list of all. */
#include "store/store_sql.h"

#include "base/err.h"

int sql_index(int query) {
    BUG_IF(query < 0 || query / SQL_ROOM_QUERIES >= sql_room_count);
    const struct sql_room *room = &sql_rooms[query / SQL_ROOM_QUERIES];
    BUG_IF(query % SQL_ROOM_QUERIES >= room->count);
    return room->first + query % SQL_ROOM_QUERIES;
}

const struct sql_text *sql_text_at(int index) {
    BUG_IF(index < 0 || index >= sql_text_count);
    const struct sql_room *room = sql_rooms;
    while (index >= room->first + room->count) room++;
    return &room->texts[index - room->first];
}
