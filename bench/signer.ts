// The yardstick for tokens: a process that does nothing but sign with RSA-2048 and RS256, as many
// at a time as there are connections, in the same pool of threads that the product signs in.
import { generateKeyPairSync, sign } from 'node:crypto';
import process from 'node:process';
import { parse } from '#kernel';
import { SIGNING_JOB, type SigningJob } from './signing.ts';

/** About the length of the text that an access token signs. */
const SIGNED = Buffer.alloc(900, 'A');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function signOnce(): Promise<void> {
  return new Promise((resolve, reject) => {
    sign('sha256', SIGNED, privateKey, (error) => (error ? reject(error) : resolve()));
  });
}

async function run({ durationMs, lanes }: SigningJob): Promise<void> {
  const startedMs = performance.now();
  let signed = 0;
  const lane = async () => {
    while (performance.now() - startedMs < durationMs) {
      await signOnce();
      signed += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  process.send?.({ signed, elapsedMs: performance.now() - startedMs });
}

process.on('message', (message) => {
  run(parse(SIGNING_JOB, message, 'body')).catch((error: unknown) => {
    process.stderr.write(`signer: ${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
