/** Waits for a condition. @throws Error when it does not hold within `timeoutMs` (default 120 s) */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 120_000,
  stepMs = 5,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`the condition did not hold within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}
