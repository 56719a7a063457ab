import { readFileSync } from 'node:fs';
import os from 'node:os';
import { runtimeVersion } from './runtimes.mjs';

function firstMatch(file, pattern) {
  try {
    return readFileSync(file, 'utf8').match(pattern)?.[1];
  } catch {
    return undefined;
  }
}

/** What the figures depend on, in the order of the report. */
export function describeMachine(command, rounds) {
  process.report.excludeNetwork = true;
  const versions = { 'Node, newest': 'node-newest', Bun: 'bun', Deno: 'deno' };
  const facts = {
    CPU: os.cpus()[0].model.trim(),
    Cores: String(os.availableParallelism()),
    Memory: `${Math.round(os.totalmem() / 1024 ** 3)} GiB`,
    Kernel: `${os.type()} ${os.release()}`,
    glibc: process.report.getReport().header.glibcVersionRuntime,
    'Transparent huge pages': firstMatch('/sys/kernel/mm/transparent_hugepage/enabled', /\[(\w+)\]/),
    'Load average at the start': os
      .loadavg()
      .map((load) => load.toFixed(2))
      .join(', '),
    'Node, this': `${process.version.slice(1)} (libuv ${process.versions.uv})`,
    ...Object.fromEntries(Object.entries(versions).map(([label, runtime]) => [label, runtimeVersion(runtime)])),
    Rounds: String(rounds),
    Date: new Date().toISOString().slice(0, 10),
    Command: `\`${command}\``,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
