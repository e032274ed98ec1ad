/** How a clustering agrees with known classes. */
export interface Agreement {
  /** Adjusted Rand index: 1 is the same partition, 0 what chance gives. */
  ari: number;
  /** Harmonic mean of homogeneity and completeness. */
  vMeasure: number;
  /** Share of items in the majority class of their cluster; rises with the number of clusters, so read it with `clusters`. */
  purity: number;
  clusters: number;
}

/** Compares clusters with classes; every unclustered item (`null`) counts as a cluster of its own. */
export function agreementOf(clusters: readonly (string | null)[], classes: readonly string[]): Agreement {
  const named = clusters.map((cluster, index) => cluster ?? `alone ${index}`);
  const cells = countBy(named.map((cluster, index) => JSON.stringify([cluster, classes[index]])));
  const rows = countBy(named);
  const columns = countBy(classes);
  const total = classes.length;
  const pairs = (counts: Iterable<number>): number =>
    [...counts].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const entropy = (counts: Iterable<number>): number =>
    [...counts].reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
  const [both, inRows, inColumns] = [pairs(cells.values()), pairs(rows.values()), pairs(columns.values())];
  const expected = (inRows * inColumns) / ((total * (total - 1)) / 2);
  const ari = inRows === inColumns && both === inRows ? 1 : (both - expected) / ((inRows + inColumns) / 2 - expected);
  const [joint, ofRows, ofColumns] = [entropy(cells.values()), entropy(rows.values()), entropy(columns.values())];
  const homogeneity = ofColumns === 0 ? 1 : 1 - (joint - ofRows) / ofColumns;
  const completeness = ofRows === 0 ? 1 : 1 - (joint - ofColumns) / ofRows;
  const majority = new Map<string, number>();
  for (const [cell, count] of cells) {
    const [cluster] = JSON.parse(cell) as [string];
    majority.set(cluster, Math.max(majority.get(cluster) ?? 0, count));
  }
  return {
    ari,
    vMeasure: homogeneity + completeness === 0 ? 0 : (2 * homogeneity * completeness) / (homogeneity + completeness),
    purity: [...majority.values()].reduce((sum, count) => sum + count, 0) / total,
    clusters: rows.size,
  };
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
