// What the authority does by itself: the next intermediate before the present one gets old, fresh
// revocation lists, fresh OCSP responders.
import type { View } from '#storage';
import {
  type AuthorityContext,
  isRenewalDue,
  listAuthorities,
  loadAuthority,
  renewIntermediate,
} from './authorities.ts';
import {
  type AuthorityRecord,
  type AuthoritySettings,
  paths,
  type RevocationListRecord,
} from './records.ts';
import { currentRevocationList, responderOf } from './revocation-status.ts';

const HOUR_MS = 3_600_000;
/** From here on an operator has to know. */
const URGENT_MS = 365 * 24 * HOUR_MS;
const ROOT_URGENT_MS = 2 * URGENT_MS;
const LIST_URGENT_MS = 60 * 24 * HOUR_MS;

/** Throws Error where only a person can help: the root's key is away and the end comes near. */
export async function maintainAuthority(view: View, context: AuthorityContext): Promise<void> {
  const settings = await view.get<AuthoritySettings>(paths.settings);
  if (settings === undefined) return;
  const nowMs = context.clock.now();
  const active = await loadAuthority(view, settings.active);
  const root = await loadAuthority(view, 'root');
  const isDue = isRenewalDue(active, nowMs) && active.notAfterMs < root.notAfterMs;
  if (isDue && root.key !== undefined) await renewIntermediate(view, context);
  for (const authority of await listAuthorities(view)) {
    if (authority.notAfterMs > nowMs) await refresh(view, authority, context);
  }
  if (isDue && root.key === undefined && active.notAfterMs - nowMs < URGENT_MS) {
    const end = new Date(active.notAfterMs).toISOString().slice(0, 10);
    throw new Error(
      `the issuing authority ends on ${end}: bring the root key back (strongroom ca import-root)`,
    );
  }
  await requireRootList(view, root, nowMs);
  if (root.notAfterMs - nowMs < ROOT_URGENT_MS) {
    const end = new Date(root.notAfterMs).toISOString().slice(0, 10);
    throw new Error(`the root ends on ${end}, and with it all that its intermediates issued`);
  }
}

/** Without a list of the root's that counts, strict verifiers accept nothing. */
async function requireRootList(view: View, root: AuthorityRecord, nowMs: number): Promise<void> {
  const list = await view.get<RevocationListRecord>(paths.revocationList(root.name));
  const endMs = list?.nextUpdateMs ?? 0;
  if (root.key !== undefined || endMs - nowMs > LIST_URGENT_MS) return;
  const end = new Date(endMs).toISOString().slice(0, 10);
  throw new Error(
    `the root's revocation list ends on ${end}: bring its key back (strongroom ca import-root)`,
  );
}

async function refresh(view: View, authority: AuthorityRecord, context: AuthorityContext) {
  await currentRevocationList(view, authority.name, context);
  await responderOf(view, authority, context);
}

/** As a background job of the server. */
export function authorityJob(view: View, context: AuthorityContext) {
  return {
    name: 'refresh the certificate authority',
    everyMs: HOUR_MS,
    run: (): Promise<void> => maintainAuthority(view, context),
  };
}
