import { simulateTail } from "../../test/tail/simulate-tail.ts";
import type { Scenario } from "./scenario.ts";

const HOUR = 3_600_000;
/** Requests beyond those of an oracle that are allowed. */
const MAX_RATIO = 1.3;

/** Tails a simulated LangSmith; see `test/tail/simulate-tail.ts` for what it does to the tail, and for the ideal. */
export const tailing: Scenario = {
  name: "tailing",
  async run({ quick, broken, folder, random }) {
    const runs = quick ? 100_000 : 1_000_000;
    const report = await simulateTail({
      runs,
      spreadMs: quick ? 3 * HOUR : 24 * HOUR,
      drainMs: 2 * HOUR,
      pollMs: 10_000,
      seed: Math.floor(random() * 2 ** 31),
      folder,
      failing: 0.02,
      plainCursor: broken,
    });
    const { missed, doubled, requests, idealRequests } = report;
    const requestRatio = Math.round((requests / idealRequests) * 1_000) / 1_000;
    const ok = missed === 0 && doubled === 0 && requestRatio <= MAX_RATIO;
    return { points: runs, lost: missed, doubled, corrupt: 0, ok, details: { ...report, requestRatio } };
  },
};
