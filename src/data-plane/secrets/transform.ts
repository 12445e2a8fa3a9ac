// A secret's value in another form than it was stored in (`outContentType`): a PFX becomes PEM, and
// nothing else becomes anything.
import { Pkcs12Error, readPkcs12, writePem } from '#cryptography';
import { keyVaultErrors, secretErrors } from '#errors';
import { ApiError } from '#kernel';
import { type FoundSecret, formatName } from './secret.ts';

/** Throws `transformation` for every conversion but that, and those that change nothing. */
export async function transformSecret(found: FoundSecret, wanted: string): Promise<FoundSecret> {
  const to = formatName(wanted);
  if (to === 'Unsupported') {
    throw new ApiError(keyVaultErrors.parameterInvalid, { parameter: 'outContentType' });
  }
  const { header, content } = found.version;
  const { contentType } = header.listed;
  if (contentType === wanted) return found;
  const names = { from: formatName(contentType), to };
  if (names.from !== 'PFX') throw new ApiError(secretErrors.transformation, names);
  const value = await pemOf(content.value, names);
  return {
    ...found,
    version: {
      header: { ...header, listed: { ...header.listed, contentType: wanted } },
      content: { ...content, value },
    },
  };
}

async function pemOf(value: string, names: Readonly<Record<string, string>>): Promise<string> {
  try {
    const { privateKeys, certificates } = await readPkcs12(Buffer.from(value, 'base64'), undefined);
    const [privateKey] = privateKeys;
    const text = writePem({ certificates, ...(privateKey && { privateKey }) });
    for (const key of privateKeys) key.fill(0);
    return text;
  } catch (cause) {
    if (!(cause instanceof Pkcs12Error)) throw cause;
    throw new ApiError(secretErrors.transformation, names, { cause });
  }
}
