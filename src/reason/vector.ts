/** Absent features are 0. */
export type SparseVector = ReadonlyMap<string, number>;

/** A vector of a text: sparse from TF-IDF, dense from an embedder. All vectors of one clustering are of one kind. */
export type Vector = SparseVector | readonly number[];

/** Cosine of two unit vectors of one kind. */
export function cosine(a: Vector, b: Vector): number {
  let sum = 0;
  if (isDense(a) && isDense(b)) {
    for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  } else if (!isDense(a) && !isDense(b)) {
    const [small, large] = a.size <= b.size ? [a, b] : [b, a];
    for (const [feature, value] of small) sum += value * (large.get(feature) ?? 0);
  }
  return sum;
}

/** The unit vector in the middle of weighted vectors; dense ones need not be of unit length. */
export function centre(vectors: readonly Vector[], weights: readonly number[]): Vector {
  const [first] = vectors;
  if (first !== undefined && isDense(first)) {
    const sum = first.map((_value, at) =>
      vectors.reduce((total, vector, i) => total + (isDense(vector) ? (vector[at] ?? 0) : 0) * (weights[i] ?? 0), 0),
    );
    const norm = Math.hypot(...sum) || 1;
    return sum.map((value) => value / norm);
  }
  const sum = new Map<string, number>();
  for (const [i, vector] of vectors.entries()) {
    if (!isDense(vector))
      for (const [feature, value] of vector) sum.set(feature, (sum.get(feature) ?? 0) + value * (weights[i] ?? 0));
  }
  const norm = Math.sqrt([...sum.values()].reduce((total, value) => total + value * value, 0)) || 1;
  for (const [feature, value] of sum) sum.set(feature, value / norm);
  return sum;
}

/** Cosines of every pair of unit vectors, row by row. Sparse ones meet through the features they share, not pair by pair. */
export function cosineMatrix(vectors: readonly Vector[]): Float32Array {
  const count = vectors.length;
  const matrix = new Float32Array(count * count);
  const holders = new Map<string, { item: number; value: number }[]>();
  for (const [item, vector] of vectors.entries()) {
    const row = matrix.subarray(item * count, (item + 1) * count);
    row[item] = 1;
    if (isDense(vector)) {
      for (let other = 0; other < item; other++) row[other] = cosine(vector, vectors[other] as Vector);
    } else {
      for (const [feature, value] of vector) {
        const seen = holders.get(feature) ?? [];
        for (const holder of seen) row[holder.item] = (row[holder.item] ?? 0) + value * holder.value;
        seen.push({ item, value });
        holders.set(feature, seen);
      }
    }
    for (let other = 0; other < item; other++) matrix[other * count + item] = row[other] ?? 0;
  }
  return matrix;
}

function isDense(vector: Vector): vector is readonly number[] {
  return Array.isArray(vector);
}
