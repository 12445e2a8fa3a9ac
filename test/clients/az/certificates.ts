// `az keyvault certificate`: made, shown, downloaded, imported, disabled, issuers and contacts, and
// the way back from a deletion.
import { ok, strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import type { ClientCase } from '../suite.ts';
import type { Az } from './shell.ts';

const CERTIFICATE = z.object({ id: z.string(), cer: z.string() });
const POLICY = z.object({ x509CertificateProperties: z.object({ subject: z.string() }) });
const CONTACTS = z.object({ contactList: z.array(z.object({ emailAddress: z.string() })) });

export function certificateCases(az: Az, vault: string): ClientCase[] {
  const words = (...more: string[]) => ['keyvault', 'certificate', ...more, '--vault-name', vault];
  const one = (...more: string[]) => words(...more, '-n', 'az-cert');
  return [
    {
      name: 'keyvault certificate get-default-policy, create, show, list, list-versions, download',
      run: async () => {
        const policy = await az.read(
          z.record(z.string(), z.unknown()),
          ...['keyvault', 'certificate', 'get-default-policy'],
        );
        await az.do(...one('create', '-p', JSON.stringify(policy)));
        const shown = await az.read(CERTIFICATE, ...one('show'));
        ok((await az.names(...words('list'))).includes('az-cert'));
        strictEqual((await az.read(z.array(z.unknown()), ...one('list-versions'))).length, 1);
        await az.do(...one('download', '-f', 'az-cert.der', '-e', 'DER'));
        const file = readFileSync(join(az.folder, 'az-cert.der'));
        strictEqual(file.toString('base64'), shown.cer);
      },
    },
    {
      name: 'keyvault secret download of a certificate, certificate import of the file',
      run: async () => {
        const secret = ['keyvault', 'secret', 'download', '--vault-name', vault, '-n', 'az-cert'];
        await az.do(...secret, '-f', 'az-cert.pfx', '-e', 'base64');
        await az.do(...words('import', '-n', 'az-imported', '-f', 'az-cert.pfx'));
        const [first, second] = [
          await az.read(CERTIFICATE, ...one('show')),
          await az.read(CERTIFICATE, ...words('show', '-n', 'az-imported')),
        ];
        strictEqual(first.cer, second.cer);
      },
    },
    {
      name: 'keyvault certificate set-attributes, contact, issuer',
      run: async () => {
        await az.do(...one('set-attributes', '--enabled', 'false', '--tags', 'a=b'));
        await az.do(...one('set-attributes', '--enabled', 'true'));
        const { x509CertificateProperties: x509 } = await az.read(
          z.object({ policy: POLICY }).transform(({ policy }) => policy),
          ...one('show'),
        );
        strictEqual(x509.subject, 'CN=CLIGetDefaultPolicy');
        await az.do(...words('contact', 'add', '--email', 'a@example.com'));
        const contacts = await az.read(CONTACTS, ...words('contact', 'list'));
        strictEqual(contacts.contactList[0]?.emailAddress, 'a@example.com');
        const issuer = ['--issuer-name', 'mine'];
        await az.do(...words('issuer', 'create', ...issuer, '--provider-name', 'Test'));
        await az.do(...words('issuer', 'show', ...issuer));
        await az.do(...words('issuer', 'delete', ...issuer));
      },
    },
    {
      name: 'keyvault certificate backup, delete, recover, purge, restore',
      run: async () => {
        await az.do(...one('backup', '-f', 'az-cert.backup'));
        await az.do(...one('delete'));
        await az.do(...one('recover'));
        await az.do(...one('delete'));
        await az.do(...one('purge'));
        await az.do(...words('restore', '-f', 'az-cert.backup'));
        ok((await az.names(...words('list'))).includes('az-cert'));
      },
    },
  ];
}
