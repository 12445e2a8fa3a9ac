import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadAsn1, toDer } from './asn1.ts';
import { decodeName, encodeName, parseSubject, renderSubject } from './distinguished-name.ts';
import { X509Error } from './x509-error.ts';

const asn1 = await loadAsn1();
const roundTrip = (text: string) => renderSubject(decodeName(encodeName(asn1, parseSubject(text))));

test('a subject is shown as Key Vault shows it, most specific part first', () => {
  for (const [text, shown] of [
    ['CN=contoso.com', 'CN=contoso.com'],
    ['cn=MyCert', 'CN=MyCert'],
    ['CN = a , O = b;C=us', 'CN=a, O=b, C=us'],
    ['CN="Contoso, Ltd."', 'CN="Contoso, Ltd."'],
    ['CN=Contoso\\, Ltd.', 'CN="Contoso, Ltd."'],
    ['CN="a ""b"" c"', 'CN="a ""b"" c"'],
    ['CN=Z\\C3\\BCrich', 'CN=Zürich'],
    ['CN=\\ a\\ ', 'CN=" a "'],
    ['CN=a\\\\b', 'CN="a\\\\b"'],
    ['ST=WA, EMAIL=a@b.example', 'S=WA, E=a@b.example'],
    ['OID.1.2.3.4=x, 2.5.4.3=y', 'OID.1.2.3.4=x, CN=y'],
    ['', ''],
    ['   ', ''],
  ] as const) {
    assert.equal(roundTrip(text), shown);
    assert.equal(roundTrip(shown), shown);
  }
});

test('the certificate holds the name in reverse, countries printable and the rest UTF-8', () => {
  const der = toDer(asn1, encodeName(asn1, parseSubject('CN=a, O=ö, C=CH'))).toString('hex');
  const country = '310b3009060355040613024348';
  const organization = '310b3009060355040a0c02c3b6';
  const common = '310a300806035504030c0161';
  assert.equal(der, `3026${country}${organization}${common}`);
});

test('parts of one relative name are sorted, as DER has it', () => {
  const one = toDer(asn1, encodeName(asn1, parseSubject('CN=a+OU=b')));
  const other = toDer(asn1, encodeName(asn1, parseSubject('OU=b+CN=a')));
  assert.ok(one.equals(other));
});

test('what is no X.500 name is refused', () => {
  for (const text of [
    'Self',
    'CN',
    'CN=',
    '=a',
    'CN=a,',
    'CN=a,,O=b',
    'CN=a,b',
    'XX=a',
    'CN="a',
    'CN="a"b',
    'CN=a"b',
    'CN=a\\',
    'CN=a\\zb',
    'CN=\\C3',
    'CN=#0401ff',
    'CN=a\nb',
    'CN=a\0b',
    'CN=a\ud800',
    'C=USA',
    'C=1!',
    'E=ä@b.example',
    'SERIALNUMBER=a_b',
    '3.1.2=a',
    '1.2.03=a',
    `CN=${'a'.repeat(65)}`,
    `O=${'é'.repeat(65)}`,
    `CN=${'a'.repeat(3000)}`,
    Array.from({ length: 65 }, () => 'OU=a').join(),
  ]) {
    assert.throws(() => parseSubject(text), X509Error, JSON.stringify(text));
  }
});

test('upper bounds count letters, not bytes', () => {
  assert.equal(parseSubject(`CN=${'é'.repeat(64)}`).length, 1);
  assert.equal(parseSubject(`CN=${'𝕏'.repeat(64)}`).length, 1);
});

test('every value that is allowed comes back unchanged', () => {
  const value = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are refused.
    .filter((text) => [...text].length <= 64 && !/[\u0000-\u001f\u007f-\u009f]/.test(text));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
      const names = values.map((text) => [{ oid: '2.5.4.10', value: text }]);
      assert.deepEqual(parseSubject(renderSubject(names)), names);
      assert.deepEqual(decodeName(encodeName(asn1, names)), names);
    }),
  );
});

test('any text at all gives a name or an X509Error', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'CNO=,;+"\\# aé0.2'), maxLength: 30 }),
      (text) => {
        try {
          parseSubject(text);
        } catch (error) {
          assert.ok(error instanceof X509Error);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
