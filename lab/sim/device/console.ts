// Stands in for the native console of firmware/native: the live view takes what a device traces.

declare function trace(text: string): void;

export function print(text: string): void {
  trace(text);
}
