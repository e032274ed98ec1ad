import { simulateTail } from "../../test/tail/simulate-tail.ts";
import type { Scenario } from "./scenario.ts";

const HOUR = 3_600_000;

/** Tails a simulated LangSmith; see `test/tail/simulate-tail.ts` for what it does to the tail. */
export const tailing: Scenario = {
  name: "tailing",
  async run({ quick, broken, folder, random }) {
    const runs = quick ? 10_000 : 100_000;
    const spreadMs = quick ? 3 * HOUR : 24 * HOUR;
    const report = await simulateTail({
      runs,
      spreadMs,
      drainMs: 2 * HOUR,
      pollMs: 60_000,
      seed: Math.floor(random() * 2 ** 31),
      folder,
      requestsPer10s: 100,
      failing: 0.02,
      plainCursor: broken,
    });
    const { missed, doubled, listRequests, idealListRequests } = report;
    const requestRatio = Math.round((listRequests / idealListRequests) * 100) / 100;
    const ok = missed === 0 && doubled === 0;
    return { points: runs, lost: missed, doubled, corrupt: 0, ok, details: { ...report, requestRatio } };
  },
};
