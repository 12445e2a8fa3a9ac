// The planes on the listener, each with the ports it needs.
import { managementPlane } from '#control-plane';
import { vaultPlane } from '#data-plane';
import { graphPlane, loginPlane } from '#identity-provider';
import { type PipelineOptions, servePlane } from '#server';
import type { Estate } from './estate.ts';

export function serveAllPlanes(estate: Estate, pipeline: PipelineOptions) {
  const vaults = vaultPlane(estate);
  return [
    servePlane(vaults, pipeline),
    servePlane(loginPlane(estate), pipeline),
    servePlane(managementPlane({ ...estate, vaultOperations: vaults.operations }), pipeline),
    servePlane(graphPlane(estate), pipeline),
  ];
}
