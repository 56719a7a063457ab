// The ways to build lastbyte.node from source. Each takes the package's folder and gives commands to run in it.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { nodeApiInclude, nodeDirectory } from './headers.mjs';

export const onPath = (program) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, program)));

const jobs = () => String(Math.max(1, Math.min(4, availableParallelism())));

/** Configures and builds one CMake folder. The options are CMake's cache variables. */
export function cmakeCommands({ source, binary, output = join(binary, 'Release'), options = {}, target }) {
  const settings = { CMAKE_BUILD_TYPE: 'Release', CMAKE_LIBRARY_OUTPUT_DIRECTORY: output, ...options };
  return [
    ['cmake', '-S', source, '-B', binary, ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)],
    ['cmake', '--build', binary, '--parallel', jobs(), ...(target ? ['--target', target] : [])],
  ];
}

/** In the order of what they need: the first that can run here is taken. */
export const builders = {
  cmake: {
    needs: 'cmake, and Node with its headers beside it',
    available: () => onPath('cmake') && nodeApiInclude() !== undefined,
    commands: (folder) =>
      cmakeCommands({
        source: folder,
        binary: join(folder, 'build'),
        options: { LASTBYTE_NODE_INCLUDE: nodeApiInclude() },
        target: 'lastbyte',
      }),
  },
  'cmake-js': {
    needs: 'cmake (cmake-js brings the headers)',
    available: () => onPath('cmake'),
    commands: (folder) => [['npx', '--yes', 'cmake-js@8', 'rebuild', '--directory', folder]],
  },
  'node-gyp': {
    needs: 'python3 and make (node-gyp downloads the headers where Node has none beside it)',
    available: () => onPath('make') && (onPath('python3') || onPath('python')),
    commands: (folder) => {
      const nodedir = nodeDirectory();
      const flags = nodedir ? [`--nodedir=${nodedir}`] : [];
      return [['npx', '--yes', 'node-gyp@12', 'rebuild', '--release', '--jobs=max', '--directory', folder, ...flags]];
    },
  },
};
