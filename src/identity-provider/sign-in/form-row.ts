// What all forms of the pages have in common as operation rows.
import { signInErrors } from '#errors';
import { z } from '#kernel';

export const formRow = {
  method: 'POST',
  versions: { required: false, accepts: () => true },
  access: { kind: 'anonymous' },
  success: 200,
  bodyFormat: 'form',
} as const;

export const formErrors = [
  signInErrors.formOutdated,
  signInErrors.formFromElsewhere,
  signInErrors.tooManyTries,
] as const;

const FLOW_MAX = 131_072;

/** `flow` is optional here so that its absence is told as what it is: not one of our forms. */
export const flowField = z.string().max(FLOW_MAX).optional();
export const text = z.string().max(256).default('');
export const credentialField = z.string().max(65_536).default('');
