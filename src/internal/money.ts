/** US dollars: `$12.50`, and of small sums the first two digits that count, `$0.0074`. */
export function money(usd: number): string {
  if (usd === 0 || Math.abs(usd) >= 0.1) return `$${usd.toFixed(2)}`;
  return `$${usd.toLocaleString("en-US", { maximumSignificantDigits: 2, useGrouping: false })}`;
}
