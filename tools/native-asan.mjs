// Builds the native addon with AddressSanitizer and UndefinedBehaviorSanitizer and runs the
// cryptography tests on it: `npm run native:asan`, or `node tools/native-asan.mjs`. Not part of the
// tests, because it takes a minute and needs the sanitizers' libraries. The ordinary addon is put back
// afterwards.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLAGS = ['-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined'];
const TESTS = ['native-addon', 'vectors', 'engine', 'aes-gcm', 'sign', 'encrypt'];

/** The compiler's own copy of a sanitizer: it must be loaded before node. */
function findLibrary(name) {
  const { stdout } = spawnSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const path = stdout?.trim() ?? '';
  return existsSync(path) && path !== name ? path : undefined;
}

function main() {
  const libraries = ['libasan.so', 'libubsan.so'].map(findLibrary);
  if (libraries.includes(undefined)) {
    console.error('no sanitizer libraries beside cc: nothing was run');
    return 0;
  }
  if (buildNative({ flags: FLAGS }) === undefined) return 1;
  try {
    const files = globSync(`src/cryptography/{${TESTS.join(',')}}.test.ts`, { cwd: ROOT });
    const environment = {
      ...process.env,
      LD_PRELOAD: libraries.join(':'),
      // Node itself frees little when it ends, so leak reports would be all noise.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    };
    const { status } = spawnSync(process.execPath, ['--test', ...files], {
      cwd: ROOT,
      env: environment,
      stdio: 'inherit',
    });
    return status ?? 1;
  } finally {
    buildNative();
  }
}

process.exit(main());
