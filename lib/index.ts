import { installRouting } from './routing/install';

export * from './unrouted';
export { seal, type SealOptions } from './routing/seal';

// Loading the package routes node:fs on this thread. `impersonate/unrouted` does not.
installRouting();
