// The owner's settings: those of the image, and over them what the owner set, kept in the store in
// two slots that take turns (shared/journal), so that a cut of power leaves the old ones or the new
// ones. A setting that this version does not take any more is told of and left out; but where it
// says whom the money is for, nothing is sold or paid without it.

import { Journal } from "../journal/journal";
import { jsonOf } from "../journal/json";
import { constant } from "../kernel/constant";
import type { Reporter, Store } from "../kernel/ports";
import { conflicts, defaults, problems } from "../settings/check";
import type { Entry, Table } from "../settings/entry";
import { type Device, deviceTable, ownerTable, SECRETS } from "../settings/owner";
import { maySet } from "./access";
import { type Credentials, hashOf, secretOf } from "./credentials";
import type { JsonObject } from "./json";
import { type Problem, RpcError, type Way } from "./json-rpc";
import { type Plain, plainOf } from "./plain";
import { MOST_STORED, type OwnerRecord, parseRecord, RECORD_NAME, RECORD_VERSION, type Stored } from "./record";

/** Without these as their owner meant them, a device does not begin. */
const VITAL: readonly string[] = constant(["network", "payoutAddress"]);
/** What a backend's entry holds that is never given out. */
const INNER_SECRETS: readonly string[] = constant(["password", "token"]);

export interface OwnerSettingsOptions {
  readonly device: Device;
  readonly store: Store;
  readonly report: Reporter;
  /**
   * What the image holds, by name: the device's settings, right or wrong; and what of the rest an
   * owner may set.
   */
  readonly image: Plain;
  readonly file?: Plain;
  /**
   * What a device works with, made from what is given; throws an Error with a line for each that is
   * wrong.
   */
  readonly resolve: (given: Plain) => Plain;
  /** What of it this board does not hold, by the name of the setting that is too much. */
  readonly tooMuch?: (given: Plain) => Problem | undefined;
}

/** What a change means for the running device. */
export interface Change {
  readonly changed: readonly string[];
  /**
   * Which of them count from the next session on, and which after a restart; the others count at
   * once.
   */
  readonly session: readonly string[];
  readonly restart: readonly string[];
}

export class OwnerSettings {
  readonly #options: OwnerSettingsOptions;
  readonly #journal: Journal<OwnerRecord>;
  #own: readonly Stored[] = [];
  /** What was stored and is not taken, in the store still. */
  #left: readonly Stored[] = [];
  #refused: readonly Problem[] = [];
  /** What this run cannot begin without. */
  readonly #lost: Problem | undefined;
  /** By what the owner is known in this run. */
  readonly credentials: Credentials;
  /** The owner's, as this run began. */
  readonly #ownAtStart: readonly Stored[];
  /** The very object that the device works with: what changes in it counts at once. */
  #live: Record<string, unknown> | undefined;

  constructor(options: OwnerSettingsOptions) {
    this.#options = options;
    const { store, report } = options;
    this.#journal = new Journal({ store, name: RECORD_NAME, version: RECORD_VERSION, parse: parseRecord, report });
    this.load();
    this.#ownAtStart = this.#own;
    this.#lost = this.#refused.find(({ name }) => VITAL.includes(name));
    const secret = this.hashed("ownerPassword", secretOf);
    const token = this.hashed("metricsToken", hashOf);
    this.credentials = { ...(secret && { secret }), ...(token && { token }) };
  }

  /** Made when it is asked for: a device that starts has no need of it. */
  private get table(): Table {
    return ownerTable(this.#options.device);
  }

  private get deviceTable(): Table {
    return deviceTable(this.#options.device);
  }

  /** What the device works with. Throws an Error with a line for each setting that is wrong. */
  start<T extends object>(): T {
    const lost = this.#lost;
    if (lost) throw new RangeError(`${lost.name}: its owner's is not taken any more (${lost.why}); set it again`);
    const { image, resolve } = this.#options;
    this.#live = { ...(this.#own.length === 0 ? resolve(image) : this.resolveDevice(this.over(this.#ownAtStart))) };
    return this.#live as T;
  }

  /** A setting of the file's table, as this run began. */
  started(name: string): unknown {
    return this.over(this.#ownAtStart)[name];
  }

  /** Whether there is one now, of the image or the owner's. */
  has(name: string): boolean {
    return this.given()[name] !== undefined;
  }

  /** For the method settings.get. */
  get(): object {
    const given = this.given();
    const values = { ...given, ...this.resolved(given) };
    const shown = this.table.entries.filter(({ name }) => values[name] !== undefined && !SECRETS.includes(name));
    const known = this.table.entries.map(({ name }) => name);
    return {
      settings: Object.fromEntries(shown.map(({ name }) => [name, withoutSecrets(values[name])])),
      own: this.#own.map(({ name }) => name),
      secrets: SECRETS.filter((name) => known.includes(name) && values[name] !== undefined),
      waiting: this.table.entries.filter((entry) => this.isWaiting(entry, given)).map(({ name }) => name),
      refused: this.#refused,
    };
  }

  /**
   * For the method settings.set: all of `changes` or nothing. A null takes the image's or the
   * default again. Throws an RpcError.
   */
  set(changes: JsonObject, way: Way): Change {
    const { plain, problems: unknown } = plainOf(this.table, changes);
    const set = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null));
    refuse([...unknown, ...problems(this.table, set, "").map(asProblem)]);
    const names = Object.keys(plain);
    if (names.length === 0) throw new RpcError("invalid-params", "expected settings by name, came none");
    maySet(this.#options.device, names, way);
    const kept = this.#own.filter(({ name }) => !names.includes(name));
    const own = [...kept, ...Object.entries(set).map(([name, value]) => ({ name, value: toKeep(name, value) }))];
    const next = this.over(own);
    refuse(this.problemsOf(next, own));
    this.save(
      own,
      this.#left.filter(({ name }) => !names.includes(name)),
    );
    this.apply(next);
    return this.changeOf(names);
  }

  // ------------------------------------------------------------ the store

  private load(): void {
    const stored = this.#journal.load()?.settings ?? [];
    if (stored.length === 0) return;
    const found = stored.map((each) => ({ each, why: this.whyNot(each) }));
    this.#own = found.filter(({ why }) => why === undefined).map(({ each }) => each);
    let refused = found.flatMap(({ each, why }) => (why === undefined ? [] : [{ name: each.name, why }]));
    // What is right by itself may contradict what a newer image has.
    for (let at = 0; at < MOST_STORED; at++) {
      const clash = this.problemsOf(this.over(this.#own), this.#own).filter(({ name }) => this.isOwn(name));
      if (clash.length === 0) break;
      refused = [...refused, ...clash];
      this.#own = this.#own.filter(({ name }) => !clash.some((each) => each.name === name));
    }
    this.#refused = refused;
    this.#left = stored.filter(({ name }) => refused.some((each) => each.name === name));
    for (const { name, why } of refused) this.#options.report({ name: "setting-refused", setting: name, why });
  }

  private whyNot({ name, value }: Stored): string | undefined {
    const [wrong] = problems(this.table, { [name]: value }, "");
    return wrong === undefined ? undefined : asProblem(wrong).why;
  }

  private save(own: readonly Stored[], left: readonly Stored[]): void {
    this.#journal.save({ settings: [...own, ...left] });
    this.#own = own;
    this.#left = left;
    this.#refused = this.#refused.filter(({ name }) => left.some((each) => each.name === name));
  }

  // ------------------------------------------------------------ what holds

  private given(): Plain {
    return this.over(this.#own);
  }

  private over(own: readonly Stored[]): Plain {
    const all: Record<string, unknown> = { ...this.#options.image, ...this.#options.file };
    // As on most starts: the table is not made for nothing.
    if (own.length === 0) return all;
    const names = own.map(({ name }) => name);
    // One of two that exclude each other stands in for the image's other one.
    for (const { setting, insteadOf } of this.table.rules) {
      if (insteadOf === undefined) continue;
      if (names.includes(setting) && !names.includes(insteadOf)) delete all[insteadOf];
      if (names.includes(insteadOf) && !names.includes(setting)) delete all[setting];
    }
    for (const { name, value } of own) all[name] = value;
    return all;
  }

  private problemsOf(given: Plain, own: readonly Stored[]): readonly Problem[] {
    const names = own.map(({ name }) => name);
    const exclusive = { ...this.table, rules: this.table.rules.filter(({ insteadOf }) => insteadOf !== undefined) };
    const both = conflicts(exclusive, given, "").filter((text) => names.includes(asProblem(text).name));
    const tooMuch = this.#options.tooMuch?.(given);
    const found = [...both.map(asProblem), ...(tooMuch ? [tooMuch] : [])];
    try {
      this.resolveDevice(given);
      return found;
    } catch (error) {
      const sentences = error instanceof Error ? error.message.split("\n") : [String(error)];
      return [...found, ...sentences.map(asProblem)];
    }
  }

  private resolveDevice(given: Plain): Plain {
    const { image, resolve } = this.#options;
    // A name that no table has is the image's fault, and is told of.
    const names = [...new Set([...this.deviceTable.entries.map(({ name }) => name), ...Object.keys(image)])];
    const stated = names.filter((name) => given[name] !== undefined);
    return resolve(Object.fromEntries(stated.map((name) => [name, given[name]])));
  }

  /** What is known of it where not all is right. */
  private resolved(given: Plain): Plain {
    try {
      return this.resolveDevice(given);
    } catch {
      return { ...defaults(this.deviceTable), ...given };
    }
  }

  private apply(next: Plain): void {
    if (!this.#live) return;
    const values = this.resolveDevice(next);
    for (const { name, changes } of this.deviceTable.entries)
      if (changes !== "restart" && this.#live[name] !== values[name]) this.#live[name] = values[name];
  }

  private changeOf(names: readonly string[]): Change {
    const of = (when: Entry["changes"]): readonly string[] =>
      this.table.entries
        .filter(({ name, changes }) => changes === when && names.includes(name))
        .map(({ name }) => name);
    return { changed: names, session: of("session"), restart: of("restart") };
  }

  private isWaiting({ name, changes }: Entry, given: Plain): boolean {
    return changes === "restart" && jsonOf(given[name] ?? null) !== jsonOf(this.started(name) ?? null);
  }

  private isOwn(setting: string): boolean {
    return this.#own.some(({ name }) => name === setting);
  }

  /** The image's is as its owner wrote it, in the simulator; the store's is a hash. */
  private hashed(name: string, hash: (text: string) => string): string | undefined {
    const value = this.started(name);
    if (typeof value !== "string") return undefined;
    return this.isOwn(name) ? value : hash(value);
  }
}

function refuse(found: readonly Problem[]): void {
  const [first] = found;
  if (first) throw new RpcError("invalid-params", `${first.name}: ${first.why}`, found);
}

/** A check's sentence is "where.name: why". */
function asProblem(sentence: string): Problem {
  const [, name = "", why = sentence] = /^(?:settings|setting)?[. ]?([\w$.[\]]*): (.*)$/s.exec(sentence) ?? [];
  return { name, why };
}

function toKeep(name: string, value: unknown): unknown {
  if (name === "ownerPassword") return secretOf(String(value));
  return name === "metricsToken" ? hashOf(String(value)) : value;
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const shown = Object.entries(value).filter(([name]) => !INNER_SECRETS.includes(name));
  return Object.fromEntries(shown.map(([name, inner]) => [name, withoutSecrets(inner)]));
}
