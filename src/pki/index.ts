export { type PkiPlaneOptions, pkiPlane } from './pki-plane.ts';
