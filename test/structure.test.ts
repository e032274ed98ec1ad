import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = "src";

/** Who may import whom. A room may always import itself; `model` and `internal` are open to everybody. */
const ROOMS = [
  "platform",
  "evaluator",
  "blame",
  "destination",
  "pattern",
  "pattern-life",
  "reason",
  "alert",
  "remedy",
  "store",
  "job",
] as const;
const BELOW: Readonly<Record<string, readonly string[]>> = {
  internal: [],
  model: ["internal"],
  wire: ["model", "internal"],
  ...Object.fromEntries(ROOMS.map((room) => [room, ["wire", "model", "internal"]])),
  loop: [...ROOMS, "wire", "model", "internal"],
  server: ["loop", ...ROOMS, "wire", "model", "internal"],
  cli: ["server", "loop", ...ROOMS, "wire", "model", "internal"],
};
/** Seams that a neighbour may name as a type: they are handed in as parameters, never imported as code. */
const SEAMS = ["store/store.ts", "store/resource/", "platform/platform.ts", "remedy/experiment-platform.ts"];

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function scripts(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return scripts(path);
    return /\.m?ts$/.test(path) ? [path] : [];
  });
}

function sourceFiles(folder: string): string[] {
  return scripts(folder).filter((path) => !/\.(test|fixture)\.ts$/.test(path));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const pattern = /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;"']*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: relative(SRC, file),
    to: relative(SRC, join(file, "..", (match[2] ?? match[3]) as string)),
    typeOnly: match[1] !== undefined,
  }));
}

/** What a file takes by name from others of ours, as `path name`. */
function namesTaken(file: string): string[] {
  const pattern = /\{([^{}]*)\}\s*(?:from\s+|=\s*\(?await\s+import\(\s*)"(\.[^"]+)"|import\("(\.[^"]+)"\)\)\.(\w+)/g;
  return [...readFileSync(file, "utf8").matchAll(pattern)].flatMap(([, names, from, module, name]) => {
    const path = join(file, "..", (from ?? module) as string);
    return (names ?? name ?? "").split(",").map((one) => `${path} ${/\w+/.exec(one.replace(/^\s*type\s/, ""))?.[0]}`);
  });
}

/** The functions, classes and constants a file exports, in the same form. */
function namesGiven(file: string): string[] {
  const pattern = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;
  return [...readFileSync(file, "utf8").matchAll(pattern)].map(([, name]) => `${file} ${name}`);
}

/** `loop.ts` and `index.ts` stand for rooms of their own. */
function roomOf(path: string): string {
  if (path === "loop.ts") return "loop";
  return path.includes("/") ? (path.split("/")[0] as string) : "root";
}

const files = sourceFiles(SRC);

describe("structure", () => {
  it("keeps the arrows between rooms", () => {
    const wrong = files.flatMap(importsOf).filter(({ from, to, typeOnly }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      if (room === target || room === "root") return false;
      if (BELOW[room]?.includes(target)) return false;
      return !(typeOnly && SEAMS.some((seam) => to.startsWith(seam)));
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("exports no function and no value that nobody imports", () => {
    const taken = new Set(["src", "test", "bench"].flatMap(scripts).flatMap(namesTaken));
    const given = [...files, ...sourceFiles("bench")].flatMap(namesGiven);
    expect(given.length).toBeGreaterThan(1_000);
    // What is loaded by path, in a process of its own, is asked for by name there.
    expect(given.filter((name) => !taken.has(name) && !name.startsWith("bench/chaos/poison.ts"))).toEqual([]);
  });

  it("knows every room", () => {
    const rooms = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map((room) => room.name).filter((room) => !(room in BELOW))).toEqual([]);
  });

  it("reads the environment and the command line only in server and cli", () => {
    const outside = files.filter((file) => !/^src\/(server|cli)\//.test(file));
    expect(outside.filter((file) => /\bprocess\.(env|argv|exit)\b/.test(readFileSync(file, "utf8")))).toEqual([]);
  });

  it("names no database outside its folder", () => {
    const outside = files.filter((file) => !/^src\/(store|cli)\//.test(file));
    const named = /from "(pg|@photostructure\/sqlite|kysely)"/;
    expect(outside.filter((file) => named.test(readFileSync(file, "utf8")))).toEqual([]);
  });

  it("keeps files small", () => {
    const lines = files
      .map((file) => ({
        file,
        lines: readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line.trim() !== "").length,
      }))
      .sort((a, b) => a.lines - b.lines);
    expect(lines.filter((entry) => entry.lines > 400)).toEqual([]);
    expect(lines[Math.floor(lines.length / 2)]?.lines).toBeLessThanOrEqual(110);
  });

  it("imports the SDK without a database, a server or the command line", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      const text = readFileSync(join(SRC, file), "utf8");
      const pattern = /(?:^|\n)\s*(?:import|export)\s+(?!type\s)[^;"']*?from\s+"(\.[^"]+)"/g;
      for (const match of text.matchAll(pattern)) visit(relative(SRC, join(SRC, file, "..", match[1] as string)));
    };
    visit("index.ts");
    expect([...reached].filter((file) => /^(store|server|cli)\//.test(file))).toEqual([]);
  });

  it("exports what package.json promises", () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
      exports: Record<string, string | { default: string }>;
    };
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string") continue;
      const source = target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
      expect(existsSync(source), `${name} -> ${source}`).toBe(true);
    }
  });
});
