/** The world of a job, for a page: there is no job, and ranks are simulated. */
const none = new Proxy(
  {},
  {
    get() {
      throw new Error('there is no COMM_WORLD here: each rank gets its communicator as an argument, export default (comm) => …')
    }
  }
)

export { none as COMM_PARENT, none as COMM_SELF, none as COMM_WORLD }

export const runtime = { begin: (): void => undefined }
