// Compiles pkcs11js, the binding to PKCS#11 modules, where its own install script would put it:
// npm is told to run no scripts, and nobody without an HSM needs it. Needs a C++ compiler; does
// nothing if it is built. The exit code says whether it is there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../node_modules/pkcs11js', import.meta.url));
const OUTPUT = join(PACKAGE, 'build/Release/pkcs11.node');
/** The sources that its binding.gyp names; they include the others. */
const SOURCES = ['src/dl.cpp', 'src/common.cpp', 'src/main.cpp'];
const COMPILE_MS_MAX = 120_000;

const LINK_FLAGS = {
  linux: ['-shared', '-Wl,-z,relro', '-Wl,-z,now', '-ldl'],
  darwin: ['-dynamiclib', '-undefined', 'dynamic_lookup'],
};

/** @returns {boolean} whether the binding is there; if not, the reason was printed */
export function buildPkcs11() {
  if (existsSync(OUTPUT)) return true;
  const link = LINK_FLAGS[process.platform];
  const headers = join(dirname(process.execPath), '..', 'include', 'node');
  if (!existsSync(PACKAGE)) return say('pkcs11js is not installed');
  if (link === undefined) return say(`not built on ${process.platform}`);
  if (!existsSync(join(headers, 'node_api.h'))) return say('Node’s headers are not here');
  mkdirSync(dirname(OUTPUT), { recursive: true });
  const unfinished = `${OUTPUT}.${process.pid}`;
  const { error, status, stderr } = spawnSync(
    process.env.CXX ?? 'c++',
    [
      ...['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong'],
      ...['-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_GYP_MODULE_NAME=pkcs11'],
      ...[`-I${headers}`, `-I${join(PACKAGE, 'includes')}`, '-o', unfinished],
      ...SOURCES.map((source) => join(PACKAGE, source)),
      ...link,
    ],
    { encoding: 'utf8', timeout: COMPILE_MS_MAX },
  );
  if (error !== undefined || status !== 0) {
    rmSync(unfinished, { force: true });
    const reason = error?.message ?? stderr.split('\n').find((line) => line.includes('error'));
    return say(`not built (${reason ?? `status ${status}`})`);
  }
  // A rename, so that a start at the same moment sees either all or nothing.
  renameSync(unfinished, OUTPUT);
  console.error('PKCS#11 binding: built');
  return true;
}

function say(text) {
  console.error(`PKCS#11 binding: ${text}`);
  return false;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = buildPkcs11() ? 0 : 1;
