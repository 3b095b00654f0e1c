import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Real data, from a package; found from this file and not the current directory, from where the job may be started anywhere. */
export const dataFolder = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data')
