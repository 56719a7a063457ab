// A copy of the engine and its C++ tests, in which one thing at a time is broken, built and tried.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cmakeCommands } from '../addon/builders.mjs';
import { withoutAslr } from '../checks/sanitizers.mjs';
import { cache, inRoot } from '../lib/paths.mjs';
import { mustRun, run } from '../lib/run.mjs';

const shop = join(cache, 'mutants');
const tree = join(shop, 'tree');
const builds = {
  plain: { CMAKE_BUILD_TYPE: 'Debug' },
  asan: { LASTBYTE_SANITIZE: 'address,undefined' },
  tsan: { LASTBYTE_SANITIZE: 'thread' },
};
/** How long a test waits for something before it says that it never happens, in seconds. */
const patience = '6';
const programLimitMs = 90_000;

export const programs = () =>
  readdirSync(join(tree, 'native/test'))
    .filter((file) => file.endsWith('_test.cc'))
    .map((file) => file.slice(0, -'.cc'.length));

const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile())
    : [];

function same(file, other) {
  return existsSync(other) && readFileSync(file).equals(readFileSync(other));
}

/**
 * Only what differs is copied, and is new then. A copy with the original's time would be older than what was compiled
 * while a mutant stood in its place, and make would keep that.
 */
function copyInto(from, to) {
  const wanted = filesIn(from);
  for (const path of filesIn(to).filter((path) => !wanted.includes(path))) rmSync(join(to, path));
  for (const path of wanted.filter((path) => !same(join(from, path), join(to, path)))) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), readFileSync(join(from, path)));
  }
}

export function openWorkshop() {
  mkdirSync(tree, { recursive: true });
  for (const folder of ['native', 'scripts/addon']) copyInto(inRoot(folder), join(tree, folder));
  const lists = 'CMakeLists.txt';
  if (!same(inRoot(lists), join(tree, lists))) copyFileSync(inRoot(lists), join(tree, lists));
}

const commandsFor = (build) =>
  cmakeCommands({
    source: tree,
    binary: join(shop, build),
    options: { LASTBYTE_ADDON: 'OFF', LASTBYTE_TESTS: 'ON', LASTBYTE_FAULT_HOOKS: 'ON', ...builds[build] },
  });

export async function configure(build) {
  await mustRun(commandsFor(build)[0], { log: `mutants-${build}` });
}

export const compile = (build) => run(commandsFor(build)[1], { log: `mutants-${build}` });

/** The text of a file with the mutant in it, and a way back. */
export function mutate({ file, from, to, name }) {
  const path = join(tree, file);
  const text = readFileSync(path, 'utf8');
  const places = text.split(from).length - 1;
  if (places !== 1) throw new Error(`'${name}': its text stands ${places} times in ${file}, not once`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  return () => writeFileSync(path, text);
}

/** What a test leaves behind when it stops in its middle: all processes of its session. */
function endSession(session) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (Number(fields[3]) === session) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has gone meanwhile.
    }
  }
}

/** @returns {Promise<string | undefined>} what turned red, undefined where all was green. */
async function tryProgram(build, program) {
  const report = join(shop, `${program}.xml`);
  rmSync(report, { force: true });
  const command = [join(shop, build, 'test', program), '--reporters=xml', `--out=${report}`, '--abort-after=1'];
  const [file, ...args] = build === 'tsan' ? withoutAslr(command) : command;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore'],
    env: {
      ...process.env,
      LASTBYTE_TEST_PATIENCE: patience,
      ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1',
      UBSAN_OPTIONS: 'halt_on_error=1',
      TSAN_OPTIONS: 'halt_on_error=1',
    },
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endSession(child.pid);
  }, programLimitMs);
  const how = await new Promise((settle) => {
    child.on('error', (error) => settle(error.message));
    child.on('close', (code, signal) => settle(signal ?? code));
  });
  clearTimeout(timer);
  endSession(child.pid);
  if (how === 0) return undefined;
  const xml = readReport(report);
  const cases = xml.split('<TestCase name="').slice(1);
  const red = cases.find((text) => /success="false"|<Exception|<FatalConditi/.test(text)) ?? cases.at(-1) ?? '"';
  const what = late ? 'no end' : build !== 'plain' && how !== 1 ? build : typeof how === 'string' ? how : '';
  return `\`${program}\`: ${plainText(red.slice(0, red.indexOf('"')))}${what ? ` (${what})` : ''}`;
}

function readReport(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const plainText = (text) =>
  text
    .replaceAll('&apos;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** The first test that turns red. Programs that caught many so far go first: most mutants die soon. */
export async function judge(build, order) {
  for (const program of order) {
    const red = await tryProgram(build, program);
    if (red) return { program, red };
  }
  return undefined;
}
