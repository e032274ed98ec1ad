/** Between two readings of one time in different formats. */
const ROUNDING_MICROS = 1_000;

/**
 * The condition under which a head tells the row `ledger` anything new. Times of one clock are compared. Where a trace was
 * judged as a platform told of it, and its store tells of it now, it is news if it arrived after that; the other way round, if
 * it ends later than it did. Rows without a clock were written before it was recorded.
 *
 * @param head SQL name of the row that holds the head
 */
export function ledgerNews(head: string): string {
  return `((ledger.root_end_at is null and ${head}.root_end_at is not null) or case
    when ledger.clock is null or ledger.clock = ${head}.clock then ${head}.changed_at > ledger.changed_at
    when ${head}.clock = 'store' then ${head}.changed_at > ledger.updated_at
    else ${head}.root_end_at > ledger.root_end_at + ${ROUNDING_MICROS} end)`;
}
