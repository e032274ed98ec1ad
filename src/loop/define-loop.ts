import type { FeedbackLoopOptions } from "./options.ts";

/** A loop as a file declares it: whoever runs the file fills in the client, and with it HTTP or in-process. */
export type LoopDeclaration<C extends object = object> = Omit<FeedbackLoopOptions<C>, "client"> &
  Partial<Pick<FeedbackLoopOptions<C>, "client">>;

/** Gives a loop file its types; returns its argument. */
export function defineLoop<C extends object = object>(declaration: LoopDeclaration<C>): LoopDeclaration {
  return declaration as unknown as LoopDeclaration;
}
