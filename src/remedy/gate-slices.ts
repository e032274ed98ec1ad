import { holm } from "../internal/statistics/holm.ts";
import { bettingInterval, createBettingTest } from "../internal/statistics/paired-betting.ts";
import type { BettingTest } from "../internal/statistics/paired-betting.ts";
import type { GatePlan } from "./gate-options.ts";
import { moreExamples } from "./more-examples.ts";

export interface SliceOptions {
  /** A slice may truly lose less than this, 0 to 1. @default 0.1 */
  margin?: number;
  /** The slices that count. @default every one that shows up, and the controls as `controls` */
  names?: readonly string[];
  /** Planned pairs by slice, fixed before the first result. Gives the slice's test more power. */
  planned?: Readonly<Record<string, number>>;
  /** Slices with fewer pairs are watched for harm but need no proof of being unharmed. @default 0: all need it */
  proveFrom?: number;
}

export interface SliceVerdict {
  name: string;
  pairs: number;
  wins: number;
  losses: number;
  /** Candidate minus baseline, with the confidence sequence that belongs to its tests: `held` means `low` is within the margin. */
  difference: number;
  low: number;
  high: number;
  margin: number;
  /** The highest e-value against "loses at least the margin". */
  eValue: number;
  /** `1 / eValue`, Holm-adjusted over the slices: for claims about single slices. */
  pHolm: number;
  /** Of "is not worse", Holm-adjusted over the slices: at most alpha means harmed. */
  pHarmHolm: number;
  /** `held`: shown to lose less than the margin. `harmed`: shown to lose. `unproven`: neither yet. */
  status: "held" | "harmed" | "unproven";
  /** Whether PASS waits for this slice. */
  required: boolean;
  /** About how many more examples of this slice would show that it holds. */
  moreExamples: number | null;
}

/** The name under which matched passing examples count as a slice. */
export const CONTROLS = "controls";
const DEFAULT_MARGIN = 0.1;

interface Slice {
  differences: number[];
  held: BettingTest;
  harm: BettingTest;
}

/** Follows every slice. */
export interface SliceTests {
  observe(names: readonly string[], difference: number): void;
  /** Every slice that needs proof has it. */
  allHeld(): boolean;
  anyHarmed(): boolean;
  verdicts(): SliceVerdict[];
}

/**
 * Non-inferiority, slice by slice. PASS needs each slice shown to lose less than the margin at the full alpha: an
 * intersection-union test, which needs no correction, since a harmed slice slips through only if its own test errs
 * (Berger, Technometrics 1982). Harm is claimed of single slices, so there the e-values' p-values go through Holm.
 */
export function createSliceTests(plan: GatePlan): SliceTests {
  const { margin = DEFAULT_MARGIN, names, planned = {}, proveFrom = 0 } = plan.slices;
  // True losses shrink by the judge's skill, and its drift may look like a gain.
  const heldNull = plan.drift - margin * plan.skill.low;
  const slices = new Map<string, Slice>((names ?? []).map((name) => [name, createSlice(name)]));

  function createSlice(name: string): Slice {
    const options = { alpha: plan.testAlpha, ...(planned[name] !== undefined && { planned: planned[name] }) };
    return {
      differences: [],
      held: createBettingTest({ ...options, nullMean: heldNull }),
      harm: createBettingTest({ ...options, nullMean: plan.drift }),
    };
  }

  const required = (name: string, { differences }: Slice): boolean =>
    Math.max(differences.length, planned[name] ?? 0) >= proveFrom;

  const harmP = (): number[] => holm([...slices.values()].map(({ harm }) => 1 / harm.peak));

  const isHeld = ({ held }: Slice): boolean => held.peak >= 1 / plan.testAlpha;

  return {
    observe(labels, difference) {
      for (const name of new Set(labels)) {
        if (names && !names.includes(name)) continue;
        const slice = slices.get(name) ?? createSlice(name);
        slices.set(name, slice);
        slice.differences.push(difference);
        slice.held.observe(difference);
        slice.harm.observe(-difference);
      }
    },
    allHeld: () => [...slices].every(([name, slice]) => !required(name, slice) || isHeld(slice)),
    anyHarmed() {
      const p = harmP();
      return [...slices.values()].some((slice, index) => !isHeld(slice) && (p[index] ?? 1) <= plan.testAlpha);
    },
    verdicts() {
      const entries = [...slices];
      const pHolm = holm(entries.map(([, { held }]) => 1 / held.peak));
      const pHarm = harmP();
      return entries.map(([name, slice], index) => {
        const { differences, held } = slice;
        const pHarmHolm = pHarm[index] ?? 1;
        const status = isHeld(slice) ? "held" : pHarmHolm <= plan.testAlpha ? "harmed" : "unproven";
        return {
          name,
          pairs: differences.length,
          wins: differences.filter((difference) => difference > 0).length,
          losses: differences.filter((difference) => difference < 0).length,
          difference: differences.reduce((sum, difference) => sum + difference, 0) / Math.max(1, differences.length),
          ...bettingInterval(differences, {
            alpha: plan.testAlpha,
            lowNull: heldNull,
            highNull: plan.drift,
            ...(planned[name] !== undefined && { planned: planned[name] }),
          }),
          margin,
          eValue: held.peak,
          pHolm: pHolm[index] ?? 1,
          pHarmHolm,
          status,
          required: required(name, slice),
          moreExamples:
            status === "held"
              ? null
              : moreExamples(differences, {
                  alpha: plan.testAlpha,
                  planned: planned[name],
                  eValue: held.eValue,
                  nullMean: heldNull,
                  assumedMean: 0,
                }),
        };
      });
    },
  };
}
