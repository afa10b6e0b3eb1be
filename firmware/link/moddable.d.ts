// Types of the SDK's modules that bring the network up; @moddable/typings has none of them.

declare module "embedded:network/interface/ethernet" {
  export default class Ethernet {
    constructor(options: { onChanged?: (what: "connection" | "address") => void });
    configure(options: { static: { address: string; mask: string; gateway: string } }): void;
    connect(): void;
    close(): void;
  }
}

declare module "embedded:network/interface/wifi" {
  export default class WiFi {
    constructor(options: { onChanged?: (what: "connection" | "address") => void });
    connect(options: { SSID: string; password?: string }): void;
    disconnect(): void;
    close(): void;
    /** 200 nothing, 300 joining, 400 joined, 500 with an address. */
    readonly connection: number;
    /** Of the access point that is joined. */
    readonly BSSID?: string;
    readonly channel?: number;
  }
}

/** Joins an access point that is known already (firmware/native/fast-join-esp32.ts). */
declare module "plugpay/fast-join" {
  export default function joinKnown(ssid: string, password: string, bssid: string, channel: number): void;
}

/** A socket's own access point (firmware/native/access-point-esp32.ts). */
declare module "plugpay/access-point" {
  export default function openAccessPoint(address: string, mask: string, port: number, channel: number): string;
}

/** Tells on the console what went wrong while the network came up. */
declare module "plugpay/tell" {
  export default function tell(where: string, why: unknown): void;
}

/** The emulator's network card, with a fixed address. Throws where there is none. */
declare module "plugpay/ethernet-qemu" {
  export default function startEthernet(address: string, mask: string): void;
}
