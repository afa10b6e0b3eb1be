// A host of our own for the XS engine on a bare 32-bit RISC-V core (qemu-system-riscv32 -M virt):
// runs one script that the loader has put into memory and lets it count what it does, in
// instructions of the core (`instret`).
//
// What the script gets, all on `host`:
//   host.print(text)      one line out through semihosting
//   host.instret()        instructions that the core has finished
//   host.seal(ch, sl)     makes flash of all that exists by now (see seal below); the heap that follows has ch bytes
//                         of chunks and sl slots
//   host.heap()           starts a new peak: collects garbage, gives [slots, chunks] in bytes that are in use
//   host.peak()           [slots, chunks]: the highest use since then, in bytes
//   host.profile(on)      samples the program counter every few hundred instructions, prints the histogram when off

#include "xsAll.h"
#include "xsScript.h"
#include "xs.h"

// The counters and the timer live in control registers, an extension that GCC 12 wants named.
asm(".option arch, +zicsr");

#define SCRIPT ((const char *)0x88000000) /* where the loader puts the script; its end is a zero byte */

static long semihost(long operation, const void *argument) {
  register long a0 asm("a0") = operation;
  register const void *a1 asm("a1") = argument;
  // The three instructions that mark a semihosting call; they must not be compressed.
  asm volatile(".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
               : "+r"(a0)
               : "r"(a1)
               : "memory");
  return a0;
}

static void say(const char *text) { semihost(0x04 /* SYS_WRITE0 */, text); }

static void leave(int status) {
  long block[2] = {0x20026 /* ADP_Stopped_ApplicationExit */, status};
  semihost(0x20 /* SYS_EXIT_EXTENDED */, block);
  for (;;) {
  }
}

static uint64_t instret(void) {
  uint32_t high, low, again;
  do {
    asm volatile("rdinstreth %0\nrdinstret %1\nrdinstreth %2" : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return ((uint64_t)high << 32) | low;
}

// ---------------------------------------------------------------- what XS wants from a platform

int c_gettimeofday(c_timeval *time, struct rv32_timezone *zone) {
  (void)zone;
  time->tv_sec = 0;
  time->tv_usec = 0;
  return 0;
}

uint32_t modMilliseconds(void) { return 0; }

void fxAbort(txMachine *the, int status) {
  char text[64];
  say("host: XS stopped: ");
  say(status == XS_NOT_ENOUGH_MEMORY_EXIT     ? "memory full"
      : status == XS_STACK_OVERFLOW_EXIT      ? "stack overflow"
      : status == XS_NO_MORE_KEYS_EXIT        ? "not enough keys"
      : status == XS_UNHANDLED_EXCEPTION_EXIT ? "unhandled exception"
      : status == XS_UNHANDLED_REJECTION_EXIT ? "unhandled rejection"
                                              : "fatal");
  snprintf(text, sizeof text, " (%d)\n", status);
  say(text);
  if (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT) {
    say(fxToString(the, &mxException));
    say("\n");
  }
  leave(70);
}

void *fxAllocateChunks(txMachine *the, txSize size) {
  (void)the;
  return malloc(size);
}
void fxFreeChunks(txMachine *the, void *chunks) {
  (void)the;
  free(chunks);
}
txSlot *fxAllocateSlots(txMachine *the, txSize count) {
  (void)the;
  return malloc(count * sizeof(txSlot));
}
void fxFreeSlots(txMachine *the, void *slots) {
  (void)the;
  free(slots);
}
txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot) {
  (void)the, (void)realm, (void)moduleID, (void)slot;
  return XS_NO_ID;
}
void fxLoadModule(txMachine *the, txSlot *module, txID moduleID) {
  (void)the, (void)module, (void)moduleID;
}
void fxQueuePromiseJobs(txMachine *the) { the->promiseJobs = 1; }

// ---------------------------------------------------------------- flash

// On the device, modules are preloaded: their objects, strings, numbers and code lie in flash, the
// collector never looks at them, and they cost no RAM. The same is done here with what is in the
// heap when `seal` is called: its slots stay marked and are taken out of the collector's lists,
// strings and BigInts become the kind that lies outside the heap (so BigInts in "flash" are unequal
// to those in RAM, as on the device), and a fresh heap begins.
static void sealItems(txSlot *items, txIndex length);

static void sealValue(txSlot *slot) {
  switch (slot->kind) {
    case XS_STRING_KIND: slot->kind = XS_STRING_X_KIND; break;
    case XS_BIGINT_KIND: slot->kind = XS_BIGINT_X_KIND; break;
    case XS_CODE_KIND: slot->kind = XS_CODE_X_KIND; break;
    case XS_KEY_KIND: slot->kind = XS_KEY_X_KIND; break;
    case XS_ARRAY_KIND: sealItems(slot->value.array.address, slot->value.array.length); break;
  }
}

// An array may be longer than what it stores.
static void sealItems(txSlot *items, txIndex length) {
  if (!items) return;
  txIndex stored = ((txChunk *)((txByte *)items - sizeof(txChunk)))->size / sizeof(txSlot);
  for (txIndex i = 0; i < stored && i < length; i++) {
    if (items[i].kind == XS_BIGINT_KIND) {
      say("host: a preloaded array holds a BigInt; the SDK's linker would overrun its buffer\n");
      leave(71);
    }
    sealValue(items + i);
  }
}

static void freshInstance(txMachine *the, txSlot *root) {
  fxNewInstance(the);
  *root = *the->stack;
  the->stack++;
}

static void seal(xsMachine *the) {
  txSize chunks = xsToInteger(xsArg(0)), slots = xsToInteger(xsArg(1));
  txSlot *heap, *slot;
  fxCollect(the, XS_COMPACT_FLAG);
  for (slot = the->stack; slot < the->stackTop; slot++) sealValue(slot);
  for (heap = the->firstHeap; heap; heap = heap->next)
    for (slot = heap + 1; slot < heap->value.reference; slot++) {
      sealValue(slot);
      slot->flag |= XS_MARK_FLAG;
    }
  the->firstHeap = the->freeHeap = NULL;
  the->firstBlock = NULL;
  the->currentChunksSize = the->peakChunksSize = the->maximumChunksSize = 0;
  the->currentHeapCount = the->peakHeapCount = the->maximumHeapCount = 0;
  the->minimumChunksSize = 4096;
  the->minimumHeapCount = 256;
  txBlock *block = malloc(sizeof(txBlock) + chunks);
  *block = (txBlock){.nextBlock = NULL, .current = (txByte *)(block + 1), .limit = (txByte *)(block + 1) + chunks};
  the->firstBlock = block;
  the->maximumChunksSize = chunks;
  fxGrowSlots(the, slots);
  freshInstance(the, &mxModuleQueue);
  freshInstance(the, &mxUnhandledPromises);
  freshInstance(the, &mxDuringJobs);
  freshInstance(the, &mxFinalizationRegistries);
  freshInstance(the, &mxPendingJobs);
  freshInstance(the, &mxRunningJobs);
}

// ---------------------------------------------------------------- counting

static void print(xsMachine *the) {
  say(xsToString(xsArg(0)));
  say("\n");
}

static void instructions(xsMachine *the) { xsResult = xsNumber((double)instret()); }

static void pair(xsMachine *the, double first, double second) {
  xsResult = xsNewArray(2);
  xsSetIndex(xsResult, 0, xsNumber(first));
  xsSetIndex(xsResult, 1, xsNumber(second));
}

static void heapUse(xsMachine *the) {
  fxCollect(the, XS_COMPACT_FLAG);
  the->peakChunksSize = the->currentChunksSize;
  the->peakHeapCount = the->currentHeapCount;
  pair(the, (double)the->currentHeapCount * sizeof(txSlot), the->currentChunksSize);
}

static void peak(xsMachine *the) {
  pair(the, (double)the->peakHeapCount * sizeof(txSlot), the->peakChunksSize);
}

// A sampling profiler that is the same on every run: the machine timer counts instructions under
// -icount shift=0.
#define SAMPLE 997
#define CODE_START 0x80000000u
#define CODE_WORDS (1 << 18)
static uint32_t *histogram;
static volatile uint64_t *const mtime = (uint64_t *)0x0200bff8, *const mtimecmp = (uint64_t *)0x02004000;

static void __attribute__((interrupt("machine"), aligned(4))) sample(void) {
  uint32_t pc;
  asm volatile("csrr %0, mepc" : "=r"(pc));
  if (((pc - CODE_START) >> 2) < CODE_WORDS) histogram[(pc - CODE_START) >> 2]++;
  *mtimecmp = *mtime + SAMPLE / 100 + 1;
}

static void profile(xsMachine *the) {
  char line[48];
  if (xsToBoolean(xsArg(0))) {
    histogram = calloc(CODE_WORDS, sizeof *histogram);
    asm volatile("csrw mtvec, %0" ::"r"(sample));
    *mtimecmp = *mtime + 1;
    asm volatile("csrs mie, %0\ncsrsi mstatus, 8" ::"r"(0x80));
  } else {
    asm volatile("csrci mstatus, 8");
    for (uint32_t i = 0; i < CODE_WORDS; i++)
      if (histogram[i]) {
        snprintf(line, sizeof line, "@%08lx %lu\n", (unsigned long)(CODE_START + 4 * i), (unsigned long)histogram[i]);
        say(line);
      }
    free(histogram);
  }
}

// ---------------------------------------------------------------- main

static txScript *parse(txMachine *the, const char *source) {
  txParser parser;
  txParserJump jump;
  txStringCStream stream = {(txString)source, 0, (txSize)strlen(source)};
  txScript *script = NULL;
  fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
  parser.firstJump = &jump;
  if (c_setjmp(jump.jmp_buf) == 0) {
    fxParserTree(&parser, &stream, fxStringCGetter, mxProgramFlag, NULL);
    fxParserHoist(&parser);
    fxParserBind(&parser);
    script = fxParserCode(&parser);
  }
  if (!script) {
    say("host: the script does not parse\n");
    leave(72);
  }
  fxTerminateParser(&parser);
  return script;
}

static void install(xsMachine *the, txCallback callback, txInteger length, const char *name) {
  xsVar(0) = xsNewHostFunction((xsCallback)callback, length);
  xsDefine(xsVar(1), xsID(name), xsVar(0), xsDontDelete);
}

int main(void) {
  xsCreation creation = {
      // More than a chip has: what is measured as it comes would not fit, and with less the
      // collector would be all that is measured. What is measured as a device runs it gets the
      // device's heap when it seals.
      .initialChunkSize = 1024 * 1024,
      .incrementalChunkSize = 256 * 1024,
      .initialHeapCount = 32768,
      .incrementalHeapCount = 8192,
      .stackCount = 4096,
      .initialKeyCount = 4096,
      .incrementalKeyCount = 512,
      .nameModulo = 1993,
      .symbolModulo = 127,
      // The longest token of a script; the C library clears what it gives, so more would cost at
      // each use.
      .parserBufferSize = 32 * 1024,
      .parserTableModulo = 1993,
  };
  xsMachine *the = xsCreateMachine(&creation, "bench", NULL);
  int failed = 0;
  xsBeginHost(the);
  {
    xsVars(2);
    xsTry {
      xsVar(1) = xsNewObject();
      install(the, print, 1, "print");
      install(the, instructions, 0, "instret");
      install(the, seal, 2, "seal");
      install(the, heapUse, 0, "heap");
      install(the, peak, 0, "peak");
      install(the, profile, 1, "profile");
      xsSet(xsGlobal, xsID("host"), xsVar(1));
      txSlot *realm = mxProgram.value.reference->next->value.module.realm;
      fxRunScript(the, parse(the, SCRIPT), mxRealmGlobal(realm), C_NULL, mxRealmClosures(realm)->value.reference, C_NULL,
                  mxProgram.value.reference);
      the->stack++;
      while (the->promiseJobs) {
        the->promiseJobs = 0;
        fxRunPromiseJobs(the);
      }
      fxCheckUnhandledRejections(the, 1);
    }
    xsCatch {
      say("host: ");
      say(xsToString(xsException));
      say("\n");
      failed = 1;
    }
  }
  xsEndHost(the);
  leave(failed);
  return failed;
}
