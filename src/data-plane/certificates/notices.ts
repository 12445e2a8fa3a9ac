// Telling a vault's contacts of a certificate: the event first, then a mail to each of them. Whom
// the server does not take it for is tried again, later each time and a bounded number of times;
// who has it already does not get it again. That nobody tries any more is an event as well.
import type { Transaction } from '#storage';
import type { DueHandler, DueOutcome, DueSession } from '../object/due-runner.ts';
import type { DueEntry } from '../object/due-work.ts';
import { backOffSeconds } from './back-off.ts';
import {
  type CertificateHead,
  certificateObjects,
  loadNotices,
  type Notice,
  type NoticeTask,
  putParts,
} from './certificate-objects.ts';
import { loadContacts } from './contacts.ts';
import type { Mail, Mailer } from './mailer.ts';

const FIRST_RETRY_SECONDS = 300;
/** Ten tries in not quite two days. */
export const NOTICE_TRIES_MAX = 10;

/** Mail for one run of what is due. */
export interface Post {
  readonly mailer?: Mailer;
  /** A server that did not answer is left alone until the next run: other work is not to wait. */
  hasFailed: boolean;
}

export function noticeHandler(task: NoticeTask, post: Post): DueHandler {
  return async (session, entry) => {
    const current = await certificateObjects.findLive(session.view, entry.name);
    const known = current && (await loadNotices(session.view, current.uid))?.[task];
    const isBegun = known?.version === current?.current.version && known?.at === entry.at;
    if (current === undefined || known === undefined || !isBegun) {
      return await announce(session, entry, { task, post });
    }
    return await deliver(session, entry, { task, post, notice: known });
  };
}

interface Announcement {
  readonly task: NoticeTask;
  readonly post: Post;
}

function announce(
  { view, nowSeconds }: DueSession,
  entry: DueEntry,
  { task, post }: Announcement,
): Promise<DueOutcome | undefined> {
  return view.transact(async (transaction) => {
    const head = await certificateObjects.takeDue(transaction, entry);
    if (head === undefined) return undefined;
    certificateObjects.recordEvent(transaction, head, { kind: 'NearExpiry', time: nowSeconds });
    const contacts = await loadContacts(transaction);
    if (post.mailer !== undefined && contacts?.length) {
      const { version } = head.current;
      // Not the second that was just done.
      const at = nowSeconds + 1;
      const notice = { version, plannedAt: entry.at, at, told: [], failures: 0 };
      await putNotice(transaction, head, { task, notice });
    }
    return { audit: 'CertificateNearExpiryEventGridNotification', head };
  });
}

interface Delivery extends Announcement {
  readonly notice: Notice;
}

/** Each mail that was taken is written down before the next one goes out. */
async function deliver(
  session: DueSession,
  entry: DueEntry,
  { task, post, notice }: Delivery,
): Promise<DueOutcome | undefined> {
  if (post.hasFailed) return undefined;
  const head = await certificateObjects.requireLive(session.view, entry.name);
  const mail = composeMail(head, session.vault.name);
  const contacts = (await loadContacts(session.view)) ?? [];
  let sofar = notice;
  let failure: unknown;
  for (const to of new Set(contacts.map(({ email }) => email))) {
    if (sofar.told.includes(to) || post.hasFailed) continue;
    try {
      if ((await post.mailer?.send({ to, ...mail })) === 'refused') {
        failure = new Error('the mail server refused a contact of the vault');
        continue;
      }
    } catch (cause) {
      failure = cause;
      post.hasFailed = true;
      continue;
    }
    sofar = { ...sofar, told: [...sofar.told, to] };
    await keep(session, entry, { task, notice: sofar });
  }
  if (failure === undefined) return await finish(session, entry);
  return await tryLater(session, entry, { task, notice: sofar, failure });
}

interface Progress {
  readonly task: NoticeTask;
  readonly notice: Notice;
}

function keep({ view }: DueSession, entry: DueEntry, progress: Progress): Promise<unknown> {
  return view.transact(async (transaction) => {
    const head = await certificateObjects.findLive(transaction, entry.name);
    if (head?.uid === entry.uid) await putNotice(transaction, head, progress);
  });
}

function finish({ view }: DueSession, entry: DueEntry): Promise<undefined> {
  return view.transact(async (transaction) => {
    await certificateObjects.takeDue(transaction, entry);
    return undefined;
  });
}

/** Rejects with what went wrong, for the log, unless it was the last try. */
async function tryLater(
  { view, nowSeconds }: DueSession,
  entry: DueEntry,
  { task, notice, failure }: Progress & { readonly failure: unknown },
): Promise<DueOutcome | undefined> {
  const failures = notice.failures + 1;
  const isLast = failures >= NOTICE_TRIES_MAX;
  const head = await view.transact(async (transaction) => {
    const taken = await certificateObjects.takeDue(transaction, entry);
    if (taken === undefined) return undefined;
    if (isLast) {
      const event = { kind: 'ContactsNotTold', time: nowSeconds } as const;
      certificateObjects.recordEvent(transaction, taken, event);
      return taken;
    }
    const at = nowSeconds + backOffSeconds(FIRST_RETRY_SECONDS, notice.failures);
    return await putNotice(transaction, taken, { task, notice: { ...notice, at, failures } });
  });
  if (!isLast) throw failure;
  return head && { audit: 'CertificateContactsNotTold', head };
}

async function putNotice(
  transaction: Transaction,
  head: CertificateHead,
  { task, notice }: Progress,
): Promise<CertificateHead> {
  const notices = { ...(await loadNotices(transaction, head.uid)), [task]: notice };
  return await putParts(transaction, head, { notices });
}
function composeMail(head: CertificateHead, vault: string): Omit<Mail, 'to'> {
  const { exp = 0 } = head.current.attributes;
  const date = new Date(exp * 1000).toISOString().slice(0, 10);
  return {
    subject: `Certificate ${head.name} in vault ${vault} expires on ${date}`,
    text: [
      `The certificate ${head.name} in the vault ${vault} expires on ${date}.`,
      '',
      `Version: ${head.current.version}`,
      `Thumbprint: ${Buffer.from(head.current.listed.x5t ?? '', 'base64url').toString('hex')}`,
      '',
      'Please renew it. You get this mail because you are a certificate contact of the vault.',
      '',
    ].join('\n'),
  };
}
