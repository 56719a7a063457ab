import { defineConfig } from 'vitest/config';

// Tests import the built package by its own name. `npm test` builds first and says which addon each project loads.
const withHooks = ['test/faults/**/*.test.ts', 'test/property/**/*.test.ts'];
const stress = ['test/stress/**/*.test.ts'];
const packaging = ['test/packaging/**/*.test.ts'];
// Tests about the tree itself, which no addon can change.
const tree = ['test/architecture/**/*.test.ts'];
const everything = ['test/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    retry: 0,
    maxWorkers: 2,
    testTimeout: 30_000,
    // The product runs as Node would run it, not through vitest's transform.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      { extends: true, test: { name: 'unit', include: everything, exclude: [...withHooks, ...stress, ...packaging] } },
      { extends: true, test: { name: 'faults', include: withHooks } },
      { extends: true, test: { name: 'stress', include: stress, testTimeout: 120_000 } },
      {
        extends: true,
        test: {
          name: 'asan',
          include: everything,
          exclude: [...stress, ...packaging, ...tree],
          setupFiles: ['test/support/asan-setup.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'packaging',
          include: packaging,
          globalSetup: ['test/packaging/support/global-setup.ts'],
          testTimeout: 300_000,
        },
      },
    ],
  },
});
