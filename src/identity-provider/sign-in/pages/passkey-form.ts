// A form that the script fills: hidden without it.
import { flowField } from './forms.ts';
import { type Html, html } from './html.ts';

export function passkeyForm(input: {
  readonly action: string;
  readonly kind: 'get' | 'create';
  readonly sealed: string;
  /** JSON for `navigator.credentials`. */
  readonly options: string;
  readonly label: string;
  readonly isPrimary?: boolean;
}): Html {
  return html`<form class="other" method="post" action="${input.action}" hidden
data-passkey="${input.kind}" data-options="${input.options}">${flowField(input.sealed)}
<input type="hidden" name="credential" value="">
<p class="wrong" role="alert" data-problem hidden>That did not work. Try again, or use another
way.</p>
<button type="submit"${input.isPrimary === true && html` class="primary"`}>${input.label}</button>
</form>`;
}
