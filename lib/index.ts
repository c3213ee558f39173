import { installRouting } from './routing/install';

export * from './unrouted';

// Loading the package routes node:fs on this thread. `impersonate/unrouted` does not.
installRouting();
