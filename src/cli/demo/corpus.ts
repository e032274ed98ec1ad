import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** One section of the documentation: what stands under a heading. */
export interface Section {
  /** `docs/webhooks.md > Retries`, unique within the corpus. */
  id: string;
  file: string;
  heading: string;
  /** Plain text: no code blocks, tables or link targets. */
  text: string;
}

/** The project's own documentation, cut at its headings. */
export function loadCorpus(packageRoot: string): Section[] {
  const docs = readdirSync(join(packageRoot, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return [join(packageRoot, "README.md"), ...docs].flatMap((path) =>
    sectionsOf(basename(path), readFileSync(path, "utf8")),
  );
}

function sectionsOf(file: string, markdown: string): Section[] {
  const prose = markdown.replace(/```[\s\S]*?```/g, "").replace(/<!--[\s\S]*?-->/g, "");
  const counts = new Map<string, number>();
  return prose
    .split(/^(?=#{1,4} )/m)
    .map((block): Section | null => {
      const [first = "", ...rest] = block.split("\n");
      const heading = plain(first.replace(/^#+ /, ""));
      const text = plain(rest.filter((line) => !line.trimStart().startsWith("|")).join("\n"));
      if (text.length < 80) return null;
      const seen = (counts.get(heading) ?? 0) + 1;
      counts.set(heading, seen);
      return { id: `${file} > ${heading}${seen > 1 ? ` (${seen})` : ""}`, file, heading, text };
    })
    .filter((section) => section !== null);
}

function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`>#]+/g, "")
    .replace(/^\s*[-+]\s+/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Sentences of at least five words. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?:])\s+(?=[A-Z"'(])/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => wordsOf(sentence).length >= 5);
}

const STOP_WORDS = new Set(
  `a about after all also an and any are as at be because been before but by can do does each every for from given has have how if
  in into is it its may more most must never no not of on one only or other our own per same so such than that the their them then
  there these they this those to two under until up us use used was we what when where which while who whose will with without you
  your`.split(/\s+/),
);

/** Lower-case content words. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z][a-z0-9]+/g) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word));
}
