export { type Config, ConfigError, type HsmChoice, type SealChoice } from './config.ts';
export { type DataFiles, dataFiles } from './data-files.ts';
export { type Endpoints, endpoints, planeHosts } from './endpoints.ts';
export { type ConfigSources, loadConfig } from './load.ts';
export { configFileSetting, type Setting, settings, type Values } from './settings.ts';
