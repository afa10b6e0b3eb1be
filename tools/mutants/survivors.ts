// Mutants that no test kills, each with the reason why that changes nothing that anybody could see.

export const SURVIVORS: ReadonlyMap<string, string> = new Map<string, string>([
  ["outlet-tripped", "the gate closes nothing while a trip is latched (ports.ts, grant): asking it to has no effect"],
]);
