// What takes a socket's native heap, the memory beside XS's own: measured in the emulator, or
// estimated from what others measured. A configuration that leaves less than the reserve is
// refused; docs/performance.md has the table, which `tsx tools/docs/memory.ts` makes from this.

import type { TargetName } from "./targets";

/**
 * Below it a device is on its way out of memory; the network module turns strangers away there
 * (sockets-esp32.c).
 */
export const RESERVE_KB = 20;

export interface Part {
  readonly what: string;
  /** Native heap that it takes, at its worst. */
  readonly takesKb: number;
  /** lwIP's sockets. */
  readonly sockets: number;
  readonly how: "measured" | "estimated";
  readonly from: string;
}

/**
 * Native heap of an ESP32-C3's socket that serves on a wire and has nothing else to do: 118,488
 * bytes.
 */
export const SERVING_KB = 115;

export const PARTS = {
  payment: {
    what: "a session is paid and renewed, the chain asked over HTTP",
    takesKb: 14,
    sockets: 2,
    how: "measured",
    from: "the least of three increments was 105,036 bytes",
  },
  flood: {
    what: "one neighbour floods it meanwhile: idle connections, requests, bodies and answers that nobody reads",
    takesKb: 20,
    sockets: 6,
    how: "measured",
    from: "the least was 101,688 bytes, the largest block 106,496. Of many addresses it would be more, until the reserve is reached",
  },
  station: {
    what: "Wi-Fi: joined to an access point",
    takesKb: 33,
    sockets: 2,
    how: "estimated",
    from: "an earlier image had 76 KB with Wi-Fi (emulated) and 136 KB without; 27 of the 60 KB are the driver's code, now in flash by ESP-IDF's Kconfig",
  },
  accessPoint: {
    what: "`direct`: an access point of its own besides",
    takesKb: 8,
    sockets: 0,
    how: "estimated",
    from: "an ESP8266 has 3.4 KB less with both than with a station alone (esp-open-lwip issue 30); a second interface and two stations' keys. An ESP32-S2 took 43 KB for an access point alone, as for a station alone (esp-idf issue 5938)",
  },
  tls: {
    what: "TLS to the chain: a handshake with a root of RSA-4096",
    takesKb: 38,
    sockets: 1,
    how: "measured",
    from: "125,704 bytes without and 86,868 with it, the least of a pair's run; of a later image 104,956 and 68,400, 36 KB",
  },
  keptTls: {
    what: "each further server of the chain over TLS, whose connection is kept for a minute",
    takesKb: 15,
    sockets: 1,
    how: "estimated",
    from: "stack 8 KB, mbedTLS's state 6 KB, lwIP's 0.5 KB; its buffers are freed between records",
  },
  mqtt: {
    what: "MQTT in the clear, where the owner names a broker: one connection",
    takesKb: 7,
    sockets: 1,
    how: "estimated",
    from: "lwIP's 0.5 KB and 5.7 KB of what the broker has not taken; less than 28 KB free and it is left",
  },
} as const satisfies Readonly<Record<string, Part>>;

/**
 * In the image, and not in the combinations: at work for a while only, out of what is in reserve
 * and what a flood would have.
 */
export const AT_TIMES: readonly Part[] = [
  {
    what: "channels, cable and socket: entries in the store and XS's heap",
    takesKb: 0,
    sockets: 0,
    how: "measured",
    from: "with channels, updates and the owner's side in the image 264 bytes less were free, and 80 less at the least",
  },
  {
    what: "events, sessions and receipts: rings in flash, of which one record at a time is read; twenty receipts take 20 KB of it",
    takesKb: 0,
    sockets: 0,
    how: "estimated",
    from: "no native code of their own; a receipt has less than 1,000 bytes",
  },
  {
    what: "the owner asks: two connections; the page lies in flash, the listener is there always",
    takesKb: 13,
    sockets: 2,
    how: "estimated",
    from: "0.5 KB and 5.7 KB of unsent answer each; questions are read at once",
  },
  {
    what: "an update over the network, which sells nothing meanwhile",
    takesKb: 11,
    sockets: 1,
    how: "estimated",
    from: "a page of 4 KB, lwIP's 0.5 KB and 5.7 KB on their way; over TLS 38 KB more",
  },
];

/**
 * SRAM beyond the ESP32-C3's 384 KB, by the chips' reference manuals, caches left out; the ESP32's
 * is split, and is taken for as much.
 */
const MORE_KB: Readonly<Record<TargetName, number>> = { esp32: 0, esp32s3: 64, esp32c3: 0, esp32c6: 96 };

export interface Needs {
  readonly target: TargetName;
  readonly wifi: boolean;
  readonly accessPoint: boolean;
  /** Servers of the chain that are asked over TLS. */
  readonly secureServers: number;
  readonly mqtt?: boolean;
}

/** Native heap that a socket keeps while it is paid, without a flood: KB. */
export function leftKb({ target, wifi, accessPoint, secureServers, mqtt }: Needs): number {
  const { payment, station, accessPoint: own, tls, keptTls, mqtt: broker } = PARTS;
  const taken = [
    payment.takesKb,
    wifi ? station.takesKb : 0,
    accessPoint ? own.takesKb : 0,
    secureServers > 0 ? tls.takesKb + (secureServers - 1) * keptTls.takesKb : 0,
    mqtt ? broker.takesKb : 0,
  ];
  return SERVING_KB + MORE_KB[target] - taken.reduce((sum, each) => sum + each, 0);
}

/** Why such an image is refused, or undefined. */
export function memoryProblem(needs: Needs): string | undefined {
  const left = leftKb(needs);
  if (left >= RESERVE_KB) return undefined;
  const parts = [
    ...(needs.wifi ? ["Wi-Fi"] : []),
    ...(needs.accessPoint ? ["an access point (direct)"] : []),
    ...(needs.secureServers > 0 ? [`${needs.secureServers} servers of the chain over TLS`] : []),
  ];
  return (
    `configuration: expected ${RESERVE_KB} KB of native heap in reserve on an ${needs.target}, ${left} KB would be left by ` +
    `${parts.join(" and ")}: leave one out, or take an esp32c6 or esp32s3 (docs/performance.md)`
  );
}
