/* Finds the files that are installed with the program, not with an academy: site/, labs/schema/. */
#ifndef GR_BASE_PROGRAM_H
#define GR_BASE_PROGRAM_H

/* The folder that holds `path` (relative, at most 200 bytes): `root` when it has it, as a source
 * tree does; else PREFIX/share/gradus of a program in PREFIX/bin, when that has it; else `root`.
 * The result is `root` itself, or lives as long as the process. Any thread. */
const char *program_root(const char *root, const char *path);

#endif
