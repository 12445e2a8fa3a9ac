// Stands in for the person's browser where a client opens one by itself (`xdg-open` asks $BROWSER):
// the address that the client opened is handed to the test.
import { chmodSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { temporaryDirectory } from './instance.ts';

export interface OpenedAddress {
  /** Resolves once a client has opened an address. */
  readonly address: Promise<string>;
}

/** For the next client of this process that opens a browser. */
export function expectBrowser(): OpenedAddress {
  const directory = temporaryDirectory();
  const [script, inbox] = [join(directory, 'browser'), join(directory, 'opened')];
  mkdirSync(inbox);
  const [part, whole] = [join(directory, 'part'), join(inbox, 'address')];
  writeFileSync(script, `#!/bin/sh\nprintf %s "$1" > "${part}" && mv "${part}" "${whole}"\n`);
  chmodSync(script, 0o700);
  process.env.BROWSER = script;
  const address = new Promise<string>((resolve) => {
    const watcher = watch(inbox, () => {
      watcher.close();
      resolve(readFileSync(whole, 'utf8'));
    });
  });
  return { address };
}
