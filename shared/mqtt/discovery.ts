// The two texts that Home Assistant reads: what a device has, in one message (its MQTT integration,
// "Device discovery payload", with the short names that it lists), and what holds now, which all
// entities read from one topic.

import type { Device } from "../settings/owner";
import { type Entity, entitiesOf } from "./entities";
import type { Told } from "./publisher";
import { stateOf } from "./state";

export interface ToldOptions {
  readonly device: Device;
  readonly version: string;
  /** Six bytes in hexadecimal, between colons. */
  readonly mac: string;
  /** What the device's own topics begin with. */
  readonly prefix: string;
  /** Where the owner's page is, if it is anywhere. */
  readonly page: string | undefined;
  /** As the method status has it. */
  readonly status: () => object;
}

/** The last three bytes tell a maker's boards apart. */
function idOf(mac: string): string {
  return `plugpay_${mac.split(":").slice(-3).join("").toLowerCase()}`;
}

export function toldOf(options: ToldOptions): Told {
  const id = idOf(options.mac);
  const own = `${options.prefix}/${id}`;
  const topics = { availability: `${own}/availability`, state: `${own}/state` };
  return {
    id,
    availabilityTopic: topics.availability,
    discovery: () => ({
      topic: `homeassistant/device/${id}/config`,
      text: JSON.stringify(discovered(options, id, topics)),
    }),
    state: () => ({ topic: topics.state, text: JSON.stringify(stateOf(options.device, options.status())) }),
  };
}

function discovered(
  { device, version, page }: ToldOptions,
  id: string,
  topics: { availability: string; state: string },
) {
  const number = id.slice(id.indexOf("_") + 1);
  return {
    dev: {
      ids: id,
      name: `plugpay ${device} ${number}`,
      mf: "plugpay",
      mdl: `smart ${device}`,
      sw: version,
      ...(page !== undefined && { cu: page }),
    },
    o: { name: "plugpay", sw: version },
    stat_t: topics.state,
    avty_t: topics.availability,
    cmps: Object.fromEntries(entitiesOf(device).map((entity) => [entity.key, component(entity, id)])),
  };
}

function component(entity: Entity, id: string): object {
  const { key, name, platform, deviceClass, unit, stateClass, precision, options, isDiagnostic } = entity;
  return {
    p: platform,
    uniq_id: `${id}_${key}`,
    name,
    val_tpl: `{{ value_json.${key} }}`,
    ...(deviceClass && { dev_cla: deviceClass }),
    ...(unit && { unit_of_meas: unit }),
    ...(stateClass && { stat_cla: stateClass }),
    ...(precision !== undefined && { sug_dsp_prc: precision }),
    ...(options && { ops: options }),
    ...(isDiagnostic && { ent_cat: "diagnostic" }),
  };
}
