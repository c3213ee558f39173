import './index.js';

export * from './unrouted.mjs';
export { seal } from './index.js';
export type * from './index.js';
