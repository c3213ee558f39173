import './index.js';

export * from './unrouted.mjs';
export { seal } from './index.js';
export type { SealOptions } from './index.js';
