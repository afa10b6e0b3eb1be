// The record of what an owner set, as the store has it in two slots (shared/journal).

/** Prefix of its keys. */
export const RECORD_NAME = "owner";
/** Of the record; another one is set aside. */
export const RECORD_VERSION = 1;
export const MOST_STORED = 80;

/** A setting as it is kept; of a password its hash. */
export interface Stored {
  readonly name: string;
  readonly value: unknown;
}

export interface OwnerRecord {
  readonly settings: readonly Stored[];
}

export function parseRecord(value: unknown): OwnerRecord {
  const settings = (value as Partial<OwnerRecord> | null)?.settings;
  const isList = Array.isArray(settings) && settings.length <= MOST_STORED;
  if (!isList || !settings.every((each) => typeof each?.name === "string"))
    throw new Error("record.settings: expected a list of settings by name");
  return { settings };
}
