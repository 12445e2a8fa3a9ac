// Parts that several pages have: a field, the sealed flow, what went wrong, who one is.
import { type Html, html } from './html.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password' | 'email';
  readonly value?: string | undefined;
  readonly autocomplete: string;
  readonly isFocused?: boolean;
  readonly hint?: string;
  readonly className?: string;
  readonly lengthMax: number;
  readonly isNumeric?: boolean;
  readonly problem?: string | undefined;
}

export function field(input: Field): Html {
  const { name, label, type = 'text', value, hint, problem, className } = input;
  const described = [hint && `${name}-hint`, problem && 'problem'].filter(Boolean).join(' ');
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${input.autocomplete}" required
maxlength="${input.lengthMax}" spellcheck="false" autocapitalize="none"
${value !== undefined && html`value="${value}"`}
${className !== undefined && html`class="${className}"`}
${input.isNumeric === true && html`inputmode="numeric"`}
${input.isFocused === true && html`autofocus`}
${problem !== undefined && html`aria-invalid="true"`}
${described !== '' && html`aria-describedby="${described}"`}>
${hint !== undefined && html`<span class="hint" id="${name}-hint">${hint}</span>`}
</div>`;
}

export function problemNote(problem: string | undefined): Html {
  if (problem === undefined) return html``;
  return html`<p class="wrong" id="problem" role="alert">${problem}</p>`;
}

export function flowField(sealed: string): Html {
  return html`<input type="hidden" name="flow" value="${sealed}">`;
}

/** One button that is a form of its own. */
export function buttonForm(input: {
  readonly action: string;
  readonly sealed: string;
  readonly label: string;
  readonly isQuiet?: boolean;
  readonly values?: Readonly<Record<string, string>>;
}): Html {
  const hidden = Object.entries(input.values ?? {}).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="${input.action}">${flowField(input.sealed)}${hidden}
<button type="submit"${input.isQuiet === true && html` class="quiet"`}>${input.label}</button>
</form>`;
}
