import { jobs } from '../children/sources';

/**
 * For child programs on Linux, beside `jobs`: `run(token, file, args, options)` runs a program to its end and returns
 * what runProgram does, with text for output; `start(...)` returns the started one with `ended`, a promise of
 * `code,signal`; `outcome(work)` is the result, or the error as text; `children()` has the pids of this process's
 * children, and `descriptors()` the number of its open descriptors. Without other options a program has a pipe for
 * output, and PATH in its environment.
 */
export const programs = `${jobs}
  const plain = {
    cwd: '/', env: ['PATH=/usr/local/bin:/usr/bin:/bin'], stdio: [null, 'pipe', 'pipe'], detached: false, tree: false,
    windowsHide: false, windowsVerbatimArguments: false, breakaway: false, profile: false, desktop: '',
    noNewPrivileges: undefined, limits: [], input: [], output: [false, true, true], timeout: 0, maxBuffer: -1, killSignal: 15,
  };
  const asText = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString());
  const run = (token, file, args = [], options = {}) => {
    const result = native.runProgram(token, { ...plain, file, args: [file, ...args], ...options });
    return typeof result === 'number' ? result : { ...result, output: result.output.map(asText) };
  };
  const outputOf = (...args) => { const { output, status, error } = run(...args); return status === 0 && error === 0 ? output[1].trim() : [status, error, output[2]].join(); };
  const shell = (token, script, options) => outputOf(token, 'sh', ['-c', script], options);
  const start = (token, file, args = [], options = {}) => {
    let end;
    const ended = new Promise((resolve) => { end = resolve; });
    const started = native.startProgram(token, { ...plain, stdio: [null, null, null], file, args: [file, ...args], ...options }, (code, signal) => {
      native.closeProgram(started.id);
      end(code + ',' + signal);
    });
    return typeof started === 'number' ? started : { ...started, ended };
  };
  const outcome = (work) => { try { return String(work()); } catch (error) { return [error.code, error.syscall].filter(Boolean).join(' '); } };
  const statOf = (pid) => { try { return fs.readFileSync('/proc/' + pid + '/stat', 'utf8').replace(/^.*\\) /, '').split(' '); } catch { return []; } };
  const children = () => fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && statOf(name)[1] === String(process.pid));
  const descriptors = () => fs.readdirSync('/proc/self/fd').length;
  const { setTimeout: sleep } = require('node:timers/promises');
  const settled = async (done) => { while (!done()) await sleep(5); };`;
