/** A markdown code block that holds any text, in which nothing is markdown: its fence is longer than any inside. */
export function codeBlock(text: string): string {
  const fence = "`".repeat(Math.max(3, longestBackticks(text) + 1));
  return `${fence}text\n${text}\n${fence}`;
}

/** Length of the longest run of backticks. */
export function longestBackticks(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
