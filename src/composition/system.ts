// What the program does by itself, without a caller: the grants it does that with.
import { systemGrant } from '#authorization';

export const SYSTEM_PARTITION = 'system/';

export function asSystem(partition: string) {
  return systemGrant(partition, 'Strongroom/system');
}
