// What the sanitizers' runtimes need from the machine.
import { spawnSync } from 'node:child_process';

/** ThreadSanitizer can't place its shadow where the kernel randomizes addresses by too many bits: switch that off for it. */
export function withoutAslr(command) {
  const works = spawnSync('setarch', ['-R', 'true']).status === 0;
  return works ? ['setarch', '-R', ...command] : command;
}

/** Node itself has no sanitizer in it, so the runtime has to be loaded before everything else. */
export function asanEnvironment() {
  const { stdout } = spawnSync(process.env.CXX ?? 'c++', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const { stdout: ubsan } = spawnSync(process.env.CXX ?? 'c++', ['-print-file-name=libubsan.so'], { encoding: 'utf8' });
  return {
    LD_PRELOAD: `${stdout.trim()}:${ubsan.trim()}`,
    // Node frees little at its end: leaks are checked in the C++ tests instead.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
}
