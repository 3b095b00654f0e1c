/** Unit, marble and compliance tests run the sources in one thread; integration tests run what a user would run. */
export default {
  testEnvironment: 'node',
  // `npm run soak` runs test/soak, and of others more than any other run.
  testMatch: ['<rootDir>/test/**/*.test.ts', ...(process.env.RXMPI_SOAK === undefined ? ['!**/test/soak/**'] : [])],
  transform: {
    '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }]
  },
  modulePathIgnorePatterns: ['<rootDir>/test/nodes/\\d+/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // A bound for what hangs, not for what is slow: the machine may be busy with something else.
  testTimeout: 240_000
}
