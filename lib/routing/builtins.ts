/** What a flow or scope makes of an export of a built-in module. */
export type Kind =
  /** It acts as the user. */
  | 'routed'
  /**
   * It belongs to the flow that registered it, or to the service: module loads, diagnostics and handlers of the process's
   * events run as the process.
   */
  | 'bound'
  /** It needs no identity. */
  | 'harmless'
  /** It throws ERR_NOT_ROUTED, or the code that the remark names. */
  | 'refused';

/** The exports of a module by kind, separated by spaces; `*` for all of them. */
export type Exports = Readonly<Partial<Record<Kind, string>>> & {
  /** What a reader has to know of an export or, by the name `*`, of the module. */
  readonly remarks?: Readonly<Record<string, string>>;
};

const harmless: Exports = { harmless: '*' };
const net = 'connect createConnection createServer Server Socket Stream';

/** Every built-in module, and the object `process`, in every supported version of node. */
export const builtins: Readonly<Record<string, Exports>> = {
  assert: harmless,
  'assert/strict': harmless,
  async_hooks: { bound: '*', remarks: { '*': 'flows are made of it' } },
  buffer: harmless,
  child_process: {
    routed: 'ChildProcess exec execFile execFileSync execSync fork spawn spawnSync',
    harmless: '_forkChild',
    remarks: {
      '*': "see [programs](processes.md): the program is the user's, with the user's environment; `uid` and `gid` throw `ERR_NOT_ROUTED`",
      spawnSync: 'and the like: with --permission `ERR_NOT_ROUTED`',
    },
  },
  cluster: {
    refused: 'fork',
    harmless:
      '_events _eventsCount _maxListeners isWorker isMaster isPrimary Worker worker workers settings SCHED_NONE SCHED_RR ' +
      'schedulingPolicy setupPrimary setupMaster disconnect _setupWorker _getServer',
    remarks: {
      fork: '`ERR_WORKER_IN_FLOW`',
      '*': 'in a worker of a cluster `listen()` throws unless it is `exclusive`, because the primary process would open the socket',
    },
  },
  console: harmless,
  constants: harmless,
  crypto: {
    refused: 'setEngine',
    harmless:
      'checkPrime checkPrimeSync createCipheriv createDecipheriv createDiffieHellman createDiffieHellmanGroup createECDH ' +
      'createHash createHmac createPrivateKey createPublicKey createSecretKey createSign createVerify diffieHellman ' +
      'generatePrime generatePrimeSync getCiphers getCipherInfo getCurves getDiffieHellman getHashes hkdf hkdfSync pbkdf2 ' +
      'pbkdf2Sync generateKeyPair generateKeyPairSync generateKey generateKeySync privateDecrypt privateEncrypt ' +
      'publicDecrypt publicEncrypt randomBytes randomFill randomFillSync randomInt randomUUID randomUUIDv7 scrypt scryptSync ' +
      'sign timingSafeEqual getFips setFips verify hash Certificate Cipher Cipheriv Decipher Decipheriv DiffieHellman ' +
      'DiffieHellmanGroup ECDH Hash Hmac KeyObject Sign Verify X509Certificate secureHeapUsed createCipher createDecipher ' +
      'fips constants webcrypto subtle getRandomValues prng pseudoRandomBytes rng argon2 argon2Sync createMac getMacs ' +
      'parsePKCS12 encapsulate decapsulate',
    remarks: { setEngine: 'loads a native library' },
  },
  dgram: {
    routed: 'createSocket Socket _createSocketHandle',
    remarks: { '*': 'Linux: a socket is bound as the user, who may have no right to a port below 1024' },
  },
  diagnostics_channel: harmless,
  dns: { harmless: '*', remarks: { '*': 'the process looks names up' } },
  'dns/promises': harmless,
  domain: { bound: '*' },
  events: { bound: '*', remarks: { '*': 'a listener runs in the flow of the code that emits' } },
  fs: { routed: '*', remarks: { '*': 'see [node:fs](register.md)' } },
  'fs/promises': { routed: '*', remarks: { '*': 'see [node:fs](register.md)' } },
  http: {
    routed: 'Agent ClientRequest Server createServer get request globalAgent _connectionListener',
    harmless:
      'METHODS STATUS_CODES IncomingMessage OutgoingMessage ServerResponse validateHeaderName validateHeaderValue ' +
      'setMaxIdleHTTPParsers maxHeaderSize WebSocket CloseEvent MessageEvent setGlobalProxyFromEnv isValidHeaderName ' +
      'isValidHeaderValue websocketMask websocketUnmask',
    remarks: { '*': 'as node:net; an `Agent` shares no connection of a `socketPath` between users' },
  },
  http2: {
    routed: 'connect createServer createSecureServer performServerHandshake',
    harmless:
      'constants getDefaultSettings getPackedSettings getUnpackedSettings sensitiveHeaders Http2ServerRequest Http2ServerResponse',
    remarks: { '*': 'as node:net' },
  },
  https: { routed: '*', remarks: { '*': 'as node:http' } },
  inspector: { bound: '*', remarks: { '*': 'debugs the whole process, and runs as the process' } },
  'inspector/promises': { bound: '*' },
  module: {
    routed: 'enableCompileCache',
    bound: 'Module _load _resolveFilename createRequire register registerHooks runMain _preloadModules',
    harmless:
      '_stat _cache _pathCache _extensions globalPaths wrap wrapper _debug isBuiltin _readPackage _findPath _nodeModulePaths ' +
      '_resolveLookupPaths _initPaths syncBuiltinESMExports builtinModules findSourceMap SourceMap constants ' +
      'findPackageJSON flushCompileCache stripTypeScriptTypes getCompileCacheDir getSourceMapsSupport setSourceMapsSupport',
    remarks: { '*': "modules are the service's, and loaded as the process" },
  },
  net: {
    routed: `${net} _createServerHandle BoundSocket _TransferredBoundSocket`,
    harmless:
      '_normalizeArgs _setSimultaneousAccepts BlockList SocketAddress isIP isIPv4 isIPv6 getDefaultAutoSelectFamily ' +
      'setDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout setDefaultAutoSelectFamilyAttemptTimeout',
    remarks: {
      '*':
        'Linux: sockets in the file system are bound, connected, listened on and removed as the user, and ports are bound ' +
        'as the user, who may have no right to one below 1024. Windows: named pipes throw `ERR_NOT_ROUTED`. Connections ' +
        'by TCP need no identity',
    },
  },
  os: {
    refused: 'setPriority',
    harmless:
      'arch availableParallelism cpus endianness freemem getPriority homedir hostname loadavg networkInterfaces platform ' +
      'release tmpdir totalmem type userInfo uptime version machine constants EOL devNull',
    remarks: { userInfo: 'in a flow the user of the process' },
  },
  path: harmless,
  'path/posix': harmless,
  'path/win32': harmless,
  perf_hooks: harmless,
  process: {
    routed: '_kill kill loadEnvFile',
    refused:
      'chdir umask execve setuid seteuid setgid setegid setgroups initgroups binding _linkedBinding _debugProcess ' +
      'report.writeReport',
    bound:
      'dlopen getBuiltinModule stdin stdout stderr openStdin emit _fatalException _events finalization nextTick ' +
      'setUncaughtExceptionCaptureCallback addUncaughtExceptionCaptureCallback _tickCallback',
    harmless:
      'version versions arch platform release _rawDebug moduleLoadList _eventsCount _maxListeners domain _exiting exitCode ' +
      'config uptime _getActiveRequests _getActiveHandles getActiveResourcesInfo reallyExit cpuUsage threadCpuUsage ' +
      'resourceUsage memoryUsage constrainedMemory availableMemory exit hrtime getuid geteuid getgid getegid getgroups ' +
      'allowedNodeEnvironmentFlags assert features hasUncaughtExceptionCaptureCallback emitWarning sourceMapsEnabled ' +
      'setSourceMapsEnabled _debugEnd _startProfilerIdleNotifier _stopProfilerIdleNotifier abort cwd env title argv execArgv ' +
      'pid ppid execPath debugPort argv0 _preload_modules noProcessWarnings report mainModule noDeprecation traceDeprecation ' +
      'throwDeprecation traceProcessWarnings constructor ref unref permission channel connected disconnect send _send ' +
      '_disconnect _handleQueue _pendingMessage _channel _eval _print_eval _debugPause _startProfiler _stopProfiler',
    remarks: {
      kill: 'not to this process itself, or to groups of processes: `ERR_NOT_ROUTED`',
      umask: 'with a mask',
      setuid: 'and the like: in a scope `ERR_SCOPE_ACTIVE`',
      'report.writeReport': 'a report has the data of all users',
    },
  },
  punycode: harmless,
  querystring: harmless,
  readline: harmless,
  'readline/promises': harmless,
  repl: { bound: '*', remarks: { '*': 'a line is evaluated in the flow of the code that emits it' } },
  stream: harmless,
  'stream/consumers': harmless,
  'stream/promises': harmless,
  'stream/web': harmless,
  string_decoder: harmless,
  sys: { harmless: '*', remarks: { '*': 'is node:util' } },
  timers: { bound: '*' },
  'timers/promises': { bound: '*' },
  tls: {
    routed: 'TLSSocket Server createServer connect',
    bound: 'getCACertificates setDefaultCACertificates rootCertificates',
    harmless:
      'CLIENT_RENEG_LIMIT CLIENT_RENEG_WINDOW DEFAULT_CIPHERS DEFAULT_ECDH_CURVE DEFAULT_MIN_VERSION DEFAULT_MAX_VERSION ' +
      'getCiphers convertALPNProtocols checkServerIdentity createSecureContext SecureContext createSecurePair ' +
      'getCertificateCompressionAlgorithms',
    remarks: { '*': 'as node:net; the process reads certificates of the system' },
  },
  trace_events: { bound: '*', remarks: { '*': 'as node:inspector' } },
  tty: harmless,
  url: harmless,
  util: { harmless: '*', remarks: { setTraceSigInt: 'its thread is started as the process' } },
  'util/types': harmless,
  v8: {
    refused:
      'writeHeapSnapshot setHeapSnapshotNearHeapLimit setHeapProfileNearHeapLimit takeCoverage stopCoverage',
    bound: 'startCpuProfile startHeapProfile promiseHooks',
    harmless:
      'cachedDataVersionTag getHeapSnapshot getHeapStatistics getHeapSpaceStatistics getHeapCodeStatistics ' +
      'getCppHeapStatistics setFlagsFromString Serializer Deserializer DefaultSerializer DefaultDeserializer deserialize ' +
      'serialize queryObjects startupSnapshot GCProfiler isStringOneByteRepresentation',
    remarks: { writeHeapSnapshot: 'a snapshot has the data of all users' },
  },
  vm: {
    harmless: '*',
    remarks: { '*': 'code that is read in a scope is [read as the user](security.md#names)' },
  },
  wasi: { routed: '*' },
  worker_threads: {
    refused: 'Worker',
    bound: 'MessagePort MessageChannel BroadcastChannel parentPort',
    harmless:
      'isMainThread isInternalThread markAsUntransferable isMarkedAsUntransferable markAsUncloneable ' +
      'moveMessagePortToContext receiveMessageOnPort resourceLimits postMessageToThread threadId threadName SHARE_ENV ' +
      'workerData setEnvironmentData getEnvironmentData locks',
    remarks: { Worker: "`ERR_WORKER_IN_FLOW`; an `ImpersonatedWorker` is its token's user" },
  },
  zlib: harmless,
  'node:ffi': { bound: '*', remarks: { '*': 'native code; libraries are loaded as the process' } },
  'node:sea': harmless,
  'node:sqlite': { routed: '*' },
  'node:test': {
    bound: '*',
    remarks: { '*': 'a test runs in the flow that declares it; `run()` starts programs of the user' },
  },
  'node:test/reporters': harmless,
};

/** Modules that are another name for one of the table, or for a part of it. */
const parts: Readonly<Record<string, string>> = { _http: 'http', _tls: 'tls', _stream: 'stream' };

/** Returns the entry of a built-in module, by its name with or without `node:`. */
export function builtin(name: string): Exports | undefined {
  const bare = name.replace(/^node:/, '');
  const part = /^_[a-z]+/.exec(bare)?.[0];
  if (part !== undefined && parts[part] !== undefined) return harmless;
  return Object.hasOwn(builtins, bare) ? builtins[bare] : builtins[`node:${bare}`];
}

/** Returns the kind of an export; undefined if it is not in the table. */
export function kindOf(exports: Exports, name: string): Kind | undefined {
  const kinds: Kind[] = ['refused', 'routed', 'bound', 'harmless'];
  return kinds.find((kind) => {
    const names = exports[kind]?.split(' ') ?? [];
    return names.includes(name) || names.includes('*');
  });
}

/** Returns the exports of a module that are refused. */
export const refusedOf = (name: string): string[] => builtin(name)?.refused?.split(' ') ?? [];
