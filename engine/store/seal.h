/* Seals of rows: what this program alone can have written.
 *
 * RULE row-seal: whoever can write the database file has no key of the data folder. So a row that
 * gives somebody something carries a seal: HMAC-SHA256 with the key in DIR/seal.key, in lower-case
 * hex, over "gradus-row/1", the name of the table and the row's facts in a fixed order. Each is
 * written as its length in bytes, ":", the bytes and ","; a number in decimal digits; NULL as "-,".
 * A row whose seal is missing or does not fit was written past the program, and gives nothing.
 *
 * The key is made when a store is opened for writing and there is none: in a new academy, after an
 * upgrade, after a restore without keys. What was sealed with another one is not known then: the
 * audit log says with which key rows are sealed (RULE seal-begins, RULE seal-once). The file is the
 * key, and from the first start that sealed with it on one more byte, "+": it tells so even when
 * the log was emptied.
 *
 * Threads: any, with the caller's own connection. */
#ifndef GR_STORE_SEAL_H
#define GR_STORE_SEAL_H

#include "store/store.h"

#define SEAL_KEY_BYTES 32
#define SEAL_FINGERPRINT_CHARS 32

/* The seal of a row. `types` as for db_query, of 't' and 'i' alone. Arena. NULL: this store was
 * opened for reading, and there is no key that this user can read. */
const char *seal_make(struct db *db, struct arena *a, const char *table, const char *types, ...);
/* Whether `seal` (may be NULL) is the one of these facts. */
bool seal_holds(struct db *db, const char *seal, const char *table, const char *types,
                ...) MUST_USE;
/* Names the key and tells nothing of it: hex. NULL: there is no key. Borrowed from the store. */
const char *seal_fingerprint(struct db *db);
/* The row of the log from which on this process knows that rows are sealed; 0: it was not told. It
 * is kept in memory, where whoever writes the database cannot reach it. */
int64_t seal_begun(struct db *db);
void seal_begin(struct db *db, int64_t seq);
/* Whether the key's file says that rows were sealed with it. */
bool seal_key_used(struct db *db) MUST_USE;
/* Writes it there, to the disk, when it does not say so yet; nothing without a key. false: it could
 * not be written, with errno. Not by two threads at once. */
bool store_seal_key_use(struct store *s) MUST_USE;

#endif
