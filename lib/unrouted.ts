import { native } from './binding';
import { createError } from './error';
import { guardMicrotasks, installExitGuards } from './detectors';
import { installGuards } from './guards';
import { guardProcessEvents } from './guards/process-events';
import { describeLeak } from './leak';

native.initialize({ createError, describeLeak, nothing: () => {} });
// The second one's guards are the outer ones.
guardProcessEvents();
installExitGuards();
guardMicrotasks();
installGuards();

export type { AccessName, DesiredAccess } from './access-mask';
export type { AccessTarget } from './can-access';
export { lookupAccount, type Account } from './account';
export type * from './diagnostics/messages';
export { enablePrivileges } from './enable-privileges';
export { ImpersonationError } from './error';
export { impersonate, runSync, withoutToken } from './in-flow';
export { Impersonation } from './impersonation';
export { ImpersonatedWorker, type ImpersonatedWorkerOptions } from './impersonated-worker';
export type { ImpersonationLevel } from './level';
export type { Handshake, HandshakeStep, Negotiator } from './negotiate/negotiator';
export { NegotiateServer, type NegotiateServerOptions } from './negotiate/server';
export { setStrictHandles } from './open-handles';
export { connectPeer, type ConnectPeerOptions } from './peers/connect';
export type { PeerServerOptions } from './peers/options';
export { createPeerServer, PeerServer, type PeerListener, type PeerServerEvents } from './peers/peer-server';
export type { Principal, Privilege } from './principal';
export type { IntegrityLevel, RestrictFlag, RestrictOptions } from './restrictions';
export type { ShareOptions } from './share';
export type { ForIdsOptions } from './sources/for-ids';
export type { ForUserOptions } from './sources/for-user';
export type { IisOptions } from './sources/iis';
export type { LogonOptions, LogonType } from './sources/logon';
export { Token } from './token';
export { TokenCache, type TokenCacheOptions } from './token-cache';
