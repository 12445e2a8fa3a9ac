// Keys as objects in a vault's records.
import { ObjectStore } from '../object/object-store.ts';
import { type KeyContent, type KeyListed, keyKind } from './key.ts';
import { planKeyDue } from './rotation-record.ts';

export const keyObjects = new ObjectStore<KeyListed, KeyContent>(keyKind, planKeyDue);
