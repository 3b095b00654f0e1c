/** What operators know of viewers. */

export { Hub, hubOf, type PublishPolicy } from './hub.js'
export { checkViewers, openViewers, type TicketOptions, VIEWERS, Viewers, type ViewersOptions } from './viewers.js'
export { MAX_NAME } from './wire.js'
