import { maskText } from "./mask.ts";

/** Messages of one form. */
export interface Template {
  /** Order of first appearance, from 0. */
  index: number;
  /** The words all messages share; `<*>` where they differ. */
  tokens: string[];
  count: number;
}

export interface TemplateTreeOptions {
  /** Share of words a message must share with a template, word for word, to belong to it. @default 0.7 */
  similarity?: number;
  /** How many first words lead to the group of templates that are compared. @default 2 */
  depth?: number;
}

const ANY = "<*>";

/**
 * Finds the templates of machine-written messages, one message at a time, in the manner of Drain (He et al., ICWS 2017):
 * messages of one length and one beginning meet the same few templates; the most similar one takes the message in and
 * widens where they differ. The result depends on the order of messages only where they are near the mark.
 */
export class TemplateTree {
  readonly templates: Template[] = [];
  readonly #groups = new Map<string, Template[]>();
  readonly #similarity: number;
  readonly #depth: number;

  constructor(options: TemplateTreeOptions = {}) {
    this.#similarity = options.similarity ?? 0.7;
    this.#depth = options.depth ?? 2;
  }

  /** The template of a message, masked first. */
  add(text: string): Template {
    const tokens = tokensOf(text);
    const key = this.#keyOf(tokens);
    const group = this.#groups.get(key) ?? [];
    this.#groups.set(key, group);
    let best: Template | undefined;
    let bestShare = this.#similarity;
    for (const template of group) {
      const share = likeness(template.tokens, tokens);
      // An equal share goes to the older template, so that the answer does not depend on chance.
      if (best ? share > bestShare : share >= bestShare) [best, bestShare] = [template, share];
    }
    if (best) {
      widen(best.tokens, tokens);
      best.count++;
      return best;
    }
    const template = { index: this.templates.length, tokens: [...tokens], count: 1 };
    group.push(template);
    this.templates.push(template);
    return template;
  }

  /** Length and first words; words with digits or masks lead nowhere in particular. */
  #keyOf(tokens: readonly string[]): string {
    const lead = tokens.slice(0, this.#depth).map((token) => (/\d|<\w+>/.test(token) ? ANY : token));
    return `${tokens.length} ${lead.join(" ")}`;
  }
}

/** The template as text. */
export function templateText(template: Template): string {
  return template.tokens.join(" ");
}

/** Words, with punctuation at their edges split off so that `failed:` and `failed` meet. */
function tokensOf(text: string): string[] {
  return maskText(text)
    .split(/\s+|(?<=[=:,;()[\]{}|])|(?=[=:,;()[\]{}|])/)
    .filter((token) => token !== "");
}

/** Share of places with the same word; places already open count for neither side. */
function likeness(template: readonly string[], tokens: readonly string[]): number {
  let same = 0;
  for (const [index, token] of template.entries()) if (token === tokens[index] && token !== ANY) same++;
  return template.length === 0 ? 1 : same / template.length;
}

function widen(template: string[], tokens: readonly string[]): void {
  for (const [index, token] of template.entries()) if (token !== tokens[index]) template[index] = ANY;
}
