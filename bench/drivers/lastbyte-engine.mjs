const module = new URL('../../dist/engine.js', import.meta.url);

export default {
  name: 'lastbyte-engine',
  label: 'lastbyte `engine`',
  runtime: 'node',
  module,
  async load() {
    const { execute } = await import(module.href);

    const collect = (file, args) =>
      new Promise((resolve, reject) => {
        let bytes = 0;
        execute(
          { file, args },
          {
            onStartFailed: reject,
            onStdout: (chunk) => {
              bytes += chunk.length;
            },
            onExit: (info) => resolve({ code: info.code, bytes }),
          },
        );
      });

    // What a host does that pushes gigabytes through: it gives each chunk's memory back when it is done with it.
    const drain = (file, args) =>
      new Promise((resolve, reject) => {
        let bytes = 0;
        const execution = execute(
          { file, args },
          {
            onStartFailed: reject,
            onStdout: (chunk) => {
              bytes += chunk.length;
              execution.release(chunk);
            },
            onExit: (info) => resolve({ code: info.code, bytes }),
          },
        );
      });

    const hold = (file, args) =>
      new Promise((resolve, reject) => {
        let ended;
        const exited = new Promise((settle) => {
          ended = settle;
        });
        const execution = execute(
          { file, args },
          {
            onStartFailed: reject,
            onStarted: () => resolve({ exited, kill: () => execution.kill('SIGKILL') }),
            onExit: ended,
          },
        );
      });

    return { collect, drain, hold };
  },
};
