// A password in the forms that files want it. No password and an empty one look alike to people but
// not to files: exporters disagree on it, so both are tried.

export interface PasswordForm {
  /** For PBES2. */
  readonly utf8: Buffer;
  /** For PKCS#12's own derivation: UTF-16, big-endian, with a zero at its end. */
  readonly utf16: Buffer;
}

export function passwordForms(password: string | undefined): readonly PasswordForm[] {
  if (password === undefined || password === '') {
    const utf8 = Buffer.alloc(0);
    return [
      { utf8, utf16: Buffer.alloc(2) },
      { utf8, utf16: Buffer.alloc(0) },
    ];
  }
  const utf16 = Buffer.from(`${password}\0`, 'utf16le').swap16();
  return [{ utf8: Buffer.from(password), utf16 }];
}
