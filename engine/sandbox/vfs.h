/* A SQLite VFS that opens nothing: randomness and time come from the run. */
#ifndef GR_SANDBOX_VFS_H
#define GR_SANDBOX_VFS_H

#include <stdint.h>

#define VFS_NAME "lab"

void vfs_register(void); /* as the default */
/* What SQLite's random() and 'now' answer from here on; also empties SQLite's pool of random bytes.
 */
void vfs_set(uint64_t seed, int64_t step, int64_t now_ms);

#endif
