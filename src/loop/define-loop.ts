import type { FeedbackLoopOptions } from "./options.ts";

/** A loop as a file declares it: whoever runs the file fills in the client, and with it HTTP or in-process. */
export type LoopDeclaration = Omit<FeedbackLoopOptions, "client"> & Partial<Pick<FeedbackLoopOptions, "client">>;

/** Gives a loop file its types; returns its argument. */
export function defineLoop(declaration: LoopDeclaration): LoopDeclaration {
  return declaration;
}
