// What a device tells an MQTT broker, where its owner names one: nothing of it is made otherwise.

import { memory } from "plugpay/console";
import type { Clock, Reporter } from "../../shared/kernel/ports";
import { VERSION } from "../../shared/kernel/version";
import { toldOf } from "../../shared/mqtt/discovery";
import { Publisher } from "../../shared/mqtt/publisher";
import type { OwnerSettings } from "../../shared/owner/settings";
import type { Device } from "../../shared/settings/owner";
import { hardwareAddress } from "./addresses";
import { joinBy } from "./mqtt";
import { Names } from "./names";
import { DeviceDialer } from "./network";

/** Above what the network module keeps in reserve: a broker is left before a stranger is. */
const SCARCE_BYTES = 28 * 1024;
const PORT = 1883;
const PREFIX = "plugpay";

export interface BrokerOptions {
  readonly device: Device;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly settings: OwnerSettings;
  readonly status: () => object;
  /** Where the owner's page is. */
  readonly page: () => string | undefined;
  /** An update is under way, which runs alone. */
  readonly isUpdating: () => boolean;
}

export function tellBroker({ device, clock, report, settings, status, page, isUpdating }: BrokerOptions): void {
  const text = (name: string): string | undefined => {
    const value = settings.started(name);
    return value === undefined ? undefined : String(value);
  };
  const host = text("mqttHost");
  if (host === undefined) return;
  new Publisher({
    clock,
    report,
    join: joinBy(new DeviceDialer({ names: new Names({ clock, report }) })),
    broker: { host, port: Number(text("mqttPort") ?? PORT), user: text("mqttUser"), password: text("mqttPassword") },
    told: () => {
      const mac = hardwareAddress();
      if (mac === undefined) return undefined;
      return toldOf({ device, version: VERSION, mac, prefix: text("mqttTopic") ?? PREFIX, page: page(), status });
    },
    chance: Math.random,
    isScarce: () => {
      const free = memory(0);
      return isUpdating() || (free > 0 && free < SCARCE_BYTES);
    },
  }).start();
}
