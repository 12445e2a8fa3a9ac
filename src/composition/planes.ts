// The planes on the listener, each with the ports it needs.
import { managementPlane } from '#control-plane';
import { vaultPlane } from '#data-plane';
import { graphPlane, loginPlane } from '#identity-provider';
import { pkiPlane } from '#pki';
import { type PipelineOptions, servePlane } from '#server';
import type { Estate } from './estate.ts';

export function openPlanes(estate: Estate) {
  const vault = vaultPlane(estate);
  return {
    login: loginPlane(estate),
    graph: graphPlane(estate),
    management: managementPlane({ ...estate, vaultOperations: vault.operations }),
    vault,
    pki: pkiPlane(estate),
  };
}

export function serveAllPlanes(estate: Estate, pipeline: PipelineOptions) {
  const { vault, login, management, graph, pki } = openPlanes(estate);
  // A request asks the planes for its host in this order; vaults are asked for most.
  return [
    servePlane(vault, pipeline),
    servePlane(login, pipeline),
    servePlane(management, pipeline),
    servePlane(graph, pipeline),
    servePlane(pki, pipeline),
  ];
}

/** For the listener without TLS: what everybody may know, under whatever host name. */
export function servePlainPlane(estate: Estate, pipeline: PipelineOptions) {
  return servePlane(pkiPlane({ ...estate, anyHost: true }), pipeline);
}
