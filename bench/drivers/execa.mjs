export default {
  name: 'execa',
  label: 'execa 9, this Node',
  runtime: 'node',
  module: new URL('../node_modules/execa/index.js', import.meta.url),
  async load() {
    const { execa } = await import('execa');
    const options = { stdin: 'ignore', encoding: 'buffer', stripFinalNewline: false };

    async function collect(file, args) {
      const { exitCode, stdout } = await execa(file, args, options);
      return { code: exitCode, bytes: stdout.length };
    }

    async function drain(file, args) {
      const child = execa(file, args, { ...options, buffer: false });
      let bytes = 0;
      child.stdout.on('data', (chunk) => {
        bytes += chunk.length;
      });
      child.stderr.resume();
      return { code: (await child).exitCode, bytes };
    }

    async function hold(file, args) {
      const child = execa(file, args, { ...options, reject: false });
      await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject));
      return { exited: child, kill: () => child.kill('SIGKILL') };
    }

    return { collect, drain, hold };
  },
};
