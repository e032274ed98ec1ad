import { canonicalJson } from "../internal/canonical-json.ts";
import { describeValue } from "../internal/describe-value.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Arm } from "./experiment.ts";
import { runProposer } from "./run-proposer.ts";
import type { Proposer, ProposerDeps } from "./proposer.ts";

/** A configuration somebody suggests. */
export interface Proposal<C> {
  config: C;
  /** @default what it changes, for example `topK=8, model=large` */
  name?: string;
  /** Kept in the remedy's history. */
  why?: string;
}

/** A way to come by candidates. */
export type CandidateSource<C> =
  | { list: readonly Proposal<C>[] }
  /** Every combination of the values given, over the baseline. */
  | { grid: { readonly [K in keyof C]?: readonly C[K][] } }
  /** Your own code. */
  | { generate: (baseline: C) => readonly Proposal<C>[] | Promise<readonly Proposal<C>[]> }
  /** Code that looks at the visible failures and may try configurations on them, for example a reflective LLM. */
  | { propose: Proposer<C> };

export interface Candidate<C> extends Arm<C> {
  origin: "list" | "grid" | "function" | "proposer";
  why?: string;
}

export interface CandidateOptions<C> {
  /** More than this is refused, since each candidate takes its part of the gate's alpha. @default 20 */
  maxCandidates?: number;
  /** Needed for `propose` sources. */
  proposer?: ProposerDeps<C>;
}

/**
 * Collects the candidates of all sources. Ones equal to the baseline or to an earlier one are left out, and names are
 * made unique. A proposer whose budget runs out contributes what it had submitted until then.
 * @throws LoopsmithError `invalid` for a config that is not JSON or for too many candidates
 */
export async function collectCandidates<C extends object>(
  baseline: C,
  sources: readonly CandidateSource<C>[],
  { maxCandidates = 20, proposer }: CandidateOptions<C> = {},
): Promise<Candidate<C>[]> {
  const seen = new Set([configKey(baseline)]);
  const names = new Set(["baseline"]);
  const candidates: Candidate<C>[] = [];
  for (const source of sources) {
    const { origin, proposals } = await proposalsOf(baseline, source, proposer);
    for (const { config, name, why } of proposals) {
      const key = configKey(config);
      if (seen.has(key)) continue;
      seen.add(key);
      candidates.push({
        name: uniqueName(name ?? describeChange(baseline, config), names),
        config,
        origin,
        ...(why !== undefined && { why }),
      });
    }
  }
  if (candidates.length > maxCandidates) {
    throw new LoopsmithError(
      "invalid",
      `There are ${candidates.length} candidates; at most ${maxCandidates} are allowed.`,
      {
        hint: "Narrow the grid or raise maxCandidates; every candidate makes the gate stricter for all.",
      },
    );
  }
  return candidates;
}

/** How many candidates a source will give, where that is known without running it. */
export function countCandidates<C extends object>(source: CandidateSource<C>): number | null {
  if ("list" in source) return source.list.length;
  if ("grid" in source) return gridValues(source.grid).reduce((product, [, values]) => product * values.length, 1);
  return null;
}

async function proposalsOf<C extends object>(
  baseline: C,
  source: CandidateSource<C>,
  proposer: ProposerDeps<C> | undefined,
): Promise<{ origin: Candidate<C>["origin"]; proposals: readonly Proposal<C>[] }> {
  if ("list" in source) return { origin: "list", proposals: source.list };
  if ("grid" in source) return { origin: "grid", proposals: combinations(baseline, source.grid) };
  if ("generate" in source) return { origin: "function", proposals: await source.generate(structuredClone(baseline)) };
  if (!proposer) {
    throw new LoopsmithError("invalid", "A `propose` source needs the pattern's visible examples.", {
      hint: "Run it through a remedy, or pass `proposer`.",
    });
  }
  return { origin: "proposer", proposals: await runProposer(source.propose, baseline, proposer) };
}

type Grid<C> = { readonly [K in keyof C]?: readonly C[K][] };

function gridValues<C>(grid: Grid<C>): [name: string, values: readonly unknown[]][] {
  return Object.entries(grid).flatMap(([name, values]): [string, readonly unknown[]][] =>
    Array.isArray(values) ? [[name, values as readonly unknown[]]] : [],
  );
}

function combinations<C extends object>(baseline: C, grid: Grid<C>): Proposal<C>[] {
  const configs = gridValues(grid).reduce<C[]>(
    (partial, [name, values]) => partial.flatMap((config) => values.map((value) => ({ ...config, [name]: value }))),
    [baseline],
  );
  return configs.map((config) => ({ config }));
}

/** Two configurations are the same when their JSON is. */
function configKey(config: unknown): string {
  if (typeof config !== "object" || config === null) throw notJson(config);
  try {
    return canonicalJson(config);
  } catch {
    throw notJson(config);
  }
}

function notJson(config: unknown): LoopsmithError {
  return new LoopsmithError("invalid", `A candidate's configuration is ${describeValue(config)}.`, {
    hint: "Configurations are JSON objects, so that they can be compared, stored and promoted.",
  });
}

const LONGEST_VALUE = 24;

function describeChange(baseline: object, config: object): string {
  const [before, after] = [baseline as Record<string, unknown>, config as Record<string, unknown>];
  const changed = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter(
    (key) => canonicalJson(before[key]) !== canonicalJson(after[key]),
  );
  return changed.map((key) => `${key}=${shown(after[key])}`).join(", ");
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value.replaceAll(/\s+/g, " ") : canonicalJson(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 3)}...` : text;
}

function uniqueName(name: string, names: Set<string>): string {
  let unique = name;
  for (let copy = 2; names.has(unique); copy += 1) unique = `${name} (${copy})`;
  names.add(unique);
  return unique;
}
