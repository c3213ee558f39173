// By the package's own name, so that its exports decide.
import * as required from 'impersonate';

void import('impersonate').then((imported) => {
  const names = ['ImpersonationError', 'Impersonation', 'Token', 'lookupAccount'] as const;
  console.log(names.filter((name) => required[name] === imported[name]).join());
});
