/** What a communicator's messages are of: its contexts, from its id on. */
export const MESSAGES = 0
export const COLLECTIVES = 1
/** What collectives say beside their data. */
export const CONTROL = 2
export const CHANNELS = 3

/** Contexts of a communicator. */
export const CONTEXTS = 4
