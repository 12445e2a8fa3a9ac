// Ties the modules together: the only folder that may import every other.
export { openEstate } from './estate.ts';
export { openPlanes } from './planes.ts';
export { serve } from './serve.ts';
export { asSystem, SYSTEM_PARTITION } from './system.ts';
