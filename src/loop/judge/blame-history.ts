import { addToNormality, mergeNormality, type Normality } from "../../blame/deviation.ts";
import { rankerExample, type LadderOptions } from "../../blame/ladder.ts";
import { trainRanker, type Ranker, type RankerExample } from "../../blame/ranker.ts";
import { addToSpectrum, mergeSpectra, type Spectrum } from "../../blame/spectrum.ts";
import type { Failure } from "../../model/failure.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Score, Threshold } from "../../model/score.ts";
import type { Trace } from "../../model/trace.ts";
import type { Store } from "../../store/store.ts";
import { failureReason } from "./failure-reason.ts";
import { openReasonHistory, type ReasonHistory } from "../learn/reason-history.ts";

/** What the history says to whoever decides on a trace. */
export interface BlameKnowledge extends Pick<LadderOptions, "spectrum" | "normality" | "ranker"> {
  assignReason?: ReasonHistory["assign"];
}

/** What a loop knows of its project when it looks for a culprit: counts over decided traces, and what people confirmed. */
export interface BlameHistory {
  /** For the ladder. The same until the next flush, so that the traces of one round are all judged by one history. */
  knowledge(): BlameKnowledge;
  /** Counts one more decided trace and, when it failed, keeps its reason, from the next flush on. */
  note(trace: Trace, failure: Failure | null): void;
  /** Adds what was noted to what all workers know, and takes up what they noted. */
  flush(): Promise<void>;
  /** Learns that a span was the culprit. Returns the number of confirmations, or `null` for a span that cannot be one. */
  confirm(trace: Trace, scores: readonly Score[], spanId: string): Promise<number | null>;
}

/** Confirmations kept, newest last. */
const MAX_EXAMPLES = 500;
const RELEARN_SHARE = 0.05;

/**
 * @param options.train whether to train the ranker, which takes seconds on hundreds of confirmations; without, `knowledge`
 * has none, and what is confirmed is learned by whoever trains. Default: true
 */
export async function openBlameHistory(
  store: Store,
  loopId: string,
  threshold?: Threshold,
  { train = true }: { train?: boolean } = {},
): Promise<BlameHistory> {
  const countsName = `blame/${loopId}`;
  const examplesName = `confirmations/${loopId}`;
  let spectrum: Spectrum = {};
  let normality: Normality = {};
  let ranker: Ranker | null = null;
  let learnedFrom = 0;
  let delta: { spectrum: Spectrum; normality: Normality } | null = null;

  const adopt = (value: JsonObject | null): void => {
    spectrum = ((value?.["spectrum"] as unknown) ?? {}) as Spectrum;
    normality = ((value?.["normality"] as unknown) ?? {}) as Normality;
  };
  const examplesOf = (value: JsonObject | null): RankerExample[] =>
    ((value?.["examples"] as unknown) ?? []) as RankerExample[];
  const relearn = (examples: readonly RankerExample[], total: number): void => {
    // Training takes seconds on hundreds of examples; a few more change little.
    if (!train || total - learnedFrom < Math.max(1, learnedFrom * RELEARN_SHARE)) return;
    learnedFrom = total;
    ranker = trainRanker(examples);
  };
  const readExamples = async (): Promise<void> => {
    const value = await store.cursorGet({ name: examplesName });
    relearn(examplesOf(value), typeof value?.["total"] === "number" ? value["total"] : 0);
  };
  const reasons = await openReasonHistory(store, loopId);
  adopt(await store.cursorGet({ name: countsName }));
  await readExamples();

  return {
    knowledge: () => ({ spectrum, normality, ranker, assignReason: reasons.assign }),
    note(trace, failure) {
      const failed = failure !== null;
      const reason = failure && failureReason(failure);
      if (reason) reasons.note({ id: trace.id, text: reason });
      delta ??= { spectrum: {}, normality: {} };
      addToSpectrum(delta.spectrum, trace, failed);
      if (!failed) addToNormality(delta.normality, trace);
    },
    async flush() {
      const noted = delta;
      delta = null;
      if (noted) {
        adopt(
          await store.cursorUpdate({
            name: countsName,
            update: (current) => {
              adopt(current);
              return {
                spectrum: mergeSpectra(spectrum, noted.spectrum) as unknown as JsonObject,
                normality: mergeNormality(normality, noted.normality) as unknown as JsonObject,
              };
            },
          }),
        );
      } else adopt(await store.cursorGet({ name: countsName }));
      await readExamples();
      await reasons.flush();
    },
    async confirm(trace, scores, spanId) {
      const example = rankerExample(trace, scores, spanId, {
        spectrum,
        normality,
        ...(threshold === undefined ? {} : { threshold }),
      });
      if (!example) return null;
      const value = await store.cursorUpdate({
        name: examplesName,
        update: (current) => {
          const examples = [...examplesOf(current), example].slice(-MAX_EXAMPLES);
          const total = (typeof current?.["total"] === "number" ? current["total"] : 0) + 1;
          return { examples: examples as unknown as JsonObject[], total };
        },
      });
      const total = value["total"] as number;
      relearn(examplesOf(value), total);
      return total;
    },
  };
}
