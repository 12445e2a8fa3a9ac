// Builds the optional native addon (native/*.c) into build/ by calling the C compiler directly.
// Never fails a start: without a compiler, without headers or after an error it says so in one line
// and returns, and the program uses what node:crypto offers.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = join(ROOT, 'native');
const COMPILE_MS_MAX = 60_000;

const FLAGS = [
  '-std=c11',
  '-O2',
  '-fPIC',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-Wall',
  '-Wextra',
];

// `now`: a Node that lacks one of the OpenSSL functions must refuse the addon when it is loaded,
// not crash at the first call.
const LINK_FLAGS = {
  linux: ['-shared', '-Wl,-z,now', '-Wl,-z,relro', '-Wl,-z,noexecstack'],
  darwin: ['-dynamiclib', '-undefined', 'dynamic_lookup', '-Wl,-bind_at_load'],
};

/**
 * Builds if sources, flags or platform changed since the last build.
 * @param {{ directory?: string, flags?: readonly string[] }} [options]
 *   `directory`: where to build, by default build/; `flags`: more compiler flags.
 * @returns {string | undefined} path of the addon; undefined: none, and the reason was printed
 */
export function buildNative(options = {}) {
  try {
    return build(options);
  } catch (error) {
    // A read-only checkout, for example.
    return void say(`not built (${error.message}); using node:crypto`);
  }
}

function say(text) {
  console.error(`native addon: ${text}`);
}

function build({ directory = join(ROOT, 'build'), flags = [] }) {
  const link = LINK_FLAGS[process.platform];
  const headers = findHeaders();
  if (link === undefined) return void say(`not built on ${process.platform}; using node:crypto`);
  if (headers === undefined) return void say('Node’s headers are not here; using node:crypto');

  const sources = readdirSync(SOURCES).filter((name) => /\.[ch]$/.test(name));
  const parameters = [...FLAGS, ...flags, ...link, `-I${headers}`];
  const name = `strongroom-${fingerprint(sources, parameters)}.node`;
  const output = join(directory, name);
  if (existsSync(output) && currentName(directory) === name) return output;

  mkdirSync(directory, { recursive: true });
  const unfinished = `${output}.${process.pid}`;
  const files = sources.filter((source) => source.endsWith('.c')).map((c) => join(SOURCES, c));
  const compiler = process.env.CC ?? 'cc';
  const { error, status, stderr } = spawnSync(
    compiler,
    [...parameters, '-o', unfinished, ...files],
    {
      encoding: 'utf8',
      timeout: COMPILE_MS_MAX,
    },
  );
  if (error !== undefined || status !== 0) {
    rmSync(unfinished, { force: true });
    // Rather none than one made from older sources.
    rmSync(join(directory, 'native.cjs'), { force: true });
    const reason = error?.message ?? stderr.split('\n').find((line) => line.includes('error'));
    return void say(`not built (${reason ?? `status ${status}`}); using node:crypto`);
  }
  // Renames, so that a start at the same moment sees either all or nothing.
  renameSync(unfinished, output);
  writeFileSync(`${output}.cjs`, `module.exports = require('./${name}');\n`);
  renameSync(`${output}.cjs`, join(directory, 'native.cjs'));
  removeOthers(directory, name);
  say(`built ${name}`);
  return output;
}

/** The headers that came with the running node: N-API's and OpenSSL's. */
function findHeaders() {
  const headers = join(dirname(process.execPath), '..', 'include', 'node');
  const needed = ['node_api.h', 'openssl/evp.h'];
  return needed.every((file) => existsSync(join(headers, file))) ? headers : undefined;
}

function fingerprint(sources, parameters) {
  const { napi, openssl } = process.versions;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([napi, openssl, process.platform, process.arch, parameters]));
  for (const source of sources) hash.update(source).update(readFileSync(join(SOURCES, source)));
  return hash.digest('hex').slice(0, 16);
}

function currentName(directory) {
  const pointer = join(directory, 'native.cjs');
  if (!existsSync(pointer)) return undefined;
  return /strongroom-[0-9a-f]{16}\.node/.exec(readFileSync(pointer, 'utf8'))?.[0];
}

function removeOthers(directory, name) {
  for (const other of readdirSync(directory)) {
    if (/^strongroom-[0-9a-f]{16}\.node$/.test(other) && other !== name) {
      rmSync(join(directory, other), { force: true });
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildNative();
