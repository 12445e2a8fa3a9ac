import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OCSP_REQUEST_BYTES_MAX } from '#cryptography';
import { decodeOcspPath } from './ocsp-path.ts';

// Every character of base64, slashes side by side and at the end, and both paddings.
const sequence = (text: string) => Buffer.from(text, 'base64');
const QUESTIONS = [
  sequence('MFz//+//+8//'),
  sequence('MA//+/+/+z8='),
  sequence('MA=='),
  Buffer.alloc(OCSP_REQUEST_BYTES_MAX, sequence('MP//')),
];

/** As the router hands it on: percent-decoded once. */
const WAYS: Readonly<Record<string, (base64: string) => string>> = {
  'as it is': (base64) => base64,
  'without padding': (base64) => base64.replace(/=+$/, ''),
  'behind one slash more': (base64) => `/${base64}`,
  'encoded twice': (base64) => encodeURIComponent(base64),
  'encoded twice in lower case': (base64) =>
    encodeURIComponent(base64).replace(/%../g, (code) => code.toLowerCase()),
  'with spaces for plus': (base64) => base64.replaceAll('+', ' '),
  'in lines': (base64) => base64.replace(/.{1,64}/g, '$&\r\n'),
  'in the alphabet for addresses': (base64) =>
    base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
};

for (const [way, encode] of Object.entries(WAYS)) {
  test(`a question ${way} is read as it was meant`, () => {
    for (const der of QUESTIONS) {
      assert.deepEqual(decodeOcspPath(encode(der.toString('base64'))), der);
    }
  });
}

test('what is no base64 is no question', () => {
  for (const text of ['', '/', '=', 'M=A=', 'MA==MA==', 'M*', '%', '%25', '%zz', 'MA\u0000', 'é']) {
    assert.equal(decodeOcspPath(text).length, 0, text);
  }
  fc.assert(fc.property(fc.string(), (text) => decodeOcspPath(text).length <= text.length));
});
