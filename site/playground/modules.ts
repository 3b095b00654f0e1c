/** What programs of the playground may import, by name. */
import * as rxjs from 'rxjs'
import * as collective from '../../collective/index.js'
import * as operators from '../../operators/index.js'
import * as rxmpi from '../../src/index.js'
import * as layout from '../../src/layout/index.js'
import * as sync from '../../src/sync/index.js'
import * as testing from './testing.js'

export const modules: Readonly<Record<string, object>> = {
  rxjs,
  rxmpi,
  'rxmpi/collective': collective,
  'rxmpi/layout': layout,
  'rxmpi/operators': operators,
  'rxmpi/sync': sync,
  'rxmpi/testing': testing
}
