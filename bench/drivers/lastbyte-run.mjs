const module = new URL('../../dist/index.js', import.meta.url);

export default {
  name: 'lastbyte-run',
  label: 'lastbyte `run`',
  runtime: 'node',
  module,
  async load() {
    const { run } = await import(module.href);
    return {
      async collect(file, args) {
        const { code, stdout } = await run(file, args, { encoding: 'buffer' });
        return { code, bytes: stdout.length };
      },
    };
  },
};
