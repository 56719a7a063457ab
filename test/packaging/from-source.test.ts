import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { compiledSources, exportsOf, listedSources, productExports } from './support/addon.js';
import { runNode, runProgram } from './support/commands.js';
import { installedIn, pathWith } from './support/folders.js';

const noPython = () => pathWith((program) => !/python|^py/.test(program));
const noCMake = () => pathWith((program) => !/^c?cmake/.test(program));
const noTools = () => pathWith((program) => ['node', 'sh', 'env'].includes(program));

/** The package as a platform gets it that has no binary in it. */
function installedWithoutBinary() {
  const installed = installedIn(inject('tarball'), process.env.PATH ?? '');
  rmSync(join(installed.packageFolder, 'prebuilds'), { recursive: true });
  return installed;
}

/** Imports the package in a new Node: 'loaded', or the error. */
function importIn(folder: string): 'loaded' | { name: string; code: string; message: string } {
  const source = `
    import('lastbyte/engine').then(({ execute }) => execute({ file: 'true' }, {})).then(
      () => console.log('"loaded"'),
      ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })),
    );`;
  return JSON.parse(runNode(source, folder).stdout);
}

/** The command that the error's message gives: its one indented line. */
function commandIn(folder: string): string {
  const error = importIn(folder);
  if (error === 'loaded') throw new Error('a binary was found');
  expect(error).toMatchObject({ name: 'NoBinaryError', code: 'ERR_LASTBYTE_NO_BINARY' });
  expect(error.message).toContain(`lastbyte has no binary for ${process.platform}-${process.arch}`);
  if (process.platform === 'linux') expect(error.message).toMatch(/\((glibc [\d.]+|musl)\)/);
  const [command, ...others] = error.message.split('\n').filter((line) => line.startsWith('    '));
  expect(others).toEqual([]);
  return command ?? '';
}

function expectSameAddon(packageFolder: string) {
  expect(compiledSources(packageFolder)).toEqual(listedSources);
  expect(exportsOf(packageFolder)).toBe(productExports());
}

describe('where there is no binary for the platform', () => {
  test.each([
    { tool: 'cmake', without: 'Python', path: noPython },
    { tool: 'node-gyp', without: 'cmake', path: noCMake },
  ])('import says so, and the one command of its message builds it with $tool where there is no $without', (how) => {
    const { folder, packageFolder } = installedWithoutBinary();
    const built = runProgram('sh', ['-c', commandIn(folder)], { cwd: folder, path: how.path() });
    expect(built.status, built.output).toBe(0);
    expect(built.output).toContain(`${how.tool}: `);
    expect(importIn(folder)).toBe('loaded');
    expectSameAddon(packageFolder);
  });

  test('cmake-js builds the same addon, with no Python on the PATH', () => {
    const { packageFolder, folder } = installedWithoutBinary();
    const path = noPython();
    expect(runProgram('sh', ['-c', 'command -v python3 python'], { cwd: folder, path }).stdout).toBe('');
    const script = join(packageFolder, 'scripts/build-addon.mjs');
    const built = runProgram(process.execPath, [script, '--with=cmake-js'], { cwd: folder, path });
    expect(built.status, built.output).toBe(0);
    expectSameAddon(packageFolder);
  });

  test('a binary that cannot be loaded is no crash but the same error', () => {
    const { folder, packageFolder } = installedWithoutBinary();
    const prebuilds = join(packageFolder, `prebuilds/${process.platform}-${process.arch}`);
    runProgram('sh', ['-c', `mkdir -p ${prebuilds} && echo broken > ${prebuilds}/lastbyte.glibc.node`], {
      cwd: folder,
    });
    expect(importIn(folder)).toMatchObject({
      code: 'ERR_LASTBYTE_NO_BINARY',
      message: expect.stringMatching(/^lastbyte's binary can't be loaded \(.*lastbyte\.glibc\.node.*\) for /),
    });
  });

  test('the command says what is missing where nothing can build it', () => {
    const { folder, packageFolder } = installedWithoutBinary();
    const script = join(packageFolder, 'scripts/build-addon.mjs');
    const built = runProgram('node', [script], { cwd: folder, path: noTools() });
    expect(built.status).toBe(1);
    expect(built.output).toMatch(/C\+\+20 compiler and one of\n {2}cmake: .*\n {2}cmake-js: .*\n {2}node-gyp: /);
  });
});
