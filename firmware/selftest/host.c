/*
 * The C main of a linked image on a desktop: it starts XS from the very preparation that goes into a chip's flash and
 * imports the image's main module, as the SDK does on a device (xs/platforms/mc/xsHosts.c). The world is at the other
 * end of standard input and output, in frames: a kind, two lengths (32 bits, little-endian), a JSON head, raw bytes.
 *
 *   in    E  an event for the image: hostEvent(head, bytes) is called
 *         R  the answer to a call
 *   out   C  a call of the image's, which waits for its answer (module "plugpay/host")
 *         D  the event is done; the head says how much memory was ever in use
 *         X  the image threw; the head is the stack as a string, the process ends
 *
 * With the argument `selftest` it calls the export `selfTest` instead and prints what that gives.
 */

#include "xsAll.h"
#include "xs.h"
#include "mc.xs.h"

#include <stdio.h>
#include <string.h>

typedef struct {
	char kind;
	uint32_t headLength;
	uint32_t bytesLength;
	/* The head ends with a zero byte, the raw bytes follow it. */
	char *head;
	char *bytes;
} Frame;

enum { FRAME_MAX_BYTES = 1 << 20 };

static uint32_t readLength(void)
{
	uint8_t b[4];
	if (fread(b, 1, 4, stdin) != 4)
		exit(0);
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void writeLength(uint32_t length)
{
	uint8_t b[4] = { (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), (uint8_t)(length >> 24) };
	fwrite(b, 1, 4, stdout);
}

/* The frame is the caller's to free (its `head`). The process ends with its input. */
static Frame readFrame(void)
{
	Frame frame;
	int kind = fgetc(stdin);
	if (kind == EOF)
		exit(0);
	frame.kind = (char)kind;
	frame.headLength = readLength();
	frame.bytesLength = readLength();
	if (frame.headLength > FRAME_MAX_BYTES || frame.bytesLength > FRAME_MAX_BYTES)
		exit(2);
	frame.head = malloc((size_t)frame.headLength + 1 + frame.bytesLength);
	if (!frame.head)
		exit(2);
	frame.bytes = frame.head + frame.headLength + 1;
	if (fread(frame.head, 1, frame.headLength, stdin) != frame.headLength)
		exit(0);
	frame.head[frame.headLength] = 0;
	if (fread(frame.bytes, 1, frame.bytesLength, stdin) != frame.bytesLength)
		exit(0);
	return frame;
}

static void writeFrame(char kind, const char *head, const void *bytes, uint32_t bytesLength)
{
	uint32_t headLength = (uint32_t)strlen(head);
	fputc(kind, stdout);
	writeLength(headLength);
	writeLength(bytesLength);
	fwrite(head, 1, headLength, stdout);
	fwrite(bytes, 1, bytesLength, stdout);
	fflush(stdout);
}

/* plugpay_hostCall(head, bytes): one synchronous call out; gives an array of the answer's head and bytes. */
void plugpay_hostCall(xsMachine *the)
{
	Frame answer;
	xsVars(2);
	if (xsTypeOf(xsArg(1)) == xsReferenceType) {
		writeFrame('C', xsToString(xsArg(0)), xsToArrayBuffer(xsArg(1)), (uint32_t)xsGetArrayBufferLength(xsArg(1)));
	}
	else
		writeFrame('C', xsToString(xsArg(0)), "", 0);
	answer = readFrame();
	xsResult = xsNewArray(2);
	xsVar(0) = xsString(answer.head);
	xsVar(1) = xsArrayBuffer(answer.bytes, (xsIntegerValue)answer.bytesLength);
	xsSetIndex(xsResult, 0, xsVar(0));
	xsSetIndex(xsResult, 1, xsVar(1));
	free(answer.head);
}

/* plugpay_readLine(): one line of standard input, empty at its end. For a self-test only. */
void plugpay_readLine(xsMachine *the)
{
	static char line[65536];
	if (!fgets(line, sizeof(line), stdin))
		line[0] = 0;
	line[strcspn(line, "\r\n")] = 0;
	xsResult = xsString(line);
}

static void runJobs(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

void fxAbort(xsMachine *the, int status)
{
	(void)the;
	writeFrame('X', fxAbortString(status), "", 0);
	fprintf(stderr, "XS stopped: %s\n", fxAbortString(status));
	exit(status ? status : 1);
}

static void deliver(xsMachine *machine, const Frame *event)
{
	xsBeginHost(machine);
	xsVars(2);
	xsTry {
		xsVar(0) = xsString(event->head);
		xsVar(1) = xsArrayBuffer(event->bytes, (xsIntegerValue)event->bytesLength);
		(void)xsCall2(xsGlobal, xsID("hostEvent"), xsVar(0), xsVar(1));
	}
	xsCatch {
		if (xsTypeOf(xsException) == xsReferenceType)
			xsException = xsGet(xsException, xsID("stack"));
		writeFrame('X', xsToString(xsException), "", 0);
		exit(1);
	}
	xsEndHost(machine);
}

static void run(xsMachine *machine)
{
	for (;;) {
		char memory[96];
		Frame event = readFrame();
		deliver(machine, &event);
		free(event.head);
		runJobs();
		fxCheckUnhandledRejections(machine, 1);
		snprintf(memory, sizeof(memory), "{\"slots\":%ld,\"bytesPerSlot\":%d,\"chunks\":%ld}",
			(long)machine->peakHeapCount, (int)sizeof(txSlot), (long)machine->peakChunksSize);
		writeFrame('D', memory, "", 0);
	}
}

int main(int argc, char **argv)
{
	int status = 0;
	int selfTest = (argc > 1) && !strcmp(argv[1], "selftest");
	void *preparation = xsPreparationAndCreation(NULL);
	xsMachine *machine = xsPrepareMachine(NULL, preparation, "plugpay", NULL, NULL);
	if (!machine) {
		fprintf(stderr, "no XS machine: the linker and the engine are of different versions\n");
		return 1;
	}
	xsBeginHost(machine);
	xsVars(1);
	xsTry {
		xsVar(0) = xsImportNow(((txPreparation *)preparation)->main);
		if (selfTest) {
			xsResult = xsCall0(xsVar(0), xsID("selfTest"));
			fputs(xsToString(xsResult), stdout);
		}
		else {
			xsVar(0) = xsGet(xsVar(0), xsID("default"));
			(void)xsCallFunction0(xsVar(0), xsGlobal);
		}
	}
	xsCatch {
		if (xsTypeOf(xsException) == xsReferenceType)
			xsException = xsGet(xsException, xsID("stack"));
		fprintf(stderr, "%s\n", xsToString(xsException));
		status = 1;
	}
	xsEndHost(machine);
	runJobs();
	if (!selfTest && !status)
		run(machine);
	xsDeleteMachine(machine);
	return status;
}
