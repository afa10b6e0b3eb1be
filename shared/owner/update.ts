// The owner's side of an update: the methods by which an image comes in pieces, or is fetched. It
// is made when one is asked for, and until then costs no heap.

import { fromBase64 } from "../kernel/base64";
import { constant } from "../kernel/constant";
import type { Clock, Ecdsa, PowerGate, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import type { HttpRequest, HttpResponse } from "../net/http-client";
import { UpdateError } from "../update/error";
import type { Here } from "../update/fits";
import type { SignedManifest } from "../update/manifest";
import { fetchImage, fetchManifest } from "../update/pull";
import type { Slots } from "../update/slots";
import { Updater } from "../update/updater";
import { type Params, RpcError, type Way } from "./json-rpc";
import type { MethodName } from "./methods";
import { textOf, wholeOf, wrong } from "./params";

/** Bytes of an image in one request: in base64, with what is around it, less than 4,096. */
export const CHUNK = 2880;
/** Said by who means it, though something is not as it should be. */
export const ANYWAY = "anyway";

/** What a device has of it. */
export interface UpdatePorts {
  readonly slots: Slots;
  readonly ecdsa: Ecdsa;
  readonly here: () => Here;
  readonly request: (request: HttpRequest) => Promise<HttpResponse>;
}

export interface UpdateSideOptions extends UpdatePorts {
  readonly clock: Clock;
  readonly report: Reporter;
  /** A setting, as this run began. */
  readonly setting: (name: string) => unknown;
  /** The device, where it started. */
  readonly running: () => Stopping | undefined;
  /** Nothing of it runs any more. */
  readonly settled: () => void;
  readonly restart: () => void;
}

interface Stopping {
  readonly gate: PowerGate;
  stop(): Promise<void> | void;
}

/** A chain that is away does not keep an update back: what is held is in the journal. */
const SETTLE_MOST: Millisecond = 10_000;
/** What is answered while an update runs, which runs alone. */
const DURING_UPDATE: readonly string[] = constant(["status", "events", "restart"]);
/** What is answered by an image on trial: nothing that changes anything. */
const ON_TRIAL: readonly string[] = constant([
  "status",
  "settings.get",
  "events",
  "sessions",
  "identify",
  "restart",
  "address",
]);

type Call = (params: Params, way: Way) => unknown;

export class UpdateSide {
  readonly updater: Updater;

  constructor(private readonly options: UpdateSideOptions) {
    const { setting } = options;
    this.updater = new Updater({
      ...options,
      publicKey: () => setting("updateKey") as Hex | undefined,
      settle: () => this.settle(),
    });
  }

  /** Sessions are settled as far as the chain answers, and the relay is open. Channels stay. */
  private async settle(): Promise<void> {
    const { clock, running, settled } = this.options;
    const device = running();
    if (!device) return;
    await new Promise<void>((resolve) => {
      clock.after(SETTLE_MOST, resolve);
      void Promise.resolve(device.stop()).then(resolve, resolve);
    });
    if (device.gate.read().closed) throw new Error("the relay does not open");
    settled();
  }

  calls(): Partial<Record<MethodName, Call>> {
    const { updater } = this;
    return {
      "update.begin": (params, way) => this.begin(signedOf(params), meant(params, way)),
      "update.write": (params) =>
        told(() => ({ next: updater.write(offsetOf(params), fromBase64(textOf(params, "data") ?? "=") ?? noData()) })),
      "update.finish": () => told(() => ({ restarts: true, version: updater.finish().version })),
      "update.pull": (params, way) => this.pull(meant(params, way)),
    };
  }

  private async begin(signed: SignedManifest, isMeant: boolean): Promise<object> {
    const { version, size } = await toldLater(this.updater.begin(signed, isMeant));
    return { version, size, chunk: CHUNK };
  }

  private async pull(isMeant: boolean): Promise<object> {
    const { setting } = this.options;
    const url = setting("updateUrl");
    if (typeof url !== "string") throw new RpcError("refused", "there is no updateUrl: set it over the serial port");
    const options = { ...this.options, updater: this.updater };
    const manifest = await toldLater(fetchManifest(options, url).then((signed) => this.updater.begin(signed, isMeant)));
    void fetchImage(options, url, manifest);
    return { version: manifest.version, size: manifest.size };
  }
}

/** For the method status. */
export function updateState({ slots }: UpdatePorts, side: UpdateSide | undefined): object {
  return { image: slots.state, room: slots.room, ...side?.updater.progress };
}

/**
 * Throws an RpcError while an update runs, or the image is on trial (`why` says what for), and
 * `method` would be in its way.
 */
export function mustBeFree(
  method: string,
  ports: UpdatePorts | undefined,
  side: UpdateSide | undefined,
  why: string,
): void {
  const isBusy = side?.updater.isBusy ?? false;
  if (isBusy && !method.startsWith("update.") && !DURING_UPDATE.includes(method))
    throw new RpcError("refused", "an update is under way, and runs alone");
  if (ports?.slots.state === "trial" && !ON_TRIAL.includes(method))
    throw new RpcError("refused", `a new image is on trial: ${why}`);
}

function signedOf(params: Params): SignedManifest {
  const [manifest, signature] = [textOf(params, "manifest"), textOf(params, "signature")];
  if (manifest === undefined) throw wrong("manifest", "expected the text that was signed");
  if (signature === undefined) throw wrong("signature", "expected the owner's, in hexadecimal");
  return { manifest, signature };
}

function offsetOf(params: Params): number {
  const offset = wholeOf(params, "offset", 0, 0xff_ffff);
  if (offset === undefined) throw wrong("offset", "expected where in the image these bytes are");
  return offset;
}

function noData(): never {
  throw wrong("data", "expected bytes in base64");
}

/** In the middle of the link somebody could say it for the owner, and bring an older image back. */
function meant(params: Params, way: Way): boolean {
  const confirm = textOf(params, "confirm");
  if (confirm === undefined) return false;
  if (confirm !== ANYWAY) throw wrong("confirm", `expected the word "${ANYWAY}"`);
  if (way !== "serial")
    throw new RpcError("serial-only", "to take an image that is not as it should be is said over the serial port only");
  return true;
}

function told<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asRpc(error);
  }
}

async function toldLater<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw asRpc(error);
  }
}

function asRpc(error: unknown): unknown {
  if (!(error instanceof UpdateError)) return error;
  return new RpcError(error.kind === "wrong" ? "invalid-params" : "refused", error.message);
}
