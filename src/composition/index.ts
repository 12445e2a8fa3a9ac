// Ties the modules together: the only folder that may import every other.
export { serve } from './serve.ts';
export { asSystem, SYSTEM_PARTITION } from './system.ts';
