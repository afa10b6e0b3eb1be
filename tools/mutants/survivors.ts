// Mutants that no test kills, each with the reason why that changes nothing that anybody could see.

export const SURVIVORS: ReadonlyMap<string, string> = new Map<string, string>([]);
