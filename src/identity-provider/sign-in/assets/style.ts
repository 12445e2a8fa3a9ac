// The pages' one stylesheet. Quiet: one column, one thing to do, colours that keep their contrast
// (WCAG AA and better) by day and by night. No fonts, no pictures from anywhere.
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f3ef;
  --card: #fffefb;
  --ink: #1c2024;
  --soft: #5a6169;
  --line: #d9d6cd;
  --field: #ffffff;
  --field-line: #858b92;
  --accent: #1f4d78;
  --accent-ink: #ffffff;
  --accent-hover: #163a5c;
  --wrong: #a3201d;
  --wrong-ground: #fdf0ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a;
    --card: #1d2125;
    --ink: #eceef0;
    --soft: #a9b1b9;
    --line: #343a40;
    --field: #14171a;
    --field-line: #7c858e;
    --accent: #8fbce6;
    --accent-ink: #10202f;
    --accent-hover: #b0d1f0;
    --wrong: #ffb0a8;
    --wrong-ground: #3a1d1b;
  }
}
* { box-sizing: border-box; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  padding: 2rem 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main {
  width: 100%;
  max-width: 27rem;
  padding: 2.25rem 2.25rem 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / 4%), 0 12px 32px -16px rgb(0 0 0 / 12%);
}
main.wide { max-width: 38rem; }
.brand {
  display: flex;
  align-items: center;
  gap: 0.6rem;
  margin: 0 0 1.75rem;
  color: var(--accent);
  font-weight: 600;
  letter-spacing: 0.01em;
}
.brand svg { width: 1.6rem; height: 1.6rem; }
h1 {
  margin: 0 0 0.5rem;
  font-size: 1.5rem;
  line-height: 1.25;
  font-weight: 600;
  letter-spacing: -0.01em;
}
h2 { margin: 2rem 0 0.5rem; font-size: 1.05rem; font-weight: 600; }
p { margin: 0 0 1rem; }
p.lead, .soft { color: var(--soft); }
.who { color: var(--soft); margin-bottom: 1.25rem; overflow-wrap: anywhere; }
strong { font-weight: 600; overflow-wrap: anywhere; }
form { margin: 0; }
label { display: block; margin: 0 0 0.35rem; font-weight: 500; }
.field { margin: 0 0 1.1rem; }
.hint { display: block; margin-top: 0.3rem; color: var(--soft); font-size: 0.9rem; }
input[type="text"], input[type="email"], input[type="password"] {
  width: 100%;
  min-height: 2.9rem;
  padding: 0.55rem 0.8rem;
  border: 1px solid var(--field-line);
  border-radius: 0.45rem;
  background: var(--field);
  color: var(--ink);
  font: inherit;
}
input.code {
  font-size: 1.35rem;
  letter-spacing: 0.25em;
  font-variant-numeric: tabular-nums;
}
input.user-code { text-transform: uppercase; letter-spacing: 0.15em; }
.check { display: flex; gap: 0.6rem; align-items: flex-start; margin: 0 0 1.1rem; }
.check input { width: 1.15rem; height: 1.15rem; margin: 0.2rem 0 0; accent-color: var(--accent); }
.check label { margin: 0; font-weight: 400; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.5rem; }
.buttons > * { flex: 1 1 9rem; }
button {
  width: 100%;
  min-height: 2.9rem;
  padding: 0.55rem 1.1rem;
  border: 1px solid var(--field-line);
  border-radius: 0.45rem;
  background: transparent;
  color: var(--ink);
  font: inherit;
  font-weight: 500;
  cursor: pointer;
}
button:hover { border-color: var(--ink); }
button.primary {
  border-color: var(--accent);
  background: var(--accent);
  color: var(--accent-ink);
}
button.primary:hover { border-color: var(--accent-hover); background: var(--accent-hover); }
button.quiet {
  width: auto;
  min-height: 2.25rem;
  padding: 0.25rem 0.1rem;
  border: 0;
  color: var(--accent);
  text-decoration: underline;
  text-underline-offset: 0.2em;
}
a { color: var(--accent); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.other { margin-top: 1.25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.none + .other, .things + .other { margin-top: 0; padding-top: 0; border-top: 0; }
.done { margin: 0 0 1.25rem; font-weight: 500; }
.wrong {
  margin: 0 0 1.25rem;
  padding: 0.7rem 0.9rem;
  border-left: 3px solid var(--wrong);
  border-radius: 0 0.35rem 0.35rem 0;
  background: var(--wrong-ground);
  color: var(--wrong);
}
ul.accounts, ul.things { list-style: none; margin: 0 0 1rem; padding: 0; }
ul.accounts button {
  display: block;
  margin-bottom: 0.6rem;
  padding: 0.7rem 0.9rem;
  text-align: left;
  line-height: 1.35;
}
ul.accounts small {
  display: block;
  color: var(--soft);
  font-size: 0.9rem;
  font-weight: 400;
  overflow-wrap: anywhere;
}
ul.things li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.25rem 1rem;
  padding: 0.7rem 0;
  border-bottom: 1px solid var(--line);
}
ul.things small { display: block; color: var(--soft); }
ul.scopes { margin: 0 0 1.25rem; padding-left: 1.2rem; }
ul.scopes li { margin-bottom: 0.4rem; }
.qr {
  width: 13rem;
  height: 13rem;
  margin: 0 auto 1.25rem;
  padding: 0.6rem;
  border-radius: 0.5rem;
  background: #ffffff;
}
.qr svg { display: block; width: 100%; height: 100%; }
code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  font-size: 0.95rem;
  overflow-wrap: anywhere;
}
details { margin: 0 0 1.25rem; }
summary { cursor: pointer; color: var(--accent); }
footer {
  margin-top: 1.5rem;
  color: var(--soft);
  font-size: 0.875rem;
  overflow-wrap: anywhere;
  text-align: center;
}
[hidden] { display: none; }
@media (max-width: 30rem) {
  body { justify-content: flex-start; padding: 0; background: var(--card); }
  main { padding: 1.75rem 1.25rem; border: 0; border-radius: 0; box-shadow: none; }
  footer { padding: 0 1.25rem 1.5rem; margin-top: auto; }
}
`;
