/** Whether a program gave a feedback: LangSmith's source type `model`, which loops, judges and evaluators write. */
export function isByProgram(sourceType: string | null | undefined): boolean {
  return sourceType === "model";
}
