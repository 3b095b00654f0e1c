/** The first word of the memory by which a rank sleeps: 1 while it does. */
export const ASLEEP = 0

/** Wakes the rank if it sleeps. */
export function wake(bell: Int32Array): void {
  if (Atomics.load(bell, ASLEEP) === 1 && Atomics.compareExchange(bell, ASLEEP, 1, 0) === 1) Atomics.notify(bell, ASLEEP)
}
