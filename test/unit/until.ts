/** How long a test waits for what has to come. */
export const PATIENCE_MS = 20_000

/** Waits until that is so; fails when it takes too long. */
export async function until(done: () => boolean): Promise<void> {
  const start = performance.now()
  while (!done()) {
    if (performance.now() - start > PATIENCE_MS) throw new Error('nothing comes any more')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
