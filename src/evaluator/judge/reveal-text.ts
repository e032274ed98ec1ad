/** Letters of other alphabets that look Latin, and digits commonly put for letters. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  а: "a",
  е: "e",
  о: "o",
  р: "p",
  с: "c",
  у: "y",
  х: "x",
  і: "i",
  ѕ: "s",
  ј: "j",
  ԁ: "d",
  ɡ: "g",
  һ: "h",
  ո: "n",
  ν: "v",
  ο: "o",
  α: "a",
  ρ: "p",
  τ: "t",
  ι: "i",
  κ: "k",
  ε: "e",
  υ: "u",
  ı: "i",
  ɑ: "a",
  ʏ: "y",
  ʟ: "l",
  ɴ: "n",
  ʀ: "r",
  ɪ: "i",
  ᴇ: "e",
  ᴀ: "a",
  ѵ: "v",
  ԛ: "q",
  ԝ: "w",
  в: "b",
  н: "h",
  к: "k",
  м: "m",
  т: "t",
};
const LEET: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};

const INVISIBLE = /\p{Default_Ignorable_Code_Point}|\p{Cf}/gu;
const TAGS = /[\u{E0020}-\u{E007E}]/gu;

/**
 * The text as a reader of intent would see it, lower case: marks and invisible characters gone, look-alike letters
 * folded, line breaks kept. Beside it, where they differ: what its encoded parts say, and what it says with digits read
 * as letters, with spaced-out letters and words on lines of their own joined, and backwards.
 */
export function revealed(text: string): string[] {
  const plain = fold(text);
  const variants = [plain];
  const decoded = [...decodings(text)].map(fold).filter((part) => part.length > 8);
  if (decoded.length > 0) variants.push(decoded.join("\n"));
  if (/(?:[a-z][013457@$]|[013457@$][a-z])(?:.{0,40}?(?:[a-z][013457@$]|[013457@$][a-z])){2}/.test(plain)) {
    variants.push(plain.replace(/[a-z013457@$!]*[013457@$][a-z013457@$!]*/g, readLeet));
  }
  if (/(?:^|\n)(?:[^\n]{1,20}\n){6}/.test(plain)) variants.push(plain.replaceAll("\n", " "));
  if (/(?:\b\w[ .\-_*]){6,}/.test(plain)) {
    variants.push(
      plain.replace(/\b(?:\w[ .\-_*]){3,}\w\b/g, (run) => run.replace(/[ .\-_*]/g, "")),
      joinSpaced(plain),
    );
  }
  if (/\b(?:snoitcurtsni|erongi|tpmorp|erocs|suoiverp|etaulave|gnitar)/.test(plain))
    variants.push(Array.from(plain).toReversed().join(""));
  return variants;
}

function fold(text: string): string {
  return text
    .replace(TAGS, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000))
    .replace(INVISIBLE, "")
    .normalize("NFKD")
    .replace(/(\p{Script=Latin})\p{M}+/gu, "$1")
    .normalize("NFC")
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/[“”„«»]/g, '"')
    .replace(/[\u0370-\u058f\u0250-\u02af\u1d00-\u1d7fı]+/gu, foldMixed)
    .replace(/[^\S\n]+/g, " ");
}

/** Folded letter by letter; genuine words of those alphabets lose nothing, because the patterns for them are kept beside. */
function foldMixed(run: string, offset: number, whole: string): string {
  // A run of one alphabet standing alone is a word of its language, not a disguise.
  const before = whole[offset - 1] ?? " ";
  const after = whole[offset + run.length] ?? " ";
  const mixed =
    /[a-z]/.test(before) ||
    /[a-z]/.test(after) ||
    Array.from(run).every((letter) => LOOK_ALIKES[letter] !== undefined && run.length < 4);
  return mixed ? Array.from(run, (letter) => LOOK_ALIKES[letter] ?? letter).join("") : run;
}

/** Digits of a word read as letters; what is a mark by itself stays a number. */
function readLeet(word: string): string {
  return /^(?:1|10|100|5)$/.test(word) ? word : word.replace(/[013457@$!]/g, (sign) => LEET[sign] ?? sign);
}

/** `i g n o r e   a l l` with wider gaps between words. */
function joinSpaced(text: string): string {
  return text.replace(/(?:\b\w ){3,}\w\b/g, (run) => run.replace(/(\w) (?=\w\b)/g, "$1"));
}

/** Base64, hex, percent, HTML-entity, unicode-escape and rot13 passages that decode to readable text. */
function* decodings(text: string): Generator<string> {
  for (const [match] of text.matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g)) {
    const decoded = Buffer.from(match.replaceAll("-", "+").replaceAll("_", "/"), "base64").toString("utf8");
    if (isReadable(decoded)) yield decoded;
  }
  for (const [match] of text.matchAll(/(?:\b|\\x|0x)[0-9a-fA-F]{2}(?:(?: |\\x|, ?0x)?[0-9a-fA-F]{2}){11,}/g)) {
    const decoded = Buffer.from(match.replace(/[^0-9a-fA-F]|0x(?=[0-9a-fA-F]{2})/g, ""), "hex").toString("utf8");
    if (isReadable(decoded)) yield decoded;
  }
  if (/(?:%[0-9a-fA-F]{2}.*){4}/.test(text))
    yield text.replace(/(?:%[0-9a-fA-F]{2})+/g, (part) =>
      Buffer.from(part.replaceAll("%", ""), "hex").toString("utf8"),
    );
  if (/&(?:#x?[0-9a-fA-F]+|lt|gt|quot|amp);/.test(text)) {
    yield text
      .replace(/&#(x?)([0-9a-fA-F]+);/g, (_all, hex: string, digits: string) =>
        character(Number.parseInt(digits, hex ? 16 : 10)),
      )
      .replace(/&(lt|gt|quot|amp);/g, (_all, name: string) => ({ lt: "<", gt: ">", quot: '"', amp: "&" })[name] ?? "");
  }
  if (/\\u[0-9a-fA-F]{4}/.test(text))
    yield text.replace(/\\u([0-9a-fA-F]{4})/g, (_all, digits: string) => character(Number.parseInt(digits, 16)));
  if (/\b(?:vtaber|cerivbhf|vafgehpgvbaf|cebzcg|fpber|rinyhngbe|qvfertneq)\b/i.test(text)) {
    yield text.replace(/[a-z]/gi, (letter) => {
      const base = letter <= "Z" ? 65 : 97;
      return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
    });
  }
}

function character(codePoint: number): string {
  return codePoint > 0 && codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : "";
}

function isReadable(text: string): boolean {
  const letters = text.match(/[\p{L} ]/gu)?.length ?? 0;
  return (
    text.length >= 12 && !text.includes("\uFFFD") && letters / text.length > 0.5 && !/(?![\n\t\r])\p{Cc}/u.test(text)
  );
}
