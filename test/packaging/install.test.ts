import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { repository, runNode, runProgram } from './support/commands.js';
import { installedIn, pathWith } from './support/folders.js';

/** No compiler, no make, no Python: what is left is what an image without tools has. */
const bare = () => pathWith((program) => ['node', 'npm', 'npx', 'sh', 'env'].includes(program));

const useIt = `
  const { stdout, code } = await run('echo', ['it works']);
  console.log(JSON.stringify({ stdout, code }));
`;

describe('the packed tarball', () => {
  test('holds the binary, the sources to build from, and nothing of the tests', () => {
    const { stdout } = runProgram('tar', ['-tzf', inject('tarball')], { cwd: '/' });
    const files = stdout.trim().split('\n');
    expect(files.filter((file) => file.includes('/prebuilds/'))).toHaveLength(1);
    for (const file of ['dist/index.js', 'dist/engine.d.ts', 'binding.gyp', 'CMakeLists.txt', 'native/sources.json']) {
      expect(files).toContain(`package/${file}`);
    }
    expect(
      files.filter((file) => /_test\.cc|\/test\/|\/build\/|node_modules|\.ts$/.test(file.replace(/\.d\.ts$/, ''))),
    ).toEqual([]);
  });

  test('works after a plain npm install with no compiler on the PATH and no install script', () => {
    const { folder, output } = installedIn(inject('tarball'), bare());
    expect(output).not.toMatch(/script|gyp|warn/i);

    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    expect(Object.keys(lock.packages)).toContain('node_modules/lastbyte');
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript)).toEqual([]);

    const imported = runNode(`import { run } from 'lastbyte'; ${useIt}`, folder);
    expect(imported).toMatchObject({ status: 0, stdout: '{"stdout":"it works\\n","code":0}\n' });
    const required = runNode(`const { run } = require('lastbyte'); (async () => { ${useIt} })();`, folder, 'commonjs');
    expect(required).toMatchObject({ status: 0, stdout: '{"stdout":"it works\\n","code":0}\n' });

    const command = runProgram('npx', ['lastbyte', 'run', '--', 'echo', 'from the command'], { cwd: folder });
    expect(command).toMatchObject({ status: 0, stdout: 'from the command\n' });
  });
});

describe('the types', () => {
  test('are whole for a strict user of the package', () => {
    const { folder } = installedIn(inject('tarball'), bare());
    writeFileSync(
      join(folder, 'user.mts'),
      `import { run, spawn, type ExitInfo } from 'lastbyte';
       import { execute } from 'lastbyte/engine';
       const info: ExitInfo = await spawn('true').wait();
       const text: string = (await run('true')).stdout;
       execute({ file: 'true' }, { onExit: () => console.log(info, text) });`,
    );
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const places = ['--typeRoots', join(repository, 'node_modules/@types')];
    const checked = runProgram(join(repository, 'node_modules/.bin/tsc'), [...flags, ...places, 'user.mts'], {
      cwd: folder,
    });
    expect(checked.status, checked.output).toBe(0);
  });
});

describe('the prebuilt binary', () => {
  const binary = () => {
    const folder = join(repository, `prebuilds/${process.platform}-${process.arch}`);
    const [file] = readdirSync(folder);
    return join(folder, file ?? '');
  };

  test('is named for its C library and has 500 KB at most', () => {
    expect(binary()).toMatch(/lastbyte\.(glibc|musl)\.node$/);
    expect(statSync(binary()).size).toBeLessThanOrEqual(500_000);
  });

  test('exports nothing but its entry, so that two versions in one process share nothing', () => {
    const { stdout } = runProgram('nm', ['-D', '--defined-only', binary()], { cwd: '/' });
    const symbols = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(symbols.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
});
