// The planes on the listener, each with the ports it needs.
import { managementPlane } from '#control-plane';
import { vaultPlane } from '#data-plane';
import { graphPlane, loginPlane } from '#identity-provider';
import { pkiPlane } from '#pki';
import { type PipelineOptions, servePlane } from '#server';
import type { Estate } from './estate.ts';

export function serveAllPlanes(estate: Estate, pipeline: PipelineOptions) {
  const vaults = vaultPlane(estate);
  return [
    servePlane(vaults, pipeline),
    servePlane(loginPlane(estate), pipeline),
    servePlane(managementPlane({ ...estate, vaultOperations: vaults.operations }), pipeline),
    servePlane(graphPlane(estate), pipeline),
    servePlane(pkiPlane(estate), pipeline),
  ];
}

/** For the listener without TLS: what everybody may know, under whatever host name. */
export function servePlainPlane(estate: Estate, pipeline: PipelineOptions) {
  return servePlane(pkiPlane({ ...estate, anyHost: true }), pipeline);
}
