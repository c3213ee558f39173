// The package without the routing of node:fs. Every entry point loads it, and it sets the package up.
import { syncBuiltinESMExports } from 'node:module';
import { provideIdentities } from './diagnostics/channels';
import { native } from './internal/binding';
import { createError } from './internal/error';
import { beforeFirstToken, deferred, prepareThread, setDeferred } from './internal/deferred';
import { guardAccess } from './routing/guards/access';
import { guardProcess } from './routing/guards/process';
import { guardCredentials, warnOfNodeOptions } from './routing/guards/credentials';
import { describeIdentities } from './token/principal';
import { adoptPinnedThread } from './worker/pinned-thread';

provideIdentities(describeIdentities);
// eslint-disable-next-line @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return -- on first use
setDeferred(() => require('./deferred'));
native.initialize({
  createError,
  describeLeak: (...args) => deferred().describeLeak(...args),
  noop: () => {},
});
if (native.port === 'linux') {
  guardAccess();
  guardCredentials();
  warnOfNodeOptions();
}
if (native.port !== 'unsupported') guardProcess();
syncBuiltinESMExports();
beforeFirstToken(() => {
  deferred().installGuards();
  deferred().configurePoolByEnvironment();
});
// What the program does with the inspector from now on could not be guarded later.
if (Object.isFrozen(console)) prepareThread();
adoptPinnedThread();

export type { AccessName, AccessTarget, DesiredAccess } from './token/access';
export { lookupAccount, type Account } from './token/principal';
export type * from './diagnostics/messages';
export {
  doctor,
  type Capability,
  type Diagnosis,
  type KerberosFacts,
  type LinuxFacts,
  type WindowsFacts,
} from './doctor/doctor';
export type { CapabilityName } from './doctor/names';
export { dropPrivileges, type DropPrivilegesOptions, type PrivilegedUse } from './token/drop-privileges';
export { enablePrivileges } from './token/privileges';
export { ImpersonationError } from './internal/error';
export type * from './internal/error-codes';
export { impersonate, runSync, withoutToken } from './flow/current';
export { configurePool, poolStats, type PoolOptions, type PoolStats } from './fs/pool';
export type { BindOptions } from './flow/events';
export { Impersonation } from './scope/impersonation';
export { ImpersonatedWorker, type ImpersonatedWorkerOptions } from './worker/impersonated-worker';
export type { Delegation, ImpersonationLevel } from './token/open-token';
export type { ConnectionOptions, Handshake, HandshakeStep, Negotiator } from './negotiate/negotiator';
export type { MapUser } from './negotiate/acceptor';
export { NegotiateClient, type NegotiateClientOptions, type Transition } from './negotiate/client';
export type { ClientHandshake } from './negotiate/client-handshake';
export type * from './negotiate/initiator';
export type { HandshakeLimitOptions } from './negotiate/limits';
export type { Tickets } from './token/kerberos-tickets';
export type { ServerHandshake } from './negotiate/handshake';
export { NegotiateServer, type NegotiateServerOptions } from './negotiate/server';
export { runAs } from './token/run-as';
export { setStrictHandles } from './flow/open-handles';
export { connectPeer, type ConnectPeerOptions } from './peers/connect';
export type { PeerServerOptions } from './peers/options';
export { createPeerServer, PeerServer, type PeerListener, type PeerServerEvents } from './peers/peer-server';
export { initializeComSecurity, type ComSecurityOptions } from './process/com-security';
export type { ExecAs, ExecFileAs, BytesOutput, TextOutput, OptionsAsUser } from './process/functions';
export type { ProgramLogon } from './process/logon-program';
export type { ProgramOptions, Resource } from './process/options';
export { spawnWithLogon } from './token/programs';
export type { KnownFolder } from './process/surroundings';
export type { UserProfile } from './process/user-profile';
export type { Principal, Privilege } from './token/principal';
export type { IdRange, PrivilegeState } from './token/trial';
export type { IntegrityLevel, RestrictFlag, RestrictOptions } from './token/restrictions';
export type { ShareOptions } from './token/tickets';
export type { ForIdsOptions } from './token/for-ids';
export type { ForUserOptions } from './token/for-user';
export type { IisOptions } from './token/from-iis';
export type { LogonOptions, LogonType } from './token/logon';
export { Token } from './token/token';
export { TokenCache, type TokenCacheOptions } from './token/cache';
export { UserWorkers, type UserWorkersOptions, type UserWorkersRunOptions } from './worker/user-workers';
