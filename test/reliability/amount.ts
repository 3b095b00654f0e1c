/** `npm run soak` does the same for longer: the figures are in docs/reference/reliability.md. */
export const SOAK = process.env.RXMPI_SOAK !== undefined
/** How much of something: in every run of the tests, and in the soak. */
export const amount = (everyRun: number, soak: number): number => (SOAK ? soak : everyRun)
/** For what the soak takes longer than any test may otherwise. */
export const LIMIT_MS = amount(60_000, 2 * 3_600_000)
