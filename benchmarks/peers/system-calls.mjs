import process from 'node:process';

const numbers = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149 },
};

/** The numbers of Linux's calls on this machine. */
export const systemCalls = numbers[process.arch];

export const missingByHand =
  'everything: what is thrown, a timeout or an await in between leaves the user on the thread; nothing is read back, nested or put back as it was';

/** For what returns anything but success. */
export function refused(call, result) {
  throw new Error(`${call} by hand was refused: ${result}`);
}
