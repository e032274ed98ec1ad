import { describe, expect, it } from "vitest";
import { rateLimiter, type Pace, type RateLimiter, type UpdatePace } from "./rate-limiter.ts";

/** A clock that sleeping moves on, and a server with a quota a second that counts what it refuses. */
function setting(perSecond: number): { limiter: RateLimiter; ask: () => Promise<number>; seen: () => Seen } {
  let clock = 0;
  const seen = { refused: 0, served: 0, early: 0 };
  let window = { second: -1, taken: 0 };
  let closedUntil = 0;
  const sleep = (ms: number): Promise<void> => {
    clock += ms;
    return Promise.resolve();
  };
  const limiter = rateLimiter({ now: () => clock, sleep });
  const serve = (): Promise<number> => {
    clock += 5;
    if (clock < closedUntil) seen.early += 1;
    const second = Math.floor(clock / 1_000);
    if (window.second !== second) window = { second, taken: 0 };
    window.taken += 1;
    if (window.taken > perSecond) {
      seen.refused += 1;
      closedUntil = clock + 2_000;
      return Promise.reject(
        Object.assign(new Error("slow down"), { status: 429, headers: new Headers({ "retry-after": "2" }) }),
      );
    }
    seen.served += 1;
    return Promise.resolve(clock);
  };
  return { limiter, ask: () => limiter.run(serve), seen: () => seen };
}

interface Seen {
  refused: number;
  served: number;
  /** Requests before Retry-After was over. */
  early: number;
}

describe("rate limiter", () => {
  it("learns a quota it was never told, and is seldom refused afterwards", async () => {
    const { limiter, ask, seen } = setting(10);
    for (let request = 0; request < 400; request += 1) await ask();
    expect(seen().served).toBe(400);
    expect(seen().early).toBe(0);
    expect(seen().refused).toBeLessThan(20);
    expect(limiter.perSecond()).toBeLessThan(15);
  });

  it("halves once for all requests that were under way when it was refused", async () => {
    let clock = 0;
    const sleep = (ms: number): Promise<void> => Promise.resolve(void (clock += ms));
    const limiter = rateLimiter({ now: () => clock, sleep, maxPerSecond: 64, maxTries: 1 });
    const refused = Object.assign(new Error("slow down"), { status: 429 });
    let begun = 0;
    let release: () => void = () => undefined;
    const allBegun = new Promise<void>((resolve) => (release = resolve));
    const refuse = async (): Promise<never> => {
      begun += 1;
      if (begun === 32) release();
      await allBegun;
      throw refused;
    };
    await Promise.allSettled(Array.from({ length: 32 }, () => limiter.run(refuse)));
    expect(begun).toBe(32);
    // Turns are taken a few ahead, so one or two more may have been counted than were used.
    expect(limiter.perSecond()).toBeGreaterThanOrEqual(16);
    expect(limiter.perSecond()).toBeLessThan(24);
  });

  it("keeps to one quota together with the others that share its pace", async () => {
    let clock = 0;
    let pace: Pace | null = null;
    const updatePace: UpdatePace = (change) => Promise.resolve((pace = change(pace)));
    const sleep = (ms: number): Promise<void> => Promise.resolve(void (clock += ms));
    const limiters = [1, 2, 3, 4].map(() => rateLimiter({ now: () => clock, sleep, updatePace, maxPerSecond: 100 }));
    const refused = Object.assign(new Error("slow down"), {
      status: 429,
      headers: new Headers({ "retry-after": "2" }),
    });
    let [window, taken, refusals, early, closedUntil] = [-1, 0, 0, 0, 0];
    const serve = (): Promise<void> => {
      clock += 1;
      if (clock < closedUntil) early += 1;
      if (window !== Math.floor(clock / 1_000)) [window, taken] = [Math.floor(clock / 1_000), 0];
      taken += 1;
      if (taken <= 20) return Promise.resolve();
      refusals += 1;
      closedUntil = clock + 2_000;
      return Promise.reject(refused);
    };
    for (let round = 0; round < 200; round += 1) for (const limiter of limiters) await limiter.run(serve);
    // What one heard keeps all of them.
    expect(early).toBe(0);
    expect(refusals).toBeLessThan(40);
  });

  it.each([
    [400, 1],
    [404, 1],
    [501, 1],
    [500, 3],
    [503, 3],
    [0, 3],
  ])("status %i is tried %i time(s)", async (status, times) => {
    let tries = 0;
    const limiter = rateLimiter({ maxTries: 3, sleep: () => Promise.resolve() });
    const call = (): Promise<never> => {
      tries += 1;
      return Promise.reject(status === 0 ? new TypeError("fetch failed") : Object.assign(new Error("no"), { status }));
    };
    await expect(limiter.run(call)).rejects.toThrow();
    expect(tries).toBe(times);
  });
});
