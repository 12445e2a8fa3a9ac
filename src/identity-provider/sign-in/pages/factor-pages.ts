// Pages of the second factor: asking for it, registering one, and one's own list of them.
import { renderSVG } from 'uqr';
import type { AuthenticationMethods } from '#directory';
import type { Result } from '#kernel';
import { buttonForm, field, flowField, problemNote } from './forms.ts';
import { type Html, html, trustedSvg } from './html.ts';
import { renderPage } from './layout.ts';
import { passkeyForm } from './passkey-form.ts';
import { type FlowPage, frame } from './sign-in-page.ts';

export function renderSecondFactor(
  page: FlowPage & {
    readonly userName: string;
    readonly hasAuthenticator: boolean;
    /** Absent: the person has no passkey. */
    readonly passkeyOptions: string | undefined;
  },
): Result {
  const { sealed, problem, userName, hasAuthenticator, passkeyOptions } = page;
  const explains = hasAuthenticator
    ? html`<p class="lead">Enter the code that your authenticator app shows.</p>`
    : html`<p class="lead">Use your passkey. This needs a browser with JavaScript.</p>`;
  return renderPage({
    ...frame(page),
    title: 'Second step',
    script: 'passkey',
    content: html`<h1>Is it you?</h1>
${explains}
<p class="who">${userName}</p>
${problemNote(problem?.text)}
${hasAuthenticator && codeForm('/sign-in/code', sealed, { problem: problem?.text, label: 'Go on' })}
${
  passkeyOptions !== undefined &&
  passkeyForm({
    action: '/sign-in/passkey',
    kind: 'get',
    sealed,
    options: passkeyOptions,
    label: 'Use a passkey',
    isPrimary: !hasAuthenticator,
  })
}
<div class="other">${buttonForm({
      action: '/sign-in/cancel',
      sealed,
      label: 'Cancel',
      isQuiet: true,
    })}</div>`,
  });
}

function codeForm(
  action: string,
  sealed: string,
  input: { readonly problem: string | undefined; readonly label: string },
): Html {
  return html`<form method="post" action="${action}">${flowField(sealed)}
${field({
  name: 'code',
  label: 'Code',
  autocomplete: 'one-time-code',
  className: 'code',
  lengthMax: 16,
  isNumeric: true,
  isFocused: true,
  problem: input.problem,
})}
<button class="primary" type="submit">${input.label}</button></form>`;
}

export function renderAuthenticatorEnrolment(
  page: FlowPage & { readonly uri: string; readonly secret: string; readonly isDemanded: boolean },
): Result {
  const { sealed, problem, uri, secret } = page;
  const why = page.isDemanded
    ? 'What you are about to do needs a second step when you sign in.'
    : 'From then on you are asked for its code when you sign in.';
  return renderPage({
    ...frame(page),
    title: 'Set up an authenticator app',
    content: html`<h1>Set up an authenticator app</h1>
<p class="lead">${why}</p>
<p>Scan this with the app on your phone, then enter the code it shows.</p>
<div class="qr">${trustedSvg(renderSVG(uri, { border: 2 }), 'QR code for the app')}</div>
<details><summary>I cannot scan it</summary>
<p>Enter this key in the app: <code>${secret.replace(/(.{4})(?=.)/g, '$1 ')}</code></p></details>
${problemNote(problem?.text)}
${codeForm('/security-info/authenticator/confirm', sealed, {
  problem: problem?.text,
  label: 'Confirm',
})}`,
  });
}

export function renderSecurityInfo(
  page: FlowPage & {
    readonly userName: string;
    readonly methods: AuthenticationMethods;
    readonly passkeyOptions: string;
    /** What has just been done. */
    readonly notice: string | undefined;
  },
): Result {
  const { sealed, userName, methods, problem, notice } = page;
  return renderPage({
    ...frame(page),
    title: 'Your sign-in',
    isWide: true,
    script: 'passkey',
    content: html`<h1>Your sign-in</h1>
<p class="who">${userName}</p>
${problemNote(problem?.text)}
${notice !== undefined && html`<p class="done" role="status">${notice}</p>`}
<h2>Password</h2>
${buttonForm({ action: '/security-info/password', sealed, label: 'Change your password' })}
<h2>Authenticator app</h2>
${authenticatorPart(methods, sealed)}
<h2>Passkeys</h2>
${passkeyPart(methods, sealed)}
${passkeyForm({
  action: '/security-info/passkey',
  kind: 'create',
  sealed,
  options: page.passkeyOptions,
  label: 'Add a passkey',
})}
<p class="other"><a href="/common/oauth2/v2.0/logout">Sign out</a></p>`,
  });
}

function authenticatorPart({ authenticator }: AuthenticationMethods, sealed: string): Html {
  if (authenticator === undefined) {
    return html`<p class="soft">None yet. An app on your phone shows a code for each sign-in.</p>
${buttonForm({ action: '/security-info/authenticator', sealed, label: 'Set up an app' })}`;
  }
  return html`<ul class="things"><li><span>Authenticator app
<small>since ${day(authenticator.createdDateTime)}</small></span>
${buttonForm({
  action: '/security-info/authenticator/remove',
  sealed,
  label: 'Remove',
  isQuiet: true,
  values: { id: authenticator.id },
})}</li></ul>`;
}

function passkeyPart({ passkeys }: AuthenticationMethods, sealed: string): Html {
  if (passkeys.length === 0) {
    return html`<p class="soft none">None yet. A passkey lets you sign in with this device, without a
password.</p>`;
  }
  const items = passkeys.map(
    ({ id, displayName, createdDateTime }) => html`<li><span>${displayName}
<small>since ${day(createdDateTime)}</small></span>
${buttonForm({
  action: '/security-info/passkey/remove',
  sealed,
  label: 'Remove',
  isQuiet: true,
  values: { id },
})}</li>`,
  );
  return html`<ul class="things">${items}</ul>`;
}

function day(time: string): string {
  return time.slice(0, 10);
}
