/** On how much a message is, in one number that the ranks must agree on. */

/** The shape of what a rank sends whose stream is over: it agrees with any. */
export const NO_SHAPE = -1

export const agree = (one: number, other: number): boolean => one === other || one === NO_SHAPE || other === NO_SHAPE
