// The two names by which XS lets TypeScript reach C: the SDK's typings have them, @moddable/typings
// not yet.

declare function native(name: string): (this: unknown, ...args: unknown[]) => unknown;

/**
 * The base class of an object whose data C owns; `destructor` names the C function that frees it.
 */
declare function Native(destructor: string): new () => object;
