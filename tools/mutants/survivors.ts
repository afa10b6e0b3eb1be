// Mutants that no test kills, each with the reason why that changes nothing that anybody could see.

export const SURVIVORS: ReadonlyMap<string, string> = new Map<string, string>([
  [
    "outlet-tripped",
    "a gate with a latched trip takes no grant (power_gate_grant in firmware/native/power-gate.c returns before it touches " +
      'the lease; host-tests/power-gate/gate.test.ts: "are latched with their cause until they are cleared, and refuse every ' +
      'grant"), a cleared one gets a new lease by the next tick either way: the guard only spares the call',
  ],
  [
    "opening-debts-of-the-payer",
    "a debt is asked for where a coin of the payer stems from the debt's own transaction (choose in opening.ts), and that pays " +
      "the socket's address and its own payer's only: nobody else can show one",
  ],
]);
