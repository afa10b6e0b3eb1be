// Guards of signatures: what verification refuses, and what the formulas rest on.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test = "ecdsa"): Mutation {
  return { name, file: `shared/curve/${file}.ts`, from, to, tests: [`host-tests/curve/${test}.test.ts`] };
}

export const CURVE: readonly Mutation[] = [
  mutation("curve-r-range", "ecdsa", "r < 1n || r >= N ||", "r < 1n ||"),
  mutation("curve-low-s", "ecdsa", "s < 1n || s > HALF_N)", "s < 1n || s >= N)"),
  mutation("curve-infinity", "ecdsa", "if (isInfinity(sum)) return false;", ""),
  mutation("curve-r-and-order", "ecdsa", "(r + N < P && ", "(r < 0n && "),
  mutation("curve-signature-length", "ecdsa", "signature.length !== 64 || ", ""),
  mutation("curve-sign-low-s", "ecdsa", "s > HALF_N ? N - s : s", "s"),
  mutation("curve-secret-range", "ecdsa", "secret < 1n || secret >= N", "secret < 1n"),
  mutation("curve-key-length", "encoding", "bytes.length !== 33 || ", ""),
  mutation("curve-key-range", "encoding", "if (x >= P) return undefined;", ""),
  mutation("curve-key-on-curve", "field", "Object.is(reduced(root * root), n) ? root : undefined", "root"),
  mutation("curve-nonce-next", "nonce", "state = mixed({ keyed: state.keyed, value }, 0,", "state = mixed(state, 0,"),
  mutation("curve-not-negative", "point", "yy + (P_2_42 - 3n * zz)", "yy - 3n * zz", "point"),
];
