// The TypeScript types of what a table of settings describes.

import type { Entry, Table } from "./entry";

type Item<T extends Table> = T["entries"][number];

/** What a device works with: every setting of a table. */
export type SettingsOf<T extends Table> = { readonly [E in Item<T> as E["name"]]: ValueOf<E> };

/** What has neither a default nor follows from others. */
type Needed<T extends Table> = Exclude<Item<T>, { readonly usual: unknown } | { readonly follows: string }>["name"];

/** What an owner writes: what has no default, and as much of the rest as he likes. */
export type GivenOf<T extends Table> = Partial<SettingsOf<T>> & Pick<SettingsOf<T>, Needed<T>>;

/** The settings whose default is made from others. */
export type FollowedOf<T extends Table> = Exclude<
  Extract<Item<T>, { readonly follows: string }>,
  { readonly usual: unknown }
>["name"];

type ValueOf<E extends Entry> = E["kind"] extends "whole"
  ? number
  : E["kind"] extends "yes-no"
    ? boolean
    : E["kind"] extends "zero-one"
      ? 0 | 1
      : E["kind"] extends "one-of"
        ? WordsOf<E>
        : E["kind"] extends "some-of"
          ? readonly WordsOf<E>[]
          : E["kind"] extends "object"
            ? InsideOf<E>
            : E["kind"] extends "list"
              ? readonly ItemsOf<E>[]
              : string;

type WordsOf<E extends Entry> = E extends { readonly words: readonly (infer Word)[] } ? Word : never;
type InsideOf<E extends Entry> = E extends { readonly of: infer T extends Table }
  ? GivenOf<T>
  : Readonly<Record<string, unknown>>;
type ItemsOf<E extends Entry> = E extends { readonly each: readonly (infer T extends Table)[] } ? EachOf<T> : never;
type EachOf<T extends Table> = T extends Table ? GivenOf<T> : never;
