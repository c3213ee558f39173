import './index.js';

export * from './unrouted.mjs';
