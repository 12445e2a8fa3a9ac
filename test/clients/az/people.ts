// People sign in to az: by a device code, and in the browser that az opens, to which it wants the
// answer posted (`response_mode=form_post`).
import { ok, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { z } from '#kernel';
import type { Child } from '#test/kit/children.ts';
import { FormBrowser, instanceNetwork } from '#test/kit/form-browser.ts';
import { expectBrowser } from '#test/kit/opened-address.ts';
import { Person } from '#test/kit/person.ts';
import type { ClientCase, Place } from '../suite.ts';
import { otherUser } from './login.ts';
import type { Az } from './shell.ts';

const PRINTED_MS_MAX = 60_000;
const ME = z.object({ userPrincipalName: z.string() });

export function personCases(az: Az, place: Place): ClientCase[] {
  return [
    { name: 'login of a person by device code', run: () => signInByDeviceCode(az, place) },
    { name: 'login of a person in the browser', run: () => signInByBrowser(az, place) },
  ];
}

async function newReader(az: Az, { instance }: Place, name: string): Promise<Person> {
  const person = await Person.create(instance, name);
  const scope = `/subscriptions/${instance.subscriptionId}`;
  const who = ['--assignee-object-id', person.objectId, '--assignee-principal-type', 'User'];
  await az.do('role', 'assignment', 'create', ...who, '--role', 'Reader', '--scope', scope);
  return person;
}

async function signInByDeviceCode(az: Az, place: Place): Promise<void> {
  const person = await newReader(az, place, 'azdevice');
  const other = await otherUser(place);
  const login = other.start('login', '--use-device-code');
  const [, page = '', userCode = ''] = await untilPrinted(
    login,
    /open the page (\S+) and enter the code (\w+)/,
  );
  const browser = new FormBrowser(instanceNetwork(place.instance));
  await browser.open(page);
  await browser.submit('/sign-in/device', { userCode });
  await enterPassword(browser, person);
  await browser.submit('/sign-in/device/confirm', { answer: 'yes' });
  await expectSignedIn(login, other, person);
}

async function signInByBrowser(az: Az, place: Place): Promise<void> {
  const person = await newReader(az, place, 'azbrowser');
  const other = await otherUser(place);
  const opened = expectBrowser();
  const login = other.start('login');
  const browser = new FormBrowser(instanceNetwork(place.instance));
  await browser.open(await opened.address);
  await enterPassword(browser, person);
  const [form] = browser.forms();
  ok(form, 'the answer is a form');
  const answer = await fetch(form.action, {
    method: 'POST',
    body: new URLSearchParams(form.fields),
  });
  strictEqual(answer.status, 200);
  await expectSignedIn(login, other, person);
}

async function enterPassword(browser: FormBrowser, person: Person): Promise<void> {
  const { userName, password } = person;
  await browser.submit('/sign-in/password', { userName, password });
}

async function expectSignedIn(login: Child, az: Az, person: Person): Promise<void> {
  const { code } = await login.exit;
  strictEqual(code, 0, login.stderr());
  const me = await az.read(ME, 'ad', 'signed-in-user', 'show');
  strictEqual(me.userPrincipalName, person.userName);
}

async function untilPrinted(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  const signal = AbortSignal.timeout(PRINTED_MS_MAX);
  for (;;) {
    const found = pattern.exec(child.stderr());
    if (found !== null) return found;
    const stream = child.process.stderr;
    if (stream === null) throw new Error('az has no standard error');
    await once(stream, 'data', { signal });
  }
}
