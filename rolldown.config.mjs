import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

// From what tsc made: a file for each entry, and one for what they share. Each file of a package costs its importer
// about half a millisecond, and the whole import has to stay below five.
const { exports, bin } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const inputs = (files) =>
  Object.fromEntries(
    files
      .filter((file) => file !== undefined)
      .map((file) => [file.slice('./dist/'.length, -'.js'.length), file.replace('./dist/', './.cache/js/')]),
  );

/** An import of one of Node's modules makes Node list all that it exports (node:fs: 1.5 ms). This asks for the module. */
const plainBuiltins = {
  name: 'plain-builtins',
  renderChunk: (code) =>
    code.replaceAll(/^import \{([^}]*)\} from "(node:[\w/]+)";$/gm, (_, names, module) => {
      return `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`;
    }),
};

const common = {
  platform: 'node',
  plugins: [plainBuiltins],
  // lib/native/load.ts counts on being one folder below dist/.
  output: { dir: '.cache/dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
};

export default defineConfig([
  { ...common, input: inputs(Object.values(exports).map((entry) => entry.default)) },
  // The command is a user of the package: bundled together, the two would share chunks, and an import load more files.
  {
    ...common,
    input: inputs(Object.values(bin)),
    external: /index\.js$/,
    output: { ...common.output, paths: (id) => (id.endsWith('/index.js') ? './index.js' : id) },
  },
]);
