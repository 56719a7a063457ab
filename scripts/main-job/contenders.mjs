import { spawn } from 'node:child_process';
import { run } from '../../dist/index.js';

/** @typedef {{ code: number | null, stdout: Buffer, stderr: Buffer }} Outcome */

async function throughLastbyte(file, args, order) {
  const running = run(file, args, { encoding: 'buffer', check: false });
  running.subprocess
    .on('stdout', () => order.output())
    .on('stderr', () => order.output())
    .on('reaped', () => order.reaped())
    .on('exit', () => order.exit());
  return running;
}

function throughChildProcess(file, args, order) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (stream) => {
      const chunks = [];
      stream.on('data', (chunk) => {
        order.output();
        chunks.push(chunk);
      });
      return chunks;
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on('error', reject);
    child.on('exit', () => order.reaped());
    child.on('close', (code) => {
      order.exit();
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    });
  });
}

/** The same job, the same checks, two ways. @type {{ name: string, start: (file, args, order) => Promise<Outcome> }[]} */
export const contenders = [
  { name: 'lastbyte', start: throughLastbyte },
  { name: 'child_process', start: throughChildProcess },
];
