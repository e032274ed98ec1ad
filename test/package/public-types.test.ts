import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { isExpressionWithTypeArguments, isImportTypeNode, isTypeReferenceNode } from "typescript/unstable/ast/is";
import { API, SymbolFlags, type Project, type Symbol } from "typescript/unstable/sync";
import { expect, it } from "vitest";

type Node = NonNullable<ReturnType<Symbol["declarations"][number]["resolve"]>>;

const FOLDER = ".tmp/public-types";
/** In lower case, as the compiler's paths are where file names have none. */
const DIST = resolve("dist").toLowerCase();

/** Named in public signatures, and not looked into: what a caller is handed and hands on, but does not read or write down. */
const OPAQUE: Readonly<Record<string, string>> = {
  Store: "openStore makes it; its methods are the seam to the databases",
  RemedyRecordStore: "the part of a Store that remedies use; callers pass the Store",
  AlertMemory: "what an alert rule's statistics remember",
  IssueEvidence: "what an issue's statistics remember",
};

/** The declaration files of package.json's entries. */
function entryFiles(): string[] {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  return Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [resolve(target.types)]));
}

function target(symbol: Symbol, { checker }: Project): Symbol {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function exportsOf(file: string, project: Project): Symbol[] {
  const source = project.program.getSourceFile(file);
  const entry = source && project.checker.getSymbolAtLocation(source);
  if (!entry) throw new Error(`${file} is not built`);
  return project.checker.getExportsOfModule(entry).map((symbol) => target(symbol, project));
}

/**
 * The types of our own that a declaration names. What an interface extends is part of it: its members are read, its name
 * is not asked for.
 */
function namedTypes(node: Node, project: Project): Symbol[] {
  const found: Symbol[] = [];
  const visit = (node: Node): undefined => {
    const heritage = isExpressionWithTypeArguments(node);
    const name = isTypeReferenceNode(node)
      ? node.typeName
      : isImportTypeNode(node)
        ? node.qualifier
        : heritage
          ? node.expression
          : null;
    const symbol = name && project.checker.getSymbolAtLocation(name);
    if (symbol) {
      const type = target(symbol, project);
      const own = type.declarations.filter(({ path }) => path.toLowerCase().startsWith(DIST));
      if (own.length > 0 && heritage) own.forEach((declaration) => visit(declaration.resolve(project) as Node));
      else if (own.length > 0 && !(type.flags & SymbolFlags.TypeParameter)) found.push(type);
    }
    node.forEachChild(visit);
  };
  visit(node);
  return found;
}

it("exports every type that a public signature names", () => {
  mkdirSync(FOLDER, { recursive: true });
  const config = resolve(FOLDER, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ extends: "../../tsconfig.json", include: [], files: entryFiles() }));
  const api = new API({ cwd: process.cwd() });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config) as Project;
    const published = new Map(entryFiles().flatMap((file) => exportsOf(file, project).map((type) => [type.id, type])));
    expect(published.size).toBeGreaterThan(200);
    const hidden = new Set<string>();
    const opaque = new Set<string>();
    for (const type of published.values()) {
      if (type.name in OPAQUE) continue;
      for (const declaration of type.declarations) {
        for (const named of namedTypes(declaration.resolve(project) as Node, project)) {
          if (named.name in OPAQUE) opaque.add(named.name);
          else if (!published.has(named.id)) {
            hidden.add(`${named.name} (${relative("dist", named.declarations[0]?.path ?? "")}), named by ${type.name}`);
          }
        }
      }
    }
    expect([...hidden].toSorted()).toEqual([]);
    expect([...opaque].toSorted()).toEqual(Object.keys(OPAQUE).toSorted());
  } finally {
    api.close();
  }
});
