import type { Capability, Diagnosis } from '../doctor/doctor';
import { capabilities, type CapabilityName } from '../doctor/names';
import type * as Package from '../unrouted';
import { columns, complain, plain, print, printJson, rowsOf, styled } from './print';

const names = Object.keys(capabilities) as CapabilityName[];

/** What helps if the package cannot be loaded, by the code of the error. */
const fixes: Readonly<Record<string, string>> = {
  ERR_ADDON_NOT_FOUND: 'Compile the addon: npx node-gyp rebuild in the folder of the package',
  ERR_IO_URING: 'Unset UV_USE_IO_URING, or run the service with Node.js 22 or later',
  ERR_NO_RESERVED_UID:
    'Unset IMPERSONATE_RESERVED_UID, or set it to a mapped uid other than 0 that no account has',
  ERR_UNSUPPORTED_PLATFORM: 'Run the service with Node.js or Electron',
};

/** A diagnosis of a process that cannot load the package. */
interface Failure {
  readonly capabilities: readonly Capability[];
  readonly facts: { readonly loadError: { readonly code: string; readonly message: string } };
}

function failedToLoad(error: unknown): Failure {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  // This is the doctor. The function of the package that does so cannot be loaded here.
  const message = (error as Error).message.replace(/; run npx impersonate doctor$/, '');
  const problem = { because: message, fix: fixes[code] ?? `Look ${code} up in docs/errors.md` };
  return {
    capabilities: names.map((name) => ({ name, can: false, ...problem })),
    facts: { loadError: { code, message } },
  };
}

async function diagnose(load: () => typeof Package): Promise<Diagnosis | Failure> {
  let product: typeof Package;
  try {
    product = load();
  } catch (error) {
    return failedToLoad(error);
  }
  return product.doctor();
}

const width = Math.max(...names.map((name) => name.length));

function linesOf({ name, can, level, because, fix }: Capability): string[] {
  const answer = can ? styled('green', 'yes') : `${styled('red', 'no')} `;
  const about = `${capabilities[name]}${level === undefined ? '' : ` (level ${level})`}`;
  const reasons = [
    ...(because === undefined ? [] : [`because  ${plain(because)}`]),
    ...(fix === undefined ? [] : [`${styled('yellow', 'fix')}      ${plain(fix)}`]),
  ];
  return [
    `${answer}  ${styled('bold', name.padEnd(width))}  ${about}`,
    ...reasons.map((reason) => `     ${reason}`),
  ];
}

/** Prints what the process can do. Returns the exit code: 1 if it cannot do what is needed, 2 for an unknown name. */
export async function runDoctor(
  load: () => typeof Package,
  { json, need }: { readonly json: boolean; readonly need: readonly string[] },
): Promise<number> {
  const unknown = need.filter((name) => !names.includes(name as CapabilityName));
  if (unknown.length > 0) {
    complain(`--need ${unknown.join(', ')}: there is no such capability. There are: ${names.join(', ')}`);
    return 2;
  }
  const diagnosis = await diagnose(load);
  const failed = diagnosis.capabilities.filter(({ name, can }) => !can && need.includes(name));
  if (json) printJson(diagnosis);
  else print(...diagnosis.capabilities.flatMap(linesOf), '', ...columns(rowsOf(diagnosis.facts)));
  if (failed.length === 0) return 0;
  complain(`This process cannot do what is needed: ${failed.map(({ name }) => name).join(', ')}`);
  return 1;
}
