// The root key's source, as configured.
import type { SealChoice } from '#config';
import { environmentSeal, keyFileSeal, passphraseSeal, type Seal } from '#storage';
import { readSecretLine } from './files.ts';

export function chooseSeal(choice: SealChoice): Seal {
  switch (choice.kind) {
    case 'key-file':
      return keyFileSeal(choice.path);
    case 'passphrase':
      return passphraseSeal(readSecretLine(choice.path));
    case 'environment':
      return environmentSeal(choice.read());
  }
}
