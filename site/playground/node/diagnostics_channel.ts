/** `node:diagnostics_channel` for a browser: nobody listens there. */
export const channel = () => ({ hasSubscribers: false, publish: (): void => undefined })
