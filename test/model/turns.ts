/** Lets the event loop turn so many times. */
export const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await new Promise((resolve) => setImmediate(resolve))
}
