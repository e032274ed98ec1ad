import { describe, expect, it } from "vitest";
import { clusterReasons } from "./cluster-reasons.ts";
import type { Reason } from "./reason.ts";
import { assignReason } from "./reason-model.ts";
import type { ReasonModel } from "./reason-model.ts";

const CITIES = ["Seattle", "Colville", "Prague", "Lisbon", "Osaka", "Cusco", "Bergen", "Tunis"];
const unavailable = (from: number, to: number): Reason[] =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `u${from + i}`,
    text: `Error: search_catalog service unavailable (HTTP ${500 + (i % 5)}), request ${from + i}`,
  }));
const fabricated = (from: number, to: number): Reason[] =>
  Array.from({ length: to - from }, (_, i) => {
    const city = CITIES[(from + i) % CITIES.length];
    const said = [
      `The agent fabricated the population figures for ${city}.`,
      `Population of ${city} was invented; the figures are fabricated.`,
      `It made up figures: the population of ${city} is fabricated.`,
    ];
    return { id: `f${from + i}`, text: said[(from + i) % 3] ?? "" };
  });
const retrieval = (from: number, to: number): Reason[] =>
  Array.from({ length: to - from }, (_, i) => {
    const city = CITIES[(from + i) % CITIES.length];
    const said = [
      `Retrieved documents do not mention hotels in ${city}.`,
      `No retrieved document mentions a hotel in ${city}.`,
      `The documents retrieved miss hotels of ${city}.`,
    ];
    return { id: `r${from + i}`, text: said[(from + i) % 3] ?? "" };
  });
const stray: Reason = { id: "stray", text: "Giraffes wear purple spectacles on Sundays." };
const all = [...unavailable(0, 20), ...fabricated(0, 12), ...retrieval(0, 12), stray];
const kinds = (members: readonly string[]): string => [...new Set(members.map((id) => id.charAt(0)))].sort().join("");

describe("clusterReasons", () => {
  it("finds machine errors and prose that says the same thing, and leaves strays alone", async () => {
    const report = await clusterReasons(all);
    expect(report.clusters.map(({ members }) => [kinds(members), members.length])).toEqual([
      ["u", 20],
      ["r", 12],
      ["f", 12],
    ]);
    expect(report.unclustered).toEqual(["stray"]);
    expect(report.clusters[0]?.label).toBe("Error : <name> service unavailable ( HTTP <number> ) , request <number>");
    expect(report.clusters[2]?.terms).toEqual(expect.arrayContaining(["fabricated", "figures", "population"]));
    expect(report.clusters[1]?.label).toMatch(/retrieved/);
    expect(report.clusters[1]?.examples).toHaveLength(3);
  });

  it("gives the same answer for the same reasons, in any order", async () => {
    const ids = async (reasons: Reason[]): Promise<string[]> =>
      (await clusterReasons(reasons)).clusters.map(({ id, members }) => `${id} ${[...members].sort().join()}`).sort();
    expect(await ids([...all].reverse())).toEqual(await ids(all));
  });

  it("keeps ids while clusters go on, through storage, growth and turnover", async () => {
    const first = await clusterReasons(all);
    const previous = JSON.parse(JSON.stringify(first.model)) as ReasonModel;
    const next = await clusterReasons([...unavailable(10, 40), ...fabricated(6, 30), ...retrieval(6, 9)], { previous });
    const idOf = (report: typeof first, kind: string): string | undefined =>
      report.clusters.find(({ members }) => kinds(members) === kind)?.id;
    for (const kind of ["u", "f", "r"]) {
      expect(idOf(first, kind)).toBeDefined();
      expect([kind, idOf(next, kind)]).toEqual([kind, idOf(first, kind)]);
    }
    // Not one reason in common: what they say still tells that they are the same.
    const later = await clusterReasons([...unavailable(100, 140), ...fabricated(101, 130)], { previous });
    expect([idOf(later, "u"), idOf(later, "f")]).toEqual([idOf(first, "u"), idOf(first, "f")]);
    expect(new Set(next.clusters.map(({ id }) => id)).size).toBe(next.clusters.length);
  });

  it("assigns new reasons without clustering again, and buffers what is new", async () => {
    const { model, clusters } = await clusterReasons(all);
    const idOf = (kind: string): string | undefined => clusters.find(({ members }) => kinds(members) === kind)?.id;
    const stored = JSON.parse(JSON.stringify(model)) as ReasonModel;
    expect(await assignReason(stored, "The population figures for Oslo are fabricated.")).toMatchObject({
      id: idOf("f"),
    });
    expect(
      await assignReason(stored, "Error: search_catalog service unavailable (HTTP 503), request 77"),
    ).toMatchObject({ id: idOf("u") });
    expect(await assignReason(stored, "Refunds were promised without authentication.")).toBeNull();
    expect(await assignReason(stored, "")).toBeNull();
  });

  it("takes vectors and names from plug-ins", async () => {
    const topics = ["unavailable", "fabricated", "retrieved", "giraffes"];
    const embed = async (texts: readonly string[]): Promise<number[][]> =>
      texts.map((text) => topics.map((topic) => (text.toLowerCase().includes(topic) ? 3 : 0.1)));
    const asked: string[][] = [];
    const report = await clusterReasons(all, {
      embed,
      merge: 0.9,
      join: 0.8,
      name: async ({ examples }) => {
        asked.push([...examples]);
        return `kind ${asked.length}`;
      },
    });
    expect(report.clusters.map(({ members }) => kinds(members)).sort()).toEqual(["f", "r", "u"]);
    expect(report.clusters.map(({ label }) => label).sort()).toEqual(["kind 1", "kind 2", "kind 3"]);
    expect(await assignReason(report.model, "all fabricated", { embed })).toMatchObject({
      label: expect.stringMatching(/kind/),
    });
    expect(await assignReason(report.model, "no embedder given")).toBeNull();
  });

  it("takes nothing, one, and very many", async () => {
    expect(await clusterReasons([])).toMatchObject({ clusters: [], unclustered: [] });
    expect(await clusterReasons([stray])).toMatchObject({ clusters: [], unclustered: ["stray"] });
    const many = [...unavailable(0, 5000), ...fabricated(0, 2000)];
    expect((await clusterReasons(many)).clusters.map(({ members }) => members.length)).toEqual([5000, 2000]);
  });
});
