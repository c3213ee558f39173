import { product } from '../paths';
import { registered } from './sources';

/**
 * For a child after usersSource(): `same(name, fn)` calls `fn(folder)` as node without routing and in a flow of the
 * process's own token, each in a folder of its own, and prints the name and both outcomes if they differ.
 */
const compare = `
  const { Token, withoutToken } = require(${JSON.stringify(product)});
  process.removeAllListeners('warning');
  const own = Token.process();
  const place = (name) => {
    const made = path.join(folder, name);
    fs.mkdirSync(made);
    fs.writeFileSync(path.join(made, 'file'), 'content');
    return made;
  };
  const places = { plain: place('normal'), flowed: place('flowed') };
  const shown = (value, where) => JSON.stringify(value, (_key, each) => typeof each === 'string' ? each.replaceAll(where, 'DIR').replaceAll(path.basename(where), 'name') : each) ?? 'undefined';
  const result = async (fn, where) => {
    try {
      return shown(await fn(where), where);
    } catch (error) {
      return shown([error.name, error.code, error.message, error.syscall], where);
    }
  };
  const same = async (name, fn) => {
    const plain = await withoutToken(() => result(fn, places.plain));
    const flowed = await own.run(() => result(fn, places.flowed));
    if (plain !== flowed) print([name, plain, flowed].join(' | '));
  };
  // What node's function gives its callback, or throws.
  const called = (name, ...args) => new Promise((resolve) => {
    try {
      fs[name](...args, (error, ...values) => resolve(['called', error?.code, error?.message, ...values]));
    } catch (error) {
      resolve(['thrown', error.code, error.message]);
    }
  });`;

/** Runs the source after `compare`; resolves to the differences, and 'compared' at the end. */
export const differences = (source: string): Promise<string[]> =>
  registered('parity', `${compare}\n${source}\nprint('compared');`);
