/** The collectives as operators; they come with the collectives themselves. */
export {}
