// HTML as a value. Whatever is put into a template is escaped, unless it is HTML already; there is
// no other way to make HTML here.

export class Html {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** @internal For `html` only. */
  static of(text: string): Html {
    return new Html(text);
  }
}

/** `undefined` and `false` leave nothing behind; a list is put together. */
export type HtmlPart = string | number | Html | readonly HtmlPart[] | undefined | false;

export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const pieces = strings.flatMap((text, at) => [text, at < parts.length ? render(parts[at]) : '']);
  return Html.of(pieces.join(''));
}

function render(part: HtmlPart): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return part.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A picture that a library of ours drew: shapes only, or it is refused. */
export function trustedSvg(svg: string, label: string): Html {
  if (!/^<svg [^<>]*>(<(rect|path) [^<>]*\/>)*<\/svg>$/.test(svg)) {
    throw new Error('the drawing holds more than shapes');
  }
  const named = html`<svg role="img" aria-label="${label}" `.text;
  return Html.of(svg.replace('<svg ', () => named));
}
