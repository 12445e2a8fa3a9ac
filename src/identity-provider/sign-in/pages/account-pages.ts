// Pages about whose account is used: the picker, the change of a one-time password, signing out.
import type { Result } from '#kernel';
import { field, flowField, problemNote } from './forms.ts';
import { html } from './html.ts';
import { renderPage } from './layout.ts';
import { type FlowPage, frame, lead } from './sign-in-page.ts';

export interface ListedAccount {
  readonly id: string;
  readonly displayName: string;
  readonly userName: string;
}

export function renderAccountPicker(
  page: FlowPage & { readonly accounts: readonly ListedAccount[] },
): Result {
  const { sealed, application, accounts } = page;
  const choices = accounts.map(
    ({ id, displayName, userName }) => html`<li><button type="submit" name="account"
value="${id}">${displayName}<small>${userName}</small></button></li>`,
  );
  return renderPage({
    ...frame(page),
    title: 'Choose an account',
    content: html`<h1>Choose an account</h1>
${lead(application)}
<form method="post" action="/sign-in/account">${flowField(sealed)}
<ul class="accounts">${choices}
<li><button type="submit" name="account" value="">Use another account</button></li></ul>
</form>`,
  });
}

export function renderChangePassword(
  page: FlowPage & {
    readonly userName: string;
    /** Not because he has to: he may leave it. */
    readonly isOwnWish: boolean;
  },
): Result {
  const { sealed, problem, userName, isOwnWish } = page;
  const action = isOwnWish ? '/security-info/password/change' : '/sign-in/new-password';
  const shared = { type: 'password', lengthMax: 256, problem: problem?.text } as const;
  return renderPage({
    ...frame(page),
    title: 'Choose a new password',
    content: html`<h1>Choose a new password</h1>
<p class="lead">${
      isOwnWish
        ? 'Wherever else you are signed in, you will have to sign in again.'
        : 'The one you have was for the first time only.'
    }</p>
<p class="who">${userName}</p>
${problemNote(problem?.text)}
<form method="post" action="${action}">${flowField(sealed)}
<input type="text" name="userName" value="${userName}" autocomplete="username" readonly hidden>
${field({
  ...shared,
  name: 'password',
  label: 'Current password',
  autocomplete: 'current-password',
  isFocused: true,
})}
${field({
  ...shared,
  name: 'newPassword',
  label: 'New password',
  autocomplete: 'new-password',
  hint: '8 characters or more, with three of: small letters, capitals, digits, others.',
})}
${field({
  ...shared,
  name: 'repeated',
  label: 'New password, once more',
  autocomplete: 'new-password',
})}
<button class="primary" type="submit">${isOwnWish ? 'Save' : 'Save and go on'}</button>
</form>
${isOwnWish && html`<p class="other"><a href="/security-info">Cancel</a></p>`}`,
  });
}

export function renderSignOut(page: {
  readonly sealed: string;
  readonly accounts: readonly ListedAccount[];
  readonly formAction: string | undefined;
  readonly setCookie: string | undefined;
}): Result {
  const { sealed, accounts } = page;
  const names = accounts.map(({ userName }) => html`<p class="who">${userName}</p>`);
  return renderPage({
    title: 'Sign out',
    formAction: page.formAction,
    setCookie: page.setCookie,
    content: html`<h1>Sign out?</h1>
<p class="lead">This browser will forget who is signed in.</p>
${names}
<form method="post" action="/sign-out">${flowField(sealed)}
<button class="primary" type="submit">Sign out</button></form>`,
  });
}

export function renderSignedOut(setCookie: string | undefined): Result {
  return renderPage({
    title: 'Signed out',
    setCookie,
    content: html`<h1>You are signed out</h1>
<p class="lead">Close this window if others use this computer.</p>`,
  });
}

/** For an app that reads the address of the window it opened. */
export function renderNativeClient(): Result {
  return renderPage({
    title: 'Done',
    content: html`<h1>Done</h1><p class="lead">You may close this window.</p>`,
  });
}
