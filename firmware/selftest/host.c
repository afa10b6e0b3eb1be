/*
 * The C main of a linked image off the chip: it starts XS from the very preparation that goes into
 * a chip's flash and imports the image's main module, as the SDK does on a device
 * (xs/platforms/mc/xsHosts.c). The world is at the other end of standard input and output, in
 * frames: a kind, two lengths (32 bits, little-endian), a JSON head, raw bytes.
 *
 *   in    E  an event for the image: hostEvent(head, bytes) is called
 *         T  a self-test: the export selfTest(head) is called
 *         R  the answer to a call
 *   out   C  a call of the image's, which waits for its answer (module "plugpay/host")
 *         H  what the heap held when it held most, by kind of object (SELFTEST_SAMPLED), a line each in the bytes
 *         D  done; the bytes are what the self-test gave, the head says how much memory was ever in use
 *         X  the image threw; the head is the stack as a string, the process ends
 *
 * It runs on a desktop over the SDK's command-line platform (GLib), and with SELFTEST_BARE on a
 * bare 32-bit core in an emulator, whose semihosting is its only way out (bare_xs.h,
 * tools/firmware/measure.ts).
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

#ifdef SELFTEST_BARE

/* Semihosting (ARM's specification, as RISC-V takes it over): the console is the file ":tt". */
enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, MODE_READ = 0, MODE_WRITE = 4 };

static long semihost(long operation, const void *argument)
{
	register long a0 __asm__("a0") = operation;
	register const void *a1 __asm__("a1") = argument;
	/* These three instructions mark the call; they must not be compressed, nor lie across a page. */
	__asm__ volatile(".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
		: "+r"(a0) : "r"(a1) : "memory");
	return a0;
}

static long console(long mode)
{
	static const char name[] = ":tt";
	long block[3] = { (long)name, mode, sizeof(name) - 1 };
	return semihost(SYS_OPEN, block);
}

static void readBytes(void *bytes, uint32_t length)
{
	static long file = -1;
	if (file < 0)
		file = console(MODE_READ);
	while (length) {
		long block[3] = { file, (long)bytes, (long)length };
		uint32_t left = (uint32_t)semihost(SYS_READ, block);
		if (left >= length)
			exit(0);
		bytes = (char *)bytes + (length - left);
		length = left;
	}
}

static void writeBytes(const void *bytes, uint32_t length)
{
	static long file = -1;
	long block[3] = { 0, (long)bytes, (long)length };
	if (file < 0)
		file = console(MODE_WRITE);
	block[0] = file;
	if (length)
		(void)semihost(SYS_WRITE, block);
}

#else

/* The process ends with its input. */
static void readBytes(void *bytes, uint32_t length)
{
	if (fread(bytes, 1, length, stdin) != length)
		exit(0);
}

static void writeBytes(const void *bytes, uint32_t length)
{
	fwrite(bytes, 1, length, stdout);
}

#endif

static uint32_t readLength(void)
{
	uint8_t b[4];
	readBytes(b, 4);
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void writeLength(uint32_t length)
{
	uint8_t b[4] = { (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), (uint8_t)(length >> 24) };
	writeBytes(b, 4);
}

/* The frame is the caller's to free (its `head`). */
static Frame readFrame(void)
{
	Frame frame;
	readBytes(&frame.kind, 1);
	frame.headLength = readLength();
	frame.bytesLength = readLength();
	if (frame.headLength > FRAME_MAX_BYTES || frame.bytesLength > FRAME_MAX_BYTES)
		exit(2);
	frame.head = malloc((size_t)frame.headLength + 1 + frame.bytesLength);
	if (!frame.head)
		exit(2);
	frame.bytes = frame.head + frame.headLength + 1;
	readBytes(frame.head, frame.headLength);
	frame.head[frame.headLength] = 0;
	readBytes(frame.bytes, frame.bytesLength);
	return frame;
}

static void writeFrame(char kind, const char *head, const void *bytes, uint32_t bytesLength)
{
	uint32_t headLength = (uint32_t)strlen(head);
	writeBytes(&kind, 1);
	writeLength(headLength);
	writeLength(bytesLength);
	writeBytes(head, headLength);
	writeBytes(bytes, bytesLength);
	fflush(stdout);
}

/*
 * plugpay_hostCall(head, bytes): one synchronous call out; gives an array of the answer's head and
 * bytes.
 */
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

/*
 * Promise jobs: GLib's loop has them on a desktop, this flag on a bare core
 * (tools/firmware/measure.ts).
 */
#ifdef SELFTEST_BARE
void fxQueuePromiseJobs(txMachine *the)
{
	the->jobs = 1;
}

static void runJobs(txMachine *the)
{
	while (the->jobs) {
		the->jobs = 0;
		fxRunPromiseJobs(the);
	}
}

/* Instructions that the core has finished, for what a start costs. */
static unsigned instructions(void)
{
	unsigned count;
	__asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, instret\n.option pop" : "=r"(count));
	return count;
}
#else
static void runJobs(txMachine *the)
{
	(void)the;
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static unsigned instructions(void)
{
	return 0;
}
#endif

void fxAbort(xsMachine *the, int status)
{
	(void)the;
	writeFrame('X', fxAbortString(status), "", 0);
	fprintf(stderr, "XS stopped: %s\n", fxAbortString(status));
	exit(status ? status : 1);
}

static void failed(xsMachine *the)
{
	if (xsTypeOf(xsException) == xsReferenceType)
		xsException = xsGet(xsException, xsID("stack"));
	writeFrame('X', xsToString(xsException), "", 0);
	exit(1);
}

#ifdef SELFTEST_SAMPLED
/*
 * How full a heap is says little while garbage is in it. So here XS collects (mxStress) whenever it
 * has counted gxStress up to 0, and tells of it (mxReport; the linker's --wrap brings that here):
 * what is in use then is really held.
 */
enum { SAMPLE_EVERY_ALLOCATIONS = 200 };
extern int gxStress;
static long heldSlots, heldChunks;

/*
 * Objects, counted by what they consist of: the names of their properties, private ones after "#",
 * what a function closes over after "()", and the number of a slot's kind (xsAll.h) where it has no
 * name.
 */
enum { KINDS = 512, NAME_BYTES = 80, COUNT_AGAIN_SLOTS = 32 };
static struct {
	char name[NAME_BYTES];
	unsigned slots, objects;
} kinds[KINDS];
static unsigned kindCount;
static int countedAnew;

static void nameOf(txMachine *the, char *name, const txSlot *slot)
{
	size_t length = strlen(name);
	const char *key = slot->ID == XS_NO_ID ? NULL : fxGetKeyName(the, slot->ID);
	if (key)
		snprintf(name + length, NAME_BYTES - length, "%s ", key);
	else
		snprintf(name + length, NAME_BYTES - length, "%d ", slot->kind);
}

static unsigned namesOf(txMachine *the, char *name, const char *mark, const txSlot *slot)
{
	unsigned count = 0;
	strncat(name, mark, NAME_BYTES - 1 - strlen(name));
	for (; slot; slot = slot->next, count++)
		nameOf(the, name, slot);
	return count;
}

static void countObject(txMachine *the, const txSlot *instance)
{
	char name[NAME_BYTES] = "";
	unsigned slots = 1, i = 0;
	for (const txSlot *slot = instance->next; slot; slot = slot->next) {
		slots++;
		if (slot->kind == XS_PRIVATE_KIND)
			slots += namesOf(the, name, "# ", slot->value.private.first);
		else if (slot->kind == XS_CODE_KIND || slot->kind == XS_CODE_X_KIND)
			(void)namesOf(the, name, "() ", slot->value.code.closures ? slot->value.code.closures->next : NULL);
		else
			nameOf(the, name, slot);
	}
	while (i < kindCount && strcmp(kinds[i].name, name) != 0)
		i++;
	if (i == kindCount) {
		if (i == KINDS)
			return;
		strcpy(kinds[i].name, name);
		kinds[i].slots = kinds[i].objects = 0;
		kindCount++;
	}
	kinds[i].slots += slots;
	kinds[i].objects++;
}

static void countHeap(txMachine *the)
{
	kindCount = 0;
	countedAnew = 1;
	for (const txSlot *block = the->firstHeap; block; block = block->next)
		for (const txSlot *slot = block + 1; slot < block->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND)
				countObject(the, slot);
}

static void tellHeap(void)
{
	static char lines[KINDS * (NAME_BYTES + 16)];
	size_t length = 0;
	if (!countedAnew)
		return;
	countedAnew = 0;
	for (unsigned i = 0; i < kindCount; i++)
		length += (size_t)snprintf(lines + length, sizeof(lines) - length, "%u %u %s\n", kinds[i].slots, kinds[i].objects, kinds[i].name);
	writeFrame('H', "", lines, (uint32_t)length);
}

void __wrap_fxReport(txMachine *the, txString format, ...)
{
	if (gxStress != 0 || strncmp(format, "# Slot collection", 17) != 0)
		return;
	static long countedAt;
	if (countedAt + COUNT_AGAIN_SLOTS <= the->currentHeapCount) {
		countedAt = the->currentHeapCount;
		countHeap(the);
	}
	if (heldSlots < the->currentHeapCount)
		heldSlots = the->currentHeapCount;
	if (heldChunks < the->currentChunksSize)
		heldChunks = the->currentChunksSize;
	gxStress = -SAMPLE_EVERY_ALLOCATIONS;
}

static void startSampling(void)
{
	gxStress = -SAMPLE_EVERY_ALLOCATIONS;
}

static long peakSlots(xsMachine *machine)
{
	(void)machine;
	return heldSlots;
}

static long peakChunks(xsMachine *machine)
{
	(void)machine;
	return heldChunks;
}
#else
static void tellHeap(void)
{
}

static void startSampling(void)
{
}

static long peakSlots(xsMachine *machine)
{
	return (long)machine->peakHeapCount;
}

static long peakChunks(xsMachine *machine)
{
	return (long)machine->peakChunksSize;
}
#endif

/* `ready`: instructions from the start until main was imported. */
static void done(xsMachine *machine, unsigned ready, const char *result)
{
	char memory[128];
	snprintf(memory, sizeof(memory), "{\"ready\":%u,\"slots\":%ld,\"bytesPerSlot\":%d,\"chunks\":%ld}",
		ready, peakSlots(machine), (int)sizeof(txSlot), peakChunks(machine));
	writeFrame('D', memory, result, (uint32_t)strlen(result));
}

static void deliver(xsMachine *machine, const Frame *event, unsigned ready)
{
	xsBeginHost(machine);
	xsVars(2);
	xsTry {
		xsVar(0) = xsString(event->head);
		xsVar(1) = xsArrayBuffer(event->bytes, (xsIntegerValue)event->bytesLength);
		(void)xsCall2(xsGlobal, xsID("hostEvent"), xsVar(0), xsVar(1));
	}
	xsCatch {
		failed(the);
	}
	xsEndHost(machine);
	runJobs(machine);
	fxCheckUnhandledRejections(machine, 1);
	tellHeap();
	done(machine, ready, "");
}

static void selfTest(xsMachine *machine, const Frame *frame, unsigned ready)
{
	xsBeginHost(machine);
	xsVars(2);
	xsTry {
		xsVar(0) = xsImportNow(((txPreparation *)xsPreparationAndCreation(NULL))->main);
		xsVar(1) = xsString(frame->head);
		xsResult = xsCall1(xsVar(0), xsID("selfTest"), xsVar(1));
		done(the, ready, xsToString(xsResult));
	}
	xsCatch {
		failed(the);
	}
	xsEndHost(machine);
}

int main(void)
{
	unsigned start = instructions();
	xsCreation *linked;
	void *preparation = xsPreparationAndCreation(&linked);
	xsCreation creation = *linked;
	xsMachine *machine;
#ifdef SELFTEST_BARE
	/*
	 * A desktop's slots are twice as large and its image is linked with more; here it is what a chip
	 * gets (engine.json).
	 */
	creation.initialChunkSize = SELFTEST_CHUNK_BYTES;
	creation.initialHeapCount = SELFTEST_SLOTS;
	creation.stackCount = SELFTEST_STACK;
	creation.incrementalChunkSize = 0;
	creation.incrementalHeapCount = 0;
#endif
	machine = xsPrepareMachine(&creation, preparation, "plugpay", NULL, NULL);
	if (!machine) {
		writeFrame('X', "no XS machine: the linker and the engine are of different versions", "", 0);
		return 1;
	}
	xsBeginHost(machine);
	xsVars(1);
	xsTry {
		xsVar(0) = xsImportNow(((txPreparation *)preparation)->main);
		xsVar(0) = xsGet(xsVar(0), xsID("default"));
		(void)xsCallFunction0(xsVar(0), xsGlobal);
	}
	xsCatch {
		failed(the);
	}
	xsEndHost(machine);
	start = instructions() - start;
	startSampling();
	for (;;) {
		Frame frame = readFrame();
		if (frame.kind == 'T')
			selfTest(machine, &frame, start);
		else
			deliver(machine, &frame, start);
		free(frame.head);
	}
}
