// A certificate and its key as a PFX without a password, the way Key Vault hands them out: the
// certificates in the clear, the key shrouded under the empty password and the whole under a MAC of
// it, because old readers (Go's x/crypto, Java before 8u301) open nothing else. Neither protects
// anything; the vault does.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { derivePkcs12, IterationBudget, PURPOSE } from './derive.ts';

export interface Pkcs12Input {
  /** PKCS#8, DER. Absent: a PFX of certificates only. */
  readonly privateKey?: Uint8Array;
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[];
}

const DATA = '1.2.840.113549.1.7.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const TRIPLE_DES = '1.2.840.113549.1.12.1.3';
const SHA1 = '1.3.14.3.2.26';

/** The empty password as PKCS#12 spells it. */
const NO_PASSWORD = Buffer.alloc(2);
/** More of them would slow down whoever has the file, and nobody else. */
const ITERATIONS = 1;

type Library = typeof import('asn1js');
type Value = InstanceType<Library['BaseBlock']>;

/** → DER. */
export async function writePkcs12({ privateKey, certificates }: Pkcs12Input): Promise<Buffer> {
  const library = await import('asn1js');
  const asn1 = builders(library);
  const leaf = certificates[0] ?? Buffer.alloc(0);
  const keyId = asn1.sequence(
    asn1.oid(LOCAL_KEY_ID),
    asn1.set(asn1.octets(createHash('sha1').update(leaf).digest())),
  );
  const certificateBags = certificates.map((der, i) => {
    const value = asn1.sequence(asn1.oid(X509_CERTIFICATE), asn1.tagged(asn1.octets(der)));
    const attributes = i === 0 && privateKey ? [asn1.set(keyId)] : [];
    return asn1.sequence(asn1.oid(CERTIFICATE_BAG), asn1.tagged(value), ...attributes);
  });
  const safes = [asn1.data(asn1.sequence(...certificateBags))];
  if (privateKey !== undefined) {
    const shrouded = asn1.sequence(...(await shroud(asn1, privateKey)));
    const bag = asn1.sequence(asn1.oid(SHROUDED_KEY_BAG), asn1.tagged(shrouded), asn1.set(keyId));
    safes.push(asn1.data(asn1.sequence(bag)));
  }
  const content = Buffer.from(asn1.sequence(...safes).toBER());
  const mac = await macOf(asn1, content);
  const authenticated = asn1.sequence(asn1.oid(DATA), asn1.tagged(asn1.octets(content)));
  return Buffer.from(asn1.sequence(asn1.integer(3), authenticated, mac).toBER());
}

type Builders = ReturnType<typeof builders>;

function builders({ Sequence, Set: AsnSet, OctetString, ObjectIdentifier, ...rest }: Library) {
  const sequence = (...value: Value[]) => new Sequence({ value });
  const set = (...value: Value[]) => new AsnSet({ value });
  const octets = (bytes: Uint8Array) => new OctetString({ valueHex: new Uint8Array(bytes) });
  const oid = (value: string) => new ObjectIdentifier({ value });
  const tagged = (value: Value) =>
    new rest.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value] });
  return {
    ...{ sequence, set, octets, oid, tagged },
    integer: (value: number) => new rest.Integer({ value }),
    none: () => new rest.Null(),
    data: (value: Value) => sequence(oid(DATA), tagged(octets(new Uint8Array(value.toBER())))),
  };
}

async function shroud(asn1: Builders, privateKey: Uint8Array): Promise<Value[]> {
  const salt = randomBytes(8);
  const derivation = { ...empty(salt), lengthBytes: 24 };
  const key = await derivePkcs12(derivation, PURPOSE.key);
  const iv = await derivePkcs12({ ...derivation, lengthBytes: 8 }, PURPOSE.iv);
  const cipher = createCipheriv('des-ede3-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(privateKey), cipher.final()]);
  const parameters = asn1.sequence(asn1.octets(salt), asn1.integer(ITERATIONS));
  return [asn1.sequence(asn1.oid(TRIPLE_DES), parameters), asn1.octets(encrypted)];
}

async function macOf(asn1: Builders, content: Buffer): Promise<Value> {
  const salt = randomBytes(8);
  const key = await derivePkcs12({ ...empty(salt), lengthBytes: 20 }, PURPOSE.mac);
  const digest = createHmac('sha1', key).update(content).digest();
  const algorithm = asn1.sequence(asn1.oid(SHA1), asn1.none());
  const digestInfo = asn1.sequence(algorithm, asn1.octets(digest));
  return asn1.sequence(digestInfo, asn1.octets(salt), asn1.integer(ITERATIONS));
}

function empty(salt: Buffer) {
  const budget = new IterationBudget();
  return { hash: 'sha1', password: NO_PASSWORD, salt, iterations: ITERATIONS, budget } as const;
}
