// Every check of `npm test`, in its order. Each gives { passed, failed, note }.
import { native } from './native.mjs';
import { lint, types } from './tools.mjs';
import { project } from './vitest.mjs';

const minute = 60_000;

export const checks = {
  lint: { title: 'format and lint', run: lint },
  types: { title: 'types', run: types },
  unit: { title: 'tests', run: project('unit', { limitMs: 3 * minute }) },
  'native-plain': { title: 'C++ tests', run: native('faults') },
  'native-asan': { title: 'C++ tests, ASan + UBSan', run: native('asan') },
  'native-tsan': { title: 'C++ tests, TSan', run: native('tsan') },
  faults: { title: 'fault and property tests', run: project('faults', { build: 'faults' }) },
  asan: { title: 'the suite on an ASan addon', run: project('asan', { build: 'asan' }) },
  stress: { title: 'stress tests', run: project('stress', { limitMs: 5 * minute }) },
  packaging: { title: 'packaging', run: project('packaging', { limitMs: 8 * minute }) },
};

/** 'native' stands for native-plain, native-asan and native-tsan. */
export const namesFor = (word) => Object.keys(checks).filter((name) => name === word || name.startsWith(`${word}-`));
