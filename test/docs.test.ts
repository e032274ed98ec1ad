import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { loadCorpus } from "../src/cli/demo/corpus.ts";
import { createProgram } from "../src/cli/program.ts";

const FOLDER = ".tmp/docs";
const files = [
  "README.md",
  "ARCHITECTURE.md",
  "AGENTS.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

/** Every TypeScript block, with the place it stands at; `<!-- setup ... -->` above one declares what it takes for granted. */
function blocks(file: string): { file: string; line: number; code: string }[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:^<!-- setup\n([\s\S]*?)^-->\n)?^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: `${match[1] ?? ""}${match[2]}`,
  }));
}

/** The anchors of a file's headings, as GitHub makes them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** `run`, `remedy plan`, ...: every command that does something, in the order of `loopsmith --help`. */
function commandsOf(command: Command, before: readonly string[] = []): { name: string; command: Command }[] {
  return command.commands.flatMap((sub) => {
    const path = [...before, sub.name()];
    return sub.commands.length > 0 ? commandsOf(sub, path) : [{ name: path.join(" "), command: sub }];
  });
}

/** What nearly every command takes; said once. */
const COMMON = ["--data-dir", "--json"];
const program = createProgram({ out: () => {}, err: () => {}, interactive: false }, {});

describe("documentation", () => {
  // A compiler run: on a busy machine it takes its time, and only hanging is a failure.
  it("has only examples that type-check against the source", { timeout: 300_000 }, () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const all = files.flatMap(blocks);
    expect(all.length).toBeGreaterThan(3);
    const names = new Map<string, string>();
    all.forEach(({ file, line, code }, index) => {
      names.set(`example-${index}.ts`, `${file}:${line}`);
      writeFileSync(join(FOLDER, `example-${index}.ts`), `${code}\nexport {};\n`);
    });
    const config = {
      extends: "../../tsconfig.json",
      compilerOptions: {
        noUnusedLocals: false,
        paths: {
          loopsmith: ["../../src/index.ts"],
          "loopsmith/server": ["../../src/server/index.ts"],
          "loopsmith/evaluators": ["../../src/evaluator/index.ts"],
        },
      },
      include: ["./*.ts"],
    };
    writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(config));
    let output = "";
    try {
      execFileSync(
        "npx",
        ["--no-install", "tsc", "-p", join(FOLDER, "tsconfig.json"), "--noEmit", "--pretty", "false"],
        { encoding: "utf8" },
      );
    } catch (error) {
      output = String((error as { stdout?: unknown }).stdout);
    }
    const problems = output.split("\n").filter((line) => line.includes("error TS"));
    expect(
      problems.map((line) => line.replace(/^.*?(example-\d+\.ts)/, (_all, name: string) => names.get(name) ?? name)),
    ).toEqual([]);
  });

  it.each(files)("%s links only to what exists", (file) => {
    const text = readFileSync(file, "utf8");
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) =>
      join(dirname(file), match[1] as string),
    );
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });

  it.each(files)("%s links only to headings that exist", (file) => {
    const targets = [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)];
    const missing = targets.filter(([, path = "", anchor = ""]) => {
      const text = readFileSync(path === "" ? file : join(dirname(file), path), "utf8");
      return !headingsOf(text).includes(anchor);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it("gives each of its sections an id of its own, which the demo's dataset needs", () => {
    const ids = loadCorpus(".").map((section) => section.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("names only npm scripts that exist", () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
    const named = files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map(
        (match) => match[1] as string,
      ),
    );
    expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it.each([
    ["FeedbackLoopOptions", "src/loop/options.ts", "docs/loop.md"],
    ["LearnOptions", "src/loop/learn/learn.ts", "docs/issues.md"],
    ["LifeOptions", "src/pattern-life/life-options.ts", "docs/issues.md"],
    ["SearchSettings", "src/pattern/mine-patterns.ts", "docs/patterns.md"],
    ["CodebookOptions", "src/pattern/codebook.ts", "docs/patterns.md"],
    ["ThrottlePolicy", "src/alert/throttle.ts", "docs/alerts.md"],
    ["LlmJudgeOptions", "src/evaluator/judge/llm-judge.ts", "docs/evaluators.md"],
  ])("names every option of %s (%s) in %s", (name, source, file) => {
    const [, body = ""] =
      new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(readFileSync(source, "utf8")) ??
      [];
    const options = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1] as string);
    expect(options.length).toBeGreaterThan(2);
    // A code span may hold several: `blame: { judge }`, `life.confirmAt`.
    const spans = [...readFileSync(file, "utf8").matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
    const named = new Set(spans.join(" ").match(/\w+/g));
    expect(options.filter((option) => !named.has(option))).toEqual([]);
  });

  it("shows every command in the README, and says how to install what is packed", () => {
    const text = readFileSync("README.md", "utf8");
    const [, list = ""] = /^## Commands\n\n```sh\n([\s\S]*?)^```/m.exec(text) ?? [];
    const shown = [...list.matchAll(/^npx loopsmith (\w+)/gm)].map((match) => match[1]);
    expect(shown).toEqual(program.commands.map((command) => command.name()));
    const { name, version } = JSON.parse(readFileSync("package.json", "utf8")) as { name: string; version: string };
    expect(text).toContain(`npm install ../${name}/${name}-${version}.tgz`);
  });

  it("gives every command a section in docs/cli.md, in the order of --help, that names its flags", () => {
    const text = readFileSync("docs/cli.md", "utf8");
    const [, table = ""] = /\n\n(\| command [\s\S]*?)\n\n/.exec(text) ?? [];
    const names = program.commands.map((command) => command.name());
    expect([...table.matchAll(/^\| \[`\w.*?`\]\(#(\w+)\)/gm)].map((match) => match[1])).toEqual(names);
    const sections = new Map(text.split(/^## /m).map((part) => [part.slice(0, part.indexOf("\n")), part]));
    expect([...sections.keys()].slice(1, names.length + 1)).toEqual(names);
    const missing = commandsOf(program).flatMap(({ name, command }) => {
      const section = sections.get(name.split(" ")[0] ?? "") ?? "";
      const flags = command.options.map((option) => option.long ?? "").filter((flag) => !COMMON.includes(flag));
      const absent = flags
        .filter((flag) => !new RegExp(`${flag}\\b(?!-)`).test(section))
        .map((flag) => `${name} ${flag}`);
      return new RegExp(`\\b${command.name()}\\b`).test(section) ? absent : [name, ...absent];
    });
    expect(missing).toEqual([]);
  });

  it("lists the server's own routes in docs/server.md, and no others", async () => {
    const app = new Hono();
    for (const file of readdirSync("src/server/api")) {
      const module = (await import(`../src/server/api/${basename(file, ".ts")}.ts`)) as Record<string, unknown>;
      for (const [name, add] of Object.entries(module)) {
        if (name.endsWith("Routes")) (add as (app: Hono, context: object) => void)(app, { store: {} });
      }
    }
    const own = readFileSync("docs/server.md", "utf8").split("## Routes of our own")[1] ?? "";
    const listed = [...own.matchAll(/`((?:GET|POST) \/[^`?]*)/g)].map((match) => match[1] as string);
    expect(listed.toSorted()).toEqual(app.routes.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it("keeps the map short", () => {
    expect(readFileSync("ARCHITECTURE.md", "utf8").split("\n").length).toBeLessThanOrEqual(150);
  });
});
