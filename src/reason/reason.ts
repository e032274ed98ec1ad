/** Why a trace failed, as somebody or something put it: an evaluator's comment, an error, a reviewer's note. */
export interface Reason {
  /** The trace, or whatever else the reason is about. */
  id: string;
  text: string;
}

/** Turns texts into vectors of one length, for example with an embedding model. Plug-in; the default is TF-IDF. */
export type Embedder = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;

/** Names a cluster from what it holds, for example with a language model. Plug-in; the default joins its telling terms. */
export type Namer = (cluster: { terms: readonly string[]; examples: readonly string[] }) => Promise<string>;

/** Reasons that say the same thing. */
export interface ReasonCluster {
  /** Stays the same from one clustering to the next while the cluster keeps most of its members or its centre. */
  id: string;
  /** A short name: the template where all members share one, else its most telling terms. */
  label: string;
  /** Words over-represented against the other clusters, most telling first. */
  terms: string[];
  /** The most typical reasons, at most three. */
  examples: string[];
  /** Ids of its reasons. */
  members: string[];
}
