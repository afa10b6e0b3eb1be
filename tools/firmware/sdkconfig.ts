// What ESP-IDF's build made of our settings. Kconfig drops in silence what a chip does not have or
// what another setting excludes, and safety depends on some: no core dump while a relay is closed,
// an interrupt that runs while flash is erased.

/** As ESP-IDF reads it: of two lines for one name the later holds. */
export function settingsIn(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

/**
 * One line for each of our settings that the final sdkconfig has otherwise; what is off or unknown
 * stands in none of its lines.
 */
export function checkFinal(wanted: string, final: string): string[] {
  const has = settingsIn(final);
  return [...settingsIn(wanted)]
    .map(([name, value]) => ({ name, value, got: has.get(name) ?? "n" }))
    .filter(({ value, got }) => value !== got)
    .map(({ name, value, got }) => `CONFIG_${name}: expected ${value} (manifests/sdkconfig), the build has ${got}`);
}
