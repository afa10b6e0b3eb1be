// What an error says: anything may have been thrown.

/** Its message; of what is no Error, itself as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
