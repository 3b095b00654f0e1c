/**
 * The arrows between the rooms of this project: who may import whom, types included. A rule's comment is what its violation prints.
 *
 * The rooms lie on floors, and imports go down:
 *
 *     testing  pool  client
 *     operators  collective (of the program's own)  npy  sync
 *     communicator
 *     intercomm
 *     file  window  viewers
 *     service
 *     collective  stream
 *     request
 *     core
 *     failure  job
 *     progress  layout
 *     transport (the interface)   codec  op  memory  diagnostics
 *     errors  constants
 *
 * beside them the transports themselves, and the launcher, which only the world and its runtime know.
 */

const forbid = (name, comment, from, to, more = {}) => ({ name, comment, severity: 'error', ...more, from, to })

/** A room may import itself and those named. */
const room = (name, path, allowed) =>
  forbid(
    `${name}-imports-downwards`,
    `${path} may import ${['itself', ...allowed].join(', ')}.`,
    { path: `^${path}/` },
    { path: '^(src|operators|testing|pool|client|bench|examples|test)/', pathNot: [`^${path}/`, ...allowed.map((other) => `^${other}`)] }
  )

const base = ['src/errors.ts', 'src/constants.ts']
const tools = [...base, 'src/diagnostics/', 'src/memory/', 'src/codec/']
const messages = [...tools, 'src/transport/transport.ts', 'src/transport/board.ts', 'src/progress/']
const requests = [...messages, 'src/failure/', 'src/core/', 'src/collective/topology/', 'src/layout/', 'src/request/']

module.exports = {
  forbidden: [
    forbid(
      'no-circles',
      'A circle of imports: within a folder only types may close one.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    ),
    forbid('no-circles-of-folders', 'Folders that import each other, types included.', {}, { circular: true }, { scope: 'folder' }),

    room('memory', 'src/memory', base),
    room('codec', 'src/codec', [...base, 'src/memory/']),
    room('diagnostics', 'src/diagnostics', [...base, 'src/codec/']),
    room('op', 'src/op', tools),
    room('layout', 'src/layout', [...tools, 'src/op/']),
    room('progress', 'src/progress', [...tools, 'src/transport/transport.ts']),
    room('failure', 'src/failure', messages),
    room('job', 'src/job', messages),
    room('core', 'src/core', [...messages, 'src/failure/', 'src/collective/topology/']),
    room('request', 'src/request', requests),
    room('stream', 'src/stream', requests),
    room('topology', 'src/collective/topology', ['src/constants.ts']),
    room('collective', 'src/collective', [...requests, 'src/op/', 'src/stream/']),
    room('service', 'src/service', [...requests, 'src/op/', 'src/stream/', 'src/collective/']),
    room('file', 'src/file', [...requests, 'src/op/', 'src/stream/', 'src/collective/', 'src/service/']),
    room('window', 'src/window', [...requests, 'src/op/', 'src/stream/', 'src/collective/', 'src/service/']),
    room('viewers', 'src/viewers', [...requests, 'src/stream/', 'src/transport/websocket/']),
    room('intercomm', 'src/intercomm', [...requests, 'src/op/', 'src/stream/', 'src/collective/']),
    room('communicator', 'src/communicator', [
      ...requests,
      'src/op/',
      'src/stream/',
      'src/collective/',
      'src/intercomm/',
      'src/service/',
      'src/file/',
      'src/window/'
    ]),
    room('npy', 'src/npy', [...tools, 'src/layout/', 'src/file/', 'src/communicator/communicator.ts']),
    room('sync', 'src/sync', [...requests, 'src/stream/', 'src/service/', 'src/communicator/communicator.ts']),
    room('operators', 'operators', [
      ...tools,
      'src/op/',
      'src/layout/',
      'src/request/',
      'src/stream/',
      'src/collective/',
      'src/file/',
      'src/viewers/internal.ts',
      'src/communicator/communicator.ts'
    ]),
    room('own collectives', 'collective', [...tools, 'src/request/', 'src/collective/', 'src/communicator/communicator.ts']),
    room('client', 'client', [
      ...base,
      'src/memory/queue.ts',
      'src/codec/',
      'src/diagnostics/option-names.ts',
      'src/stream/overflow-policy.ts',
      'src/viewers/(wire|ticket|with-credit).ts',
      'src/transport/websocket/'
    ]),
    room('pool', 'pool', [...tools, 'src/stream/', 'src/communicator/(inter)?communicator.ts', 'src/world.ts', 'src/launch/']),

    forbid(
      'matching-is-pure',
      'Matching, its queue and the frame do no I/O and know nobody above them.',
      { path: '^src/(progress/(matching|match-queue|frame)|errors|constants)\\.ts$' },
      { path: '.', pathNot: '^src/(progress/match-queue|memory/tag-table|constants|transport/transport)\\.ts$' }
    ),
    forbid(
      'a-transport-knows-segments-only',
      'A transport moves segments: beside its own directory it may know the interface, the frame, the errors, and how memory is copied and counted.',
      { path: '^src/transport/' },
      {
        path: '^(src|operators|testing|pool|client|bench|examples|test)/',
        pathNot: [
          '^src/transport/',
          '^src/(progress/frame|errors|memory/(copy|shared-buffer)|diagnostics/(debug|channels|flight-recorder))\\.ts$'
        ]
      }
    ),
    forbid(
      'transports-do-not-know-each-other',
      'What two transports share belongs in src/transport/; the router joins them.',
      { path: '^src/transport/(memory|shared|websocket)/' },
      { path: '^src/transport/[^/]+/', pathNot: '^src/transport/$1/' }
    ),
    forbid(
      'the-core-does-not-know-what-carries-it',
      'Only the world of a job, its runtime and the launcher may know a transport; the rest knows the interface. Viewers come by the same kind of socket.',
      { path: '^src/', pathNot: ['^src/transport/', '^src/launch/', '^src/runtime/', '^src/world\\.ts$', '^src/viewers/server\\.ts$'] },
      { path: '^src/transport/[^/]+/' }
    ),
    forbid(
      'only-the-world-knows-the-launcher',
      'Who a rank is, is read from the launcher in one place.',
      { path: '^src/', pathNot: ['^src/launch/', '^src/runtime/', '^src/world\\.ts$'] },
      { path: '^src/launch/' }
    ),
    forbid(
      'only-the-world-is-a-thread',
      'Who this thread is, is read in one place; others may name the types.',
      { path: '^src/', pathNot: ['^src/launch/', '^src/runtime/', '^src/transport/(shared/|websocket/serve\\.ts$)', '^src/world\\.ts$'] },
      { path: '^(node:)?worker_threads$', dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'nobody-but-a-program-imports-the-world',
      'A communicator is handed on: no module holds one as global state.',
      { path: '^(src|operators|testing)/', pathNot: ['^src/index\\.ts$', '^src/launch/rank/rank\\.ts$'] },
      { path: '^src/world\\.ts$' }
    ),
    forbid(
      'src-is-below-the-others',
      'The core imports no operator, test helper, benchmark or example.',
      { path: '^src/' },
      { path: '^(operators|testing|bench|examples|test)/' }
    ),
    forbid(
      'the-page-knows-its-model-only',
      'The page of a running job runs in a browser: it knows what it is told and how that is read, and is told over the network.',
      { path: '^src/launch/dashboard/(page|model)/' },
      { path: '^(src|operators|testing|pool|client|bench|examples|test)/', pathNot: '^src/launch/dashboard/(page|model)/' }
    ),
    forbid(
      'nobody-imports-the-page',
      'It is built apart, with the packages that it needs.',
      { path: '^src/', pathNot: '^src/launch/dashboard/page/' },
      { path: '^(src/launch/dashboard/page/|node_modules/uplot/)' }
    ),
    forbid('nobody-imports-tests', 'Tests stand outside.', { pathNot: '^test/' }, { path: '^test/' }),
    forbid('nobody-imports-the-site', 'It shows the others.', { pathNot: '^(site|test)/' }, { path: '^site/' }),
    forbid('nobody-imports-examples', 'Programs stand outside.', { pathNot: '^(examples|test)/' }, { path: '^examples/' }),

    forbid(
      'rxjs-by-its-public-entries',
      'Only what RxJS publishes is imported.',
      { path: '^(src|operators|testing)/' },
      {
        path: 'node_modules/rxjs/',
        pathNot: 'node_modules/rxjs/dist/(cjs|esm|esm5|types)/(index|operators/index|testing/index)\\.(d\\.ts|js)$'
      }
    ),
    forbid(
      'what-is-imported-is-installed',
      'An import of a package that users would not get.',
      { path: '^(src|operators|testing)/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/(rxjs|uWebSockets[.]js|koffi|uplot)/' }
    ),
    forbid('nothing-is-missing', 'An import that leads nowhere.', { path: '^(src|operators|testing)/' }, { couldNotResolve: true })
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] }
  }
}
