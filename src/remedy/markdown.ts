/**
 * Text of any origin as inline markdown that is only text: no links, images, HTML, mentions, issue references or table
 * cells of its own. Line breaks become spaces.
 */
export function quoted(text: string, most = 400): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  const cut = line.length > most ? `${line.slice(0, most - 3)}...` : line;
  // A word joiner after @ and # keeps names and numbers from becoming notifications and references.
  return cut
    .replaceAll(/[\\`*_{}[\]<>()|!~$]/g, (mark) => `\\${mark}`)
    .replaceAll(/[@#]/g, (mark) => `${mark}\u2060`)
    .replaceAll(/(https?|www)([:.])/gi, (_match, scheme: string, mark: string) => `${scheme}\u2060${mark}`);
}
