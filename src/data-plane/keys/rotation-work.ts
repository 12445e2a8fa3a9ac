// The doing of a rotation that its policy's schedule asks for. A schedule that was missed, however
// often, gives one new version: the next one counts from that.
import type { DueHandler } from '../object/due-runner.ts';
import { keyObjects } from './key-objects.ts';
import type { KeyProviders } from './key-providers.ts';
import { rotateDueKey } from './key-store.ts';

export function rotationHandler(providers: KeyProviders): DueHandler {
  return async (session, entry) => {
    const rotated = await rotateDueKey({ ...session, providers }, entry.name, (transaction) =>
      keyObjects.takeDue(transaction, entry),
    );
    return rotated && { audit: 'KeyRotateIfDue', head: rotated.head };
  };
}
