// Stands in for "plugpay/radio": the simulator's devices have a link already, and no air between
// them.

function none(): never {
  throw new Error("this device has no radio");
}

export const begin: () => never = none;
export const events: () => never = none;
export const scan: () => never = none;
export const next: () => never = none;
export const join: () => never = none;
export const leave: () => never = none;
export const probe: () => never = none;
export const disputed: () => never = none;
export const settle: () => never = none;
