// The figures of the paper of 2017, 830 times today's price: what `npm start`'s scenario `toaster`,
// `--paper`, and most tests pay, as minutes of them show what takes hours at today's.

export const PAPER = {
  socket: { price: 250_000, increment: 10_000, feeLimit: 5_000 },
  cable: { maxPrice: 300_000, maxIncrement: 10_000, maxFee: 5_000, maxSession: 100_000, maxDaily: 1_000_000 },
} as const;

interface Settings {
  readonly socket: Readonly<Record<string, unknown>>;
  readonly cable: Readonly<Record<string, unknown>>;
}

/** What is given, and the paper's figures where it says nothing. */
export function overPaper({ socket, cable }: Settings): Settings {
  return { socket: { ...PAPER.socket, ...socket }, cable: { ...PAPER.cable, ...cable } };
}
