import process from 'node:process';

const numbers = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149 },
};

/** The numbers of Linux's calls on this machine. */
export const systemCalls = numbers[process.arch];

export const missingByHand =
  'a way back when something throws, is timed out or awaits in between; a look at what the kernel has really put on; nesting, and what another addon had put there';

/** For what returns anything but success. */
export function refused(call, result) {
  throw new Error(`${call} by hand was refused: ${result}`);
}
