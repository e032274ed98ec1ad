/** Results kept; names that are made up for every call must not fill the memory. */
const MAX_KEPT = 1000;

/** The function with its newest results kept. For functions of one string that always give the same for the same. */
export function remembered<T>(compute: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(text, result);
    return result;
  };
}
