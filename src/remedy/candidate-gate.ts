import { createGate } from "./gate.ts";
import type { GateOptions } from "./gate-options.ts";
import type { GatePair } from "./gate-pair.ts";
import type { GateVerdict } from "./gate-verdict.ts";

/** A gate that stays with its first final verdict and looks at no further pair. */
export interface CandidateGate {
  observe(pair: GatePair): void;
  /** PASS or FAIL once final; `null` while open. */
  readonly outcome: "PASS" | "FAIL" | null;
  verdict(): GateVerdict;
}

/** While limits or missing pairs hold up what the tests have shown, the whole verdict is asked for every so many pairs. */
const PAIRS_BETWEEN_LOOKS = 10;

/**
 * Ends at the first pair after which the verdict is PASS or FAIL, so the same results in the same order give the same
 * verdict whether or not more of them arrive.
 */
export function createCandidateGate(options: GateOptions): CandidateGate {
  const gate = createGate(options);
  let final: GateVerdict | null = null;
  let wait = 0;
  return {
    observe(pair) {
      if (final) return;
      gate.observe(pair);
      wait -= 1;
      if (gate.evidence === null || wait > 0) return;
      const verdict = gate.verdict();
      if (verdict.verdict === "INCONCLUSIVE") wait = PAIRS_BETWEEN_LOOKS;
      else final = verdict;
    },
    get outcome() {
      return final?.verdict === "PASS" || final?.verdict === "FAIL" ? final.verdict : null;
    },
    verdict: () => final ?? gate.verdict(),
  };
}
