// Lists that must not grow with what others send: only the latest entries are kept.

/**
 * Sets `key`, anew where it is there already, and drops the entry that was set longest ago beyond
 * `most` of them.
 */
export function keepLatest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  // A Map keeps the order of insertion.
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as K);
}
