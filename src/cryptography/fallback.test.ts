// The same tests once more without the native addon, whether or not it is built.
import { selectImplementation } from './engine/implementation.ts';

selectImplementation('fallback');
await import('./engine/aes-gcm.test.ts');
await import('./sign.test.ts');
await import('./encrypt.test.ts');
