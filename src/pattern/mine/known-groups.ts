import type { Groups } from "./count-request.ts";

/** Whether both list the same conjunctions. */
export function sameGroups(a: Groups, b: Groups): boolean {
  return equal(a.prefixes, b.prefixes) && equal(a.sizes, b.sizes) && equal(a.extensions, b.extensions);
}

function equal(a: Uint16Array | Uint32Array, b: Uint16Array | Uint32Array): boolean {
  const bytes = (of: Uint16Array | Uint32Array): Buffer => Buffer.from(of.buffer, of.byteOffset, of.byteLength);
  return a.length === b.length && bytes(a).equals(bytes(b));
}

/**
 * The counts of these groups as far as they are known, and the rest as groups with the places their counts belong to.
 * Requests list prefixes and extensions ascending, so both are merged like sorted lists.
 */
export function notIn(
  groups: Groups,
  known: { groups: Groups; counts: Uint32Array },
): { counts: Uint32Array; missing: Groups; places: number[] } {
  const counts = new Uint32Array(groups.extensions.length);
  const prefixes: number[] = [];
  const sizes: number[] = [];
  const extensions: number[] = [];
  const places: number[] = [];
  let [knownGroup, knownAt, at] = [0, 0, 0];
  const prefixOf = ({ prefixes }: Groups, group: number): number =>
    (prefixes[2 * group] ?? 0) * 65_536 + (prefixes[2 * group + 1] ?? 0);
  for (let group = 0; group < groups.sizes.length; group += 1) {
    const prefix = prefixOf(groups, group);
    while (knownGroup < known.groups.sizes.length && prefixOf(known.groups, knownGroup) < prefix) {
      knownAt += known.groups.sizes[knownGroup] ?? 0;
      knownGroup += 1;
    }
    const same = knownGroup < known.groups.sizes.length && prefixOf(known.groups, knownGroup) === prefix;
    const knownEnd = knownAt + (same ? (known.groups.sizes[knownGroup] ?? 0) : 0);
    const before = places.length;
    const end = at + (groups.sizes[group] ?? 0);
    if (
      same &&
      end - at === knownEnd - knownAt &&
      equalRun(groups.extensions, at, end, known.groups.extensions, knownAt)
    ) {
      counts.set(known.counts.subarray(knownAt, knownEnd), at);
      at = end;
      continue;
    }
    for (let look = knownAt; at < end; at += 1) {
      const extension = groups.extensions[at] ?? 0;
      while (look < knownEnd && (known.groups.extensions[look] ?? 0) < extension) look += 1;
      if (look < knownEnd && known.groups.extensions[look] === extension) {
        counts[at] = known.counts[look] ?? 0;
        continue;
      }
      extensions.push(extension);
      places.push(at);
    }
    if (places.length === before) continue;
    prefixes.push(groups.prefixes[2 * group] ?? 0, groups.prefixes[2 * group + 1] ?? 0);
    sizes.push(places.length - before);
  }
  const missing = {
    prefixes: Uint16Array.from(prefixes),
    sizes: Uint32Array.from(sizes),
    extensions: Uint16Array.from(extensions),
  };
  return { counts, missing, places };
}

/** Whether a from `from` to `end` lists the same as b from `at`. */
function equalRun(a: Uint16Array, from: number, end: number, b: Uint16Array, at: number): boolean {
  for (let index = from; index < end; index += 1) if (a[index] !== b[index - from + at]) return false;
  return true;
}
