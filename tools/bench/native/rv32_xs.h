// What XS asks of its platform, for the benchmark's bare 32-bit core: little endian, no threads, no
// files, no clock. Memory comes from host.c, so that heaps have fixed sizes and every run is the
// same.

#ifndef __RV32_XS__
#define __RV32_XS__

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
#include <time.h>

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultParseScript 1
#define mxUseDefaultSharedChunks 1

// No module is ever found by name: the benchmark's script is one bundle.
#define mxUseDefaultFindModule 0
#define mxUseDefaultLoadModule 0

#define mxMachinePlatform \
  int promiseJobs;

#define C_PATH_MAX 256
#define c_realpath(path, real) NULL

// The clock stands still at the epoch: dates must not make two runs differ.
typedef struct {
  long tv_sec;
  long tv_usec;
} c_timeval;
struct rv32_timezone {
  int tz_minuteswest;
  int tz_dsttime;
};
#define c_timezone rv32_timezone
#define c_gettimeofday rv32_gettimeofday
int rv32_gettimeofday(c_timeval *time, struct rv32_timezone *zone);

#endif
