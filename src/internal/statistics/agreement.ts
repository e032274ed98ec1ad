/** Two raters' yes/no judgements of the same items, counted: what the first says against what the second says. */
export interface Confusion {
  /** Both say yes. */
  truePositives: number;
  /** Only the rater under test says yes. */
  falsePositives: number;
  /** Only the reference says yes. */
  falseNegatives: number;
  /** Both say no. */
  trueNegatives: number;
}

/** Counts pairs of `[rater under test, reference]`. */
export function confusionOf(pairs: readonly (readonly [boolean, boolean])[]): Confusion {
  const count = (said: boolean, truth: boolean): number => pairs.filter(([a, b]) => a === said && b === truth).length;
  return {
    truePositives: count(true, true),
    falsePositives: count(true, false),
    falseNegatives: count(false, true),
    trueNegatives: count(false, false),
  };
}

export interface Kappa {
  /** 1 is perfect agreement, 0 what chance gives. `NaN` when both raters always say the same one thing. */
  kappa: number;
  /** 95% interval at the default `z`. */
  low: number;
  high: number;
}

/**
 * Cohen's kappa (Educational and Psychological Measurement 1960) with the large-sample standard error of Fleiss, Cohen
 * and Everitt (Psychological Bulletin 1969), which holds away from kappa = 0 too.
 */
export function cohenKappa(confusion: Confusion, z = 1.959963984540054): Kappa {
  const { truePositives: a, falsePositives: b, falseNegatives: c, trueNegatives: d } = confusion;
  const n = a + b + c + d;
  const observed = (a + d) / n;
  const [testYes, referenceYes] = [(a + b) / n, (a + c) / n];
  const chance = testYes * referenceYes + (1 - testYes) * (1 - referenceYes);
  const kappa = (observed - chance) / (1 - chance);
  const cell = (count: number, row: number, column: number): number =>
    (count / n) * (1 - (row + column) * (1 - kappa)) ** 2;
  const agreeing = cell(a, testYes, referenceYes) + cell(d, 1 - testYes, 1 - referenceYes);
  // Off-diagonal cells weigh by the margins crosswise.
  const differing =
    (1 - kappa) ** 2 * ((b / n) * (referenceYes + 1 - testYes) ** 2 + (c / n) * (1 - referenceYes + testYes) ** 2);
  const variance = (agreeing + differing - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2);
  const half = z * Math.sqrt(Math.max(0, variance));
  return { kappa, low: Math.max(-1, kappa - half), high: Math.min(1, kappa + half) };
}

/**
 * Matthews' correlation coefficient (Biochimica et Biophysica Acta 1975): 1 perfect, 0 chance, -1 always wrong; unlike
 * accuracy it does not flatter a rater that always says the commoner thing. 0 when one rater says only one thing.
 */
export function matthewsCorrelation(confusion: Confusion): number {
  const { truePositives: a, falsePositives: b, falseNegatives: c, trueNegatives: d } = confusion;
  const scale = Math.sqrt((a + b) * (a + c) * (d + b) * (d + c));
  return scale === 0 ? 0 : (a * d - b * c) / scale;
}
