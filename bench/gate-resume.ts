/**
 * Kills a 400-example experiment with SIGKILL at 50 points and starts it again each time; compares the verdict and the
 * bill with an experiment left alone. `node --import ./scripts/ts.mjs bench/gate-resume.ts [--json]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { killedExperiment, undisturbedExperiment } from "../src/remedy/killed-experiment.fixture.ts";

const KILLS = 50;
const directory = await mkdtemp(join(tmpdir(), "loopsmith-resume-"));
const alone = await undisturbedExperiment();
// Every run is written to the platform besides.
const requests = alone.calls + alone.runs;
const killAt = Array.from({ length: KILLS }, (_, index) => Math.floor(((index + 0.5) / KILLS) * requests));
const killed = await killedExperiment(directory, killAt);
await rm(directory, { recursive: true });

const inFlight = killed.inFlight.reduce((sum, calls) => sum + calls, 0);
const result = {
  kills: killed.kills,
  examples: 400,
  sameVerdict: isDeepStrictEqual(killed.verdict, JSON.parse(JSON.stringify(alone.verdict))),
  verdict: killed.verdict.verdict,
  examplesUsed: killed.verdict.pairs + killed.verdict.controls,
  callsNeeded: alone.calls,
  paidTwice: killed.payments - killed.distinct,
  inFlightAtKills: inFlight,
  paidTwiceBeyondInFlight: Math.max(0, killed.payments - killed.distinct - inFlight),
  chargedUsd: Number(killed.chargedUsd.toFixed(3)),
  journalUsd: Number(killed.journalUsd.toFixed(3)),
  runsOnPlatform: killed.runs,
  feedback: killed.feedback,
  seconds: Number(killed.seconds.toFixed(1)),
};
console.log(process.argv.includes("--json") ? JSON.stringify(result) : JSON.stringify(result, null, 2));
