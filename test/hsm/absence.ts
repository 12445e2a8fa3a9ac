// A token that goes away while it is in use, and comes back: nobody restarts anything.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openTokenProvider, sign, TokenError, type TokenProvider, verify } from '#cryptography';
import { ManualClock } from '#kernel';
import type { HsmCase, HsmPlace } from './suite.ts';

const DIGEST = createHash('sha256').update('what is signed').digest();
const WAIT_MS_MAX = 30_000;
const EC = { kty: 'EC', crv: 'P-256' } as const;

export function absenceCases({ hsm, token, pin }: HsmPlace): readonly HsmCase[] {
  const clock = new ManualClock();
  const access = { module: hsm.module, label: token, pin };
  let opened: Promise<TokenProvider> | undefined;
  const provider = () => {
    opened ??= openTokenProvider({ access, clock });
    return opened;
  };
  return [
    {
      name: 'absence: a token that was away for a moment is used on, and no caller notices',
      run: async () => {
        const key = await (await provider()).make(EC);
        const saved = (await provider()).save(key);
        hsm.takeAway();
        hsm.bringBack();
        await requireUse(await provider(), saved);
        await Promise.all(Array.from({ length: 40 }, async () => (await provider()).make(EC)));
      },
    },
    {
      name: 'absence: while it is away every call says so, and it is used when it is back',
      run: async () => {
        const keys = await provider();
        const saved = keys.save(await keys.make(EC));
        clock.advance(WAIT_MS_MAX);
        hsm.takeAway();
        try {
          await Promise.all(
            Array.from({ length: 40 }, () => assert.rejects(keys.make(EC), absent)),
          );
          await assert.rejects(requireUse(keys, saved), absent);
          clock.advance(WAIT_MS_MAX);
          await assert.rejects(requireUse(keys, saved), absent);
        } finally {
          hsm.bringBack();
        }
        await assert.rejects(requireUse(keys, saved), absent);
        clock.advance(WAIT_MS_MAX);
        await requireUse(keys, saved);
      },
    },
    {
      name: 'absence: coming and going under load loses no key and no process',
      run: async () => {
        const keys = await provider();
        const saved = keys.save(await keys.make(EC));
        for (let round = 0; round < 10; round += 1) {
          clock.advance(WAIT_MS_MAX);
          const work = Array.from({ length: 30 }, (_, index) =>
            index % 2 === 0 ? keys.make(EC) : requireUse(keys, saved),
          );
          hsm.takeAway();
          const more = Array.from({ length: 10 }, () => keys.make(EC));
          const settled = await Promise.allSettled([...work, ...more]);
          hsm.bringBack();
          for (const one of settled) if (one.status === 'rejected') absent(one.reason);
        }
        clock.advance(WAIT_MS_MAX);
        await requireUse(keys, saved);
        await keys.close();
      },
    },
  ];
}

async function requireUse(provider: TokenProvider, saved: Uint8Array): Promise<void> {
  const key = await provider.open(saved);
  const signature = await sign({ key, algorithm: 'ES256', digest: DIGEST });
  assert.ok(await verify({ key, algorithm: 'ES256', digest: DIGEST, signature }));
}

function absent(error: unknown): boolean {
  assert.ok(error instanceof TokenError, String(error));
  assert.equal(error.code, 'unavailable', error.message);
  return true;
}
