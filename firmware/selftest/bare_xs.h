/*
 * What XS asks of its platform on a bare 32-bit core (tools/firmware/measure.ts): a linked image as
 * on a chip, with heaps of a fixed size, and nothing of an operating system. Promise jobs wait for
 * host.c's loop.
 */

#ifndef __BARE_XS__
#define __BARE_XS__

#undef mxLittleEndian
#define mxLittleEndian 1

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultChunkAllocation 1
#define mxUseDefaultSlotAllocation 1
#define mxUseDefaultFindModule 1
#define mxUseDefaultLoadModule 1
#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultParseScript 1
#define mxUseDefaultSharedChunks 1

#define mxMachinePlatform int jobs;

#define C_PATH_MAX 128
#define c_realpath(path, real) NULL

#endif
