import {
  connectPeer,
  createPeerServer,
  lookupAccount,
  NegotiateServer,
  type NegotiateServerOptions,
  Token,
  TokenCache,
} from 'impersonate';
import { authenticate } from 'impersonate/http';
import { type Caught, caught, rejected } from '../support/errors';
import { newAddress } from '../support/network/peers';
import { world } from '../support/world/world';

const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hostile');
    },
  },
);

/** A value of every kind, by the name of its kind. */
const values: Record<string, unknown> = {
  void: undefined,
  null: null,
  boolean: true,
  number: 1,
  negative: -1,
  notANumber: NaN,
  infinity: Infinity,
  fraction: 1.5,
  huge: 2 ** 53,
  bigint: 1n,
  string: 'x',
  empty: '',
  symbol: Symbol('s'),
  object: {},
  nullPrototype: Object.create(null),
  array: [],
  function: () => undefined,
  date: new Date(),
  regexp: /x/,
  map: new Map(),
  tokenPrototype: Token.prototype,
  tokenLookalike: Object.create(Token.prototype),
};

interface EntryPoint {
  readonly name: string;
  readonly call: (value: never) => unknown;
  /** The name in the message. */
  readonly argument: string;
  /** The kinds that are valid, or that another test covers. */
  readonly except: readonly string[];
}

let token: Token;
beforeAll(() => {
  token = Token.process();
});
afterAll(() => {
  token.close();
});

const entryPoints: EntryPoint[] = [
  { name: 'runSync', call: (v) => token.runSync(v), argument: 'fn', except: ['function'] },
  { name: 'equals', call: (v) => token.equals(v), argument: 'other', except: [] },
  {
    name: 'duplicate',
    call: (v) => token.duplicate(v),
    argument: 'options',
    except: [
      'void',
      'object',
      'nullPrototype',
      'array',
      'date',
      'regexp',
      'map',
      'tokenPrototype',
      'tokenLookalike',
      'function',
    ],
  },
  {
    name: 'duplicate.level',
    call: (v) => token.duplicate({ level: v }),
    argument: 'level',
    except: ['void'],
  },
  {
    name: 'restrict',
    call: (v) => token.restrict(v),
    argument: 'options',
    except: [],
  },
  {
    name: 'restrict.removePrivileges',
    call: (v) => token.restrict({ removePrivileges: v }),
    argument: 'removePrivileges',
    except: ['void', 'array'],
  },
  {
    name: 'restrict.removePrivileges[0]',
    call: (v) => token.restrict({ removePrivileges: [v] }),
    argument: 'removePrivileges',
    except: ['string'],
  },
  { name: 'limit', call: (v) => (Token.limit = v), argument: 'limit', except: ['number'] },
  {
    name: 'lookupAccount',
    call: (v) => lookupAccount(v),
    argument: 'principal',
    except: [],
  },
];

const cases = entryPoints.flatMap((entry) =>
  Object.keys(values)
    .filter((kind) => !entry.except.includes(kind))
    .map((kind): [string, string, EntryPoint] => [entry.name, kind, entry]),
);

/** Resolves to the error that the call throws or rejects with. */
const failure = (call: () => unknown): Promise<Caught> => rejected(Promise.resolve().then(call));

test.each(cases)('%s throws for %s, and nothing changes', async (_name, kind, entry) => {
  const before = { count: Token.count, limit: Token.limit, user: token.user.id };
  const error = await failure(() => entry.call(values[kind] as never));
  expect(error.name).toBe('TypeError');
  expect(error.code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  expect(error.message).toContain(entry.argument);
  expect({ count: Token.count, limit: Token.limit, user: token.user.id }).toEqual(before);
  expect(token.closed).toBe(false);
});

test.each<[string, (value: never) => unknown]>([
  ['duplicate', (v) => token.duplicate(v)],
  ['restrict', (v) => token.restrict(v)],
  ['lookupAccount', (v) => lookupAccount(v)],
])('%s passes on what a hostile object throws', async (_name, call) => {
  const count = Token.count;
  expect((await failure(() => call(hostile as never))).message).toBe('hostile');
  expect(Token.count).toBe(count);
});

test.each<[string, unknown, () => unknown]>([
  ['pairingToken', false, () => Token.fromIisRequest({ rawHeaders: [], socket: {} } as never)],
  ['allowAnonymous', true, () => new NegotiateServer()],
  ['mapUser', () => 'root', () => new NegotiateServer({ package: 'Kerberos' })],
  ['mode', 0o666, () => createPeerServer()],
  ['securityDescriptor', 'D:', () => createPeerServer({})],
  ['server', '0', () => connectPeer(newAddress())],
  ['persist', 'connection', () => authenticate({ scheme: 'x', handshake: () => ({}) as never }, () => {})],
  ['max', 1, () => new TokenCache({ ttl: 5 })],
  ['source', 'local', () => Token.forUser('somebody')],
  ['service', 'weak', () => Token.logon({ user: 'somebody', password: 'x' })],
  [
    'integrity',
    'high',
    () => {
      using token = Token.process();
      return token.restrict({ dropGroups: true });
    },
  ],
])('rejects the option %s, although every object inherits it', async (name, value, call) => {
  Object.defineProperty(Object.prototype, name, { value, configurable: true });
  let outcome: Promise<Caught>;
  try {
    outcome = rejected(
      new Promise((resolve) => {
        resolve(call());
      }),
    );
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
  const error = await outcome;
  expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  expect(error.message).toContain(`"options.${name}"`);
});

test('each option is read once', () => {
  let reads = 0;
  const options = {
    get level() {
      return reads++ === 0 ? ('identification' as const) : ('delegation' as const);
    },
  };
  using impersonation = token.duplicate({ level: 'impersonation' });
  using copy = impersonation.duplicate(options);
  expect(copy.level).toBe('identification');
  expect(reads).toBe(1);
});

test.each([
  'user',
  'groups',
  'denyOnlyGroups',
  'privileges',
  'level',
  'type',
  'logonId',
  'isAnonymous',
  'closed',
])('the getter %s throws for a foreign receiver', async (name) => {
  let owner: object | null = Token.prototype;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
  const get = Object.getOwnPropertyDescriptor(owner ?? {}, name)?.get;
  if (get === undefined) throw new Error(`${name} is not a getter`);
  for (const receiver of [{}, Token.prototype, Object.create(Token.prototype), undefined]) {
    expect((await failure(() => get.call(receiver))).name).toBe('TypeError');
  }
});

test.each(['restrict', 'duplicate', 'equals', 'runSync', 'impersonate', 'close', Symbol.dispose] as const)(
  'the method %p throws for a foreign receiver',
  async (name) => {
    const method = Token.prototype[name] as (...args: unknown[]) => unknown;
    for (const receiver of [{}, Token.prototype, Object.create(Token.prototype), undefined]) {
      expect((await failure(() => method.call(receiver, () => undefined))).name).toBe('TypeError');
    }
    expect(world.whoAmI()).toBe(world.serviceId);
  },
);

const wrong: [string, unknown, string][] = [
  ['options', null, 'TYPE'],
  ['options', 'NTLM', 'TYPE'],
  ['options.pakcage', { pakcage: 'NTLM' }, 'VALUE'],
  ['options.package', { package: 'ntlm' }, 'VALUE'],
  ['options.package', { package: '' }, 'VALUE'],
  ['options.principal', { principal: '' }, 'VALUE'],
  ['options.principal', { principal: 'a\0b' }, 'VALUE'],
  ['options.principal', { principal: 1 }, 'TYPE'],
  ['options.allowAnonymous', { allowAnonymous: 'no' }, 'TYPE'],
  ['options.maxMessageSize', { maxMessageSize: 0 }, 'VALUE'],
  ['options.maxMessageSize', { maxMessageSize: '64' }, 'TYPE'],
  ['options.maxMessages', { maxMessages: 1.5 }, 'VALUE'],
  ['options.timeout', { timeout: 3_600_001 }, 'VALUE'],
  ['options.timeout', { timeout: Infinity }, 'VALUE'],
  ['options.maxHandshakes', { maxHandshakes: -1 }, 'VALUE'],
];

test.each(wrong)('a wrong %s: %j', (argument, options, kind) => {
  const error = caught(() => new NegotiateServer(options as NegotiateServerOptions));
  expect(error).toMatchObject({ name: 'TypeError', code: `ERR_INVALID_ARG_${kind}` });
  expect(error.message).toContain(`"${argument}"`);
});
