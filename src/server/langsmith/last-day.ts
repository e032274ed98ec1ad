const DAY_MS = 24 * 60 * 60 * 1000;

/** Where v2's queries start that name no start: a day before `now`, both epoch ms. */
export function lastDay(now: number): number {
  return now - DAY_MS;
}
