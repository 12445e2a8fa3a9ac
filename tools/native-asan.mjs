// Runs the cryptography tests on a native addon with AddressSanitizer and
// UndefinedBehaviorSanitizer: `node tools/native-asan.mjs`. Not part of the tests, because it needs
// the compiler's sanitizer libraries. Works in a copy of what it needs: an addon like this one
// kills a process that was not started for it.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLAGS = ['-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined'];
const NEEDED = ['package.json', 'src/kernel', 'src/cryptography', 'test/vectors'];
const TESTS = ['native-addon', 'vectors', 'engine', 'aes-gcm', 'sign', 'encrypt', 'implementation'];

/** The compiler's own copy of a sanitizer: it must be loaded before node. */
function findLibrary(name) {
  const { stdout } = spawnSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const path = stdout?.trim() ?? '';
  return path !== name && existsSync(path) ? path : undefined;
}

function runTests(directory, libraries) {
  for (const path of NEEDED) cpSync(join(ROOT, path), join(directory, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  if (buildNative({ directory: join(directory, 'build'), flags: FLAGS }) === undefined) return 1;
  const environment = {
    ...process.env,
    LD_PRELOAD: libraries.join(':'),
    // Node itself frees little when it ends, so leak reports would be all noise.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
  const files = globSync(`src/cryptography/**/{${TESTS.join(',')}}.test.ts`, { cwd: directory });
  const options = { cwd: directory, env: environment, stdio: 'inherit' };
  return spawnSync(process.execPath, ['--test', ...files], options).status ?? 1;
}

function main() {
  const libraries = ['libasan.so', 'libubsan.so'].map(findLibrary);
  if (libraries.includes(undefined)) {
    console.error('no sanitizer libraries beside cc: nothing was run');
    return 0;
  }
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-asan-'));
  try {
    return runTests(directory, libraries);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exit(main());
