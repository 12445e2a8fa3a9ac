// What the pipeline itself refuses, in Resource Manager's words.
import { resourceManagerErrors } from '#errors';
import { ApiError, type RawRequest, type Refusals, type SchemaError } from '#kernel';
import { findNamespace, firstVersions } from './api-versions.ts';

export const armRefusals: Refusals = {
  unknownPath: (request) => unknownPath(request),
  methodNotAllowed: ({ method }) =>
    new ApiError(resourceManagerErrors.methodNotAllowed, { method }),
  apiVersion: (given, request) => refuseApiVersion(given, request),
  malformedJson: (cause) =>
    new ApiError(
      resourceManagerErrors.invalidRequestContent,
      { detail: 'it is not JSON' },
      { cause },
    ),
  schema: (error) => refuseSchema(error),
  bodyTooLarge: () => new ApiError(resourceManagerErrors.bodyTooLarge),
  internal: (cause) => new ApiError(resourceManagerErrors.internal, {}, { cause }),
};

/** The last `/providers/<namespace>/<type>` of a path, if it has one. */
function providerOf(path: string): { namespace: string; type: string } | undefined {
  const match = /.*\/providers\/([^/]+)(?:\/([^/]+))?/i.exec(path);
  return match ? { namespace: match[1] ?? '', type: match[2] ?? '' } : undefined;
}

function unknownPath({ path, query }: RawRequest): ApiError {
  const provider = providerOf(path);
  if (provider === undefined) return new ApiError(resourceManagerErrors.unknownPath);
  const namespace = findNamespace(provider.namespace);
  if (namespace === undefined) {
    const given = provider.namespace.slice(0, 64);
    return new ApiError(resourceManagerErrors.namespaceInvalid, { namespace: given });
  }
  const version = printable(query['api-version']);
  return new ApiError(resourceManagerErrors.resourceTypeInvalid, { namespace, version });
}

function refuseApiVersion(given: string | undefined, { path }: RawRequest): ApiError {
  if (given === undefined || given === '') {
    return new ApiError(resourceManagerErrors.apiVersionMissing);
  }
  const version = printable(given);
  const provider = providerOf(path);
  const namespace = provider && findNamespace(provider.namespace);
  if (provider === undefined || namespace === undefined) {
    const supported = `${firstVersions['Microsoft.Resources']} and later`;
    return new ApiError(resourceManagerErrors.apiVersionInvalid, { version, supported });
  }
  return new ApiError(resourceManagerErrors.noRegisteredProvider, {
    location: '',
    version,
    type: provider.type.slice(0, 64),
    supported: `${firstVersions[namespace]} and later`,
  });
}

function printable(text: string | undefined): string {
  return (text ?? '').replace(/[^\w.-]/g, '').slice(0, 40);
}

/** Names the place, never the value: a body may hold secrets. */
function refuseSchema(error: SchemaError): ApiError {
  const [issue] = error.issues;
  const place = issue === undefined ? '' : issue.path.map(String).join('.');
  if (error.part === 'body' && place !== '') {
    const property = place.replace(/^properties\./, '').split('.')[0] ?? place;
    return new ApiError(resourceManagerErrors.invalidValue, { property }, { cause: error });
  }
  const detail = place === '' ? `the ${error.part} is missing` : `${place}: ${issue?.code ?? ''}`;
  return new ApiError(resourceManagerErrors.invalidRequestContent, { detail }, { cause: error });
}
