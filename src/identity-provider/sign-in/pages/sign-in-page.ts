// User name and password on one page, and a passkey instead where the browser has them.
import type { Result } from '#kernel';
import { field, flowField, problemNote } from './forms.ts';
import { type Html, html } from './html.ts';
import { type Page, renderPage } from './layout.ts';
import { passkeyForm } from './passkey-form.ts';

/** What every page of a flow is given. */
export interface FlowPage extends Pick<Page, 'formAction' | 'setCookie' | 'status' | 'audit'> {
  readonly sealed: string;
  /** Name of the application that the person is on the way to. */
  readonly application: string | undefined;
  /** What was wrong with the form before: for the person, and with its number for programs. */
  readonly problem?: { readonly text: string; readonly coded: string } | undefined;
}

export function frame({ sealed: _, application: _also, problem, ...page }: FlowPage) {
  return { ...page, problem: problem?.coded };
}

export function renderSignIn(
  page: FlowPage & { readonly userName: string | undefined; readonly passkeyOptions: string },
): Result {
  const { sealed, application, problem, userName } = page;
  return renderPage({
    ...frame(page),
    title: 'Sign in',
    script: 'passkey',
    content: html`<h1>Sign in</h1>
${lead(application)}
${problemNote(problem?.text)}
<form method="post" action="/sign-in/password">${flowField(sealed)}
${field({
  name: 'userName',
  label: 'User name',
  value: userName,
  autocomplete: 'username',
  lengthMax: 256,
  isFocused: userName === undefined,
  problem: problem?.text,
})}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  lengthMax: 256,
  isFocused: userName !== undefined,
  problem: problem?.text,
})}
<button class="primary" type="submit">Sign in</button>
</form>
${passkeyForm({
  action: '/sign-in/passkey',
  kind: 'get',
  sealed,
  options: page.passkeyOptions,
  label: 'Sign in with a passkey',
})}`,
  });
}

export function lead(application: string | undefined): Html {
  if (application === undefined) return html`<p class="lead">Use your Strongroom account.</p>`;
  return html`<p class="lead">to continue to <strong>${application}</strong></p>`;
}
