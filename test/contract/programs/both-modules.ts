// By the package's own name, so that its exports decide.
import * as required from 'impersonate';

void import('impersonate').then((imported) => {
  const names = Object.keys(required) as (keyof typeof required)[];
  console.log(names.filter((name) => required[name] !== imported[name]).join() || 'the same');
});
