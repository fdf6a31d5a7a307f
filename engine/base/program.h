/* Where the files lie that come with the program, not with an academy: site/, labs/schema/. */
#ifndef GR_BASE_PROGRAM_H
#define GR_BASE_PROGRAM_H

/* The folder that holds `path` (relative): `root` when it has it, as the tree of the source does;
 * else PREFIX/share/gradus of a program that stands in PREFIX/bin, when that has it; else `root`.
 * `path` is at most 200 bytes. What is given back is `root` itself, or lives as long as the
 * process. Any thread. */
const char *program_root(const char *root, const char *path);

#endif
