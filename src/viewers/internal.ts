/** What operators know of viewers. */

export { Hub, hubOf, type PublishPolicy } from './hub.js'
export { checkViewers, openViewers, VIEWERS, Viewers, type ViewersOptions, type ViewerTicketOptions } from './viewers.js'
export { MAX_NAME } from './wire.js'
