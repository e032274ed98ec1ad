/**
 * Gives a function that runs tasks of one key one after the other, whatever became of the one before; tasks of different
 * keys do not wait for each other.
 */
export function taskQueues(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<void>>();
  return (key, task) => {
    const next = (last.get(key) ?? Promise.resolve()).then(task);
    const settled = next.then(
      () => undefined,
      () => undefined,
    );
    last.set(key, settled);
    void settled.then(() => last.get(key) === settled && last.delete(key));
    return next;
  };
}
