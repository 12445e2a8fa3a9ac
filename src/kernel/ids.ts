// Identifiers: GUIDs for directory and resource objects, 32 hex digits for object versions.
import { randomBytes, randomUUID } from 'node:crypto';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function newGuid(): string {
  return randomUUID();
}

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** A Key Vault object version: 32 lower-case hex digits. */
export function newVersion(): string {
  return randomBytes(16).toString('hex');
}
