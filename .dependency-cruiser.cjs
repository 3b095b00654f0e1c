/**
 * The arrows between the rooms of this project: who may import whom. A rule's comment is what its violation prints.
 * "Type-only" imports leave no trace at run time, so they may close a circle.
 */

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    forbid(
      'no-circles',
      'A circle of imports: only types may close one.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    ),

    forbid(
      'a-transport-knows-segments-only',
      'A transport moves segments: beside its own directory it may know the interface, the frame, the errors and how to copy.',
      { path: '^src/transport/' },
      { path: '^(src|operators|testing|bench|examples|test)/', pathNot: ['^src/transport/', '^src/(frame|errors|copy)\\.ts$'] }
    ),
    forbid(
      'transports-do-not-know-each-other',
      'What two transports share belongs in src/transport/.',
      { path: '^src/transport/([^/]+)/' },
      { path: '^src/transport/[^/]+/', pathNot: '^src/transport/$1/' }
    ),
    forbid(
      'the-core-does-not-know-what-carries-it',
      'Only the world of a job, the launcher and what looks after a rank of a job may know a transport; the rest knows the interface.',
      { path: '^src/', pathNot: ['^src/transport/', '^src/launch/', '^src/(world|liveness)\\.ts$'] },
      { path: '^src/transport/[^/]+/' }
    ),
    forbid(
      'matching-is-pure',
      'Matching, the queue and the frame do no I/O and know nobody above them.',
      { path: '^src/(matching|fifo|frame|errors|constants)\\.ts$' },
      { path: '.', pathNot: '^src/(fifo|constants|transport/transport)\\.ts$' }
    ),
    forbid(
      'topologies-are-values',
      'Who sends to whom follows from rank, size and root alone.',
      { path: '^src/topology/' },
      { path: '.', pathNot: '^src/topology/' }
    ),
    forbid(
      'the-codec-stands-alone',
      'What is sent becomes bytes without knowing where they go.',
      { path: '^src/codec/' },
      { path: '^(src|operators|testing)/', pathNot: ['^src/codec/', '^src/(errors|copy)\\.ts$'] }
    ),
    forbid(
      'only-the-world-knows-the-launcher',
      'Who a rank is, is read from the launcher in one place.',
      { path: '^src/', pathNot: ['^src/launch/', '^src/(world|liveness)\\.ts$'] },
      { path: '^src/launch/' }
    ),
    forbid(
      'only-the-world-is-a-thread',
      'Who this thread is, is read in one place; others may name the types.',
      { path: '^src/', pathNot: ['^src/launch/', '^src/transport/(shared/|websocket/serve\\.ts$)', '^src/world\\.ts$'] },
      { path: '^(node:)?worker_threads$', dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'nobody-but-a-program-imports-the-world',
      'A communicator is handed on: no module holds one as global state.',
      { path: '^(src|operators|testing)/', pathNot: ['^src/index\\.ts$', '^src/launch/rank\\.ts$'] },
      { path: '^src/world\\.ts$' }
    ),

    forbid(
      'src-is-below-the-others',
      'The core imports no operator, test helper, benchmark or example; only the methods of a communicator name collectives.',
      { path: '^src/', pathNot: '^src/(collectives|derive)\\.ts$' },
      { path: '^(operators|testing|bench|examples|test)/' }
    ),
    forbid(
      'operators-are-written-on-channels',
      'A collective knows communicators, its links, kinds of data, ops, errors and topologies, and nothing below.',
      { path: '^operators/' },
      {
        path: '^(src|testing|bench|examples|test)/',
        pathNot:
          '^src/((communicator|collectives|request|op|errors|constants|channel|arguments|copy|scratch|incoming|receive)\\.ts$|(topology|collective|codec|channel)/)'
      }
    ),
    forbid(
      'a-pool-is-a-program',
      'A pool stands on streams as operators do, and on the launcher where it starts ranks.',
      { path: '^pool/' },
      {
        path: '^(src|operators|testing|bench|examples|test)/',
        pathNot: '^src/((communicator|errors|channel|world)\\.ts$|launch/)'
      }
    ),
    forbid('nobody-imports-tests', 'Tests stand outside.', { pathNot: '^test/' }, { path: '^test/' }),
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
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/rxjs/' }
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
