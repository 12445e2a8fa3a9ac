// `POST /organization/{id}/rollSigningKeys`, for the day on which a signing key may have become
// known to others. Our own, no operation of Graph's: Entra's keys are Microsoft's affair. Every
// token that was ever issued is refused from the next request on, the caller's own among them;
// nobody gains a right by it. Global Administrator only.
import { rollSigningKeys } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation } from '#kernel';
import {
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';

export function signingKeyOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory, clock } = context;
  return [
    operation({
      ...graphRow,
      id: 'RollSigningKeys',
      method: 'POST',
      path: '/v1.0/organization/{id}/rollSigningKeys',
      access: { kind: 'directory', permission: 'Organization.ReadWrite.All' },
      audit: 'SigningKeysRoll',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      handle: async ({ params, grant }) => {
        if (params.id.toLowerCase() !== directory.tenantId) {
          throw new ApiError(graphErrors.resourceNotFound, { id: params.id });
        }
        const kid = await rollSigningKeys(openView(context, grant), clock);
        const published = directory.signingKeys.published().map((key) => key.kid);
        return { body: { kid, published }, audit: { kid } };
      },
    }),
  ];
}
