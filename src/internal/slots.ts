/** Runs what it is given, at most so much of it at the same time; the rest waits in line. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

export function createSlots(limit: number): Slots {
  let used = 0;
  const line: (() => void)[] = [];
  return async (work) => {
    if (used < limit) used += 1;
    else await new Promise<void>((next) => line.push(next));
    try {
      return await work();
    } finally {
      // Handed over, so that nobody who comes now gets in between.
      const next = line.shift();
      if (next) next();
      else used -= 1;
    }
  };
}
