export interface RetentionStore {
  /** Bytes the project's traces take, about: payloads, attachments and a flat share a span. */
  projectBytes(params: { projectId: string }): Promise<number>;
  /**
   * Deletes the project's oldest traces: those that started before `startBefore`, or as many as are needed to free
   * `freeBytes`. One call deletes at most `limitSpans` spans and returns what it freed; call it again until it returns
   * zero, and everybody else gets their turn in between. Traces with a span that waits for review are kept. The space is
   * used again by what comes next; the file does not shrink.
   */
  traceDeleteOldest(params: {
    projectId: string;
    startBefore?: number;
    freeBytes?: number;
    limitSpans: number;
  }): Promise<{ spans: number; bytes: number }>;
}
