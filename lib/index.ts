import { installRouting } from './routing/install';

export * from './unrouted';

// Whatever loads the package has node:fs routed on this thread; `impersonate/unrouted` is the explicit way not to.
installRouting();
