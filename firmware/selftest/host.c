/*
 * The C main of a linked image on a desktop: it starts XS from the very preparation that goes into a chip's flash,
 * imports the image's main module and calls its default export, as the SDK does on a device (xs/platforms/mc/xsHosts.c).
 * Lines come in on standard input and go out on standard output; that is all a self-test needs of the world.
 *
 * Exit status: 0 when main returned, 1 when it threw. XS itself exits with its own status (out of memory, dead strip).
 */

#include "xsAll.h"
#include "xs.h"
#include "mc.xs.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 65536 };

/* Promise jobs wait in the main loop of the platform: GLib's for the SDK's command-line platform, a flag elsewhere. */
#ifdef SELFTEST_BARE
static int jobsQueued;
void fxQueuePromiseJobs(txMachine *the)
{
	(void)the;
	jobsQueued = 1;
}
static void runJobs(txMachine *the)
{
	while (jobsQueued) {
		jobsQueued = 0;
		fxRunPromiseJobs(the);
	}
}
#else
static void runJobs(txMachine *the)
{
	(void)the;
	while (g_main_context_iteration(NULL, FALSE))
		;
}
#endif

#ifndef SELFTEST_BARE
void fxAbort(xsMachine *the, int status)
{
	(void)the;
	fprintf(stderr, "XS stopped: %s\n", fxAbortString(status));
	exit(status);
}
#endif

/* selftest_readLine() gives the next line without its end, or undefined at the end of the input. */
void selftest_readLine(xsMachine *the)
{
	static char line[LINE_MAX_BYTES];
	if (!fgets(line, sizeof(line), stdin))
		return;
	line[strcspn(line, "\r\n")] = 0;
	xsResult = xsString(line);
}

/* selftest_writeLine(text) */
void selftest_writeLine(xsMachine *the)
{
	fputs(xsToString(xsArg(0)), stdout);
	fputc('\n', stdout);
	fflush(stdout);
}

/* selftest_memory() gives peaks since the start: "<slots> <bytes a slot> <bytes of chunks>". */
void selftest_memory(xsMachine *the)
{
	char text[64];
	snprintf(text, sizeof(text), "%ld %d %ld", (long)the->peakHeapCount, (int)sizeof(txSlot), (long)the->peakChunksSize);
	xsResult = xsString(text);
}

int main(void)
{
	int status = 0;
	xsCreation *creation;
	void *preparation = xsPreparationAndCreation(&creation);
	xsMachine *machine = xsPrepareMachine(creation, preparation, "plugpay", NULL, NULL);
	if (!machine) {
		fprintf(stderr, "no XS machine: the linker and the engine are of different versions\n");
		return 1;
	}
	xsBeginHost(machine);
	xsVars(1);
	xsTry {
		xsVar(0) = xsImportNow(((txPreparation *)preparation)->main);
		xsVar(0) = xsGet(xsVar(0), xsID("default"));
		xsCallFunction0(xsVar(0), xsGlobal);
	}
	xsCatch {
		fprintf(stderr, "%s\n", xsToString(xsException));
		status = 1;
	}
	xsEndHost(machine);
	runJobs(machine);
	fxCheckUnhandledRejections(machine, 1);
	xsDeleteMachine(machine);
	return status;
}
