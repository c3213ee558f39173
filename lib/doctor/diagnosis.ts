import { native } from '../internal/binding';
import type { Capability, Diagnosis } from './doctor';
import { diagnoseLinux } from './linux';
import { capabilities, type CapabilityName } from './names';
import type { Verdict } from './verdict';
import { diagnoseWindows } from './windows';

type Verdicts = Readonly<Record<CapabilityName, Verdict>>;

const toCapabilities = (verdicts: Verdicts): Capability[] =>
  Object.entries(verdicts).map(([name, { level, problem }]) => ({
    name: name as CapabilityName,
    can: problem === undefined,
    ...(level && { level }),
    ...problem,
  }));

function diagnoseOther(): Diagnosis {
  const problem = {
    because: `impersonate supports Windows and Linux, and not ${process.platform}`,
    fix: 'Run the service on Windows or Linux',
  };
  const names = Object.keys(capabilities) as CapabilityName[];
  return {
    capabilities: names.map((name) => ({ name, can: false, ...problem })),
    facts: { port: 'unsupported' },
  };
}

/** Implements `doctor()`. Call it as the process. */
export async function diagnose(): Promise<Diagnosis> {
  if (native.port === 'unsupported') return diagnoseOther();
  const { facts, verdicts } = native.port === 'win32' ? await diagnoseWindows() : await diagnoseLinux();
  return { capabilities: toCapabilities(verdicts), facts };
}
