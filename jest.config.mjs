/** Unit, marble and compliance tests run the sources in one thread; integration tests run what a user would run. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // `npm run soak` runs these, and the others that can for longer.
  testPathIgnorePatterns: ['/node_modules/', ...(process.env.RXMPI_SOAK === undefined ? ['/test/soak/'] : [])],
  transform: {
    '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }]
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 60_000
}
