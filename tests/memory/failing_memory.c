/* The failing allocator as a library to be preloaded. */
#include "failing_memory.h"
