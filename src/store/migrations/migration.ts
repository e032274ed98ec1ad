/** Column types by database, so that one migration text serves all. */
export interface ColumnTypes {
  /** 64-bit integer. */
  int: string;
  real: string;
  text: string;
  bytes: string;
}

/** Numbered, append-only: a released migration is never edited. */
export interface Migration {
  /** `0001-initial`, ...; sorted by name. */
  name: string;
  statements(types: ColumnTypes): string[];
}
