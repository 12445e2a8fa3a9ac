export { buildProgram, type ProgramActions } from './program.ts';
export { type Ready, renderBanner, renderReadyLine } from './ready.ts';
