/** The last work queued, by key. */
const waiting = new Map<string, Promise<unknown>>();

/** Does work after all earlier work of the same key in this process has ended or failed: for files that are read, changed and written back. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const turn = (waiting.get(key) ?? Promise.resolve()).catch(() => {}).then(work);
  waiting.set(key, turn);
  try {
    return await turn;
  } finally {
    if (waiting.get(key) === turn) waiting.delete(key);
  }
}
