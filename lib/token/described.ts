import type { NativeDescription } from '../../types/native';
import { levelName, type ImpersonationLevel } from './level';
import { toPrincipal, type Principal, type Privilege } from './principal';

/** What a token says of itself. The kernel is asked once, at the first question. */
export abstract class Described {
  #description: NativeDescription | undefined;

  /** @internal */
  protected abstract describe(): NativeDescription;

  get user(): Principal {
    return toPrincipal(this.#known.user);
  }

  /** The groups that grant access: neither disabled nor deny-only ones, nor the logon session's. */
  get groups(): readonly Principal[] {
    return this.#known.groups.map(toPrincipal);
  }

  /** The groups that only deny access. Windows; empty elsewhere. */
  get denyOnlyGroups(): readonly Principal[] {
    return this.#known.denyOnlyGroups.map(toPrincipal);
  }

  /** Win32 privileges, or on Linux the capabilities that the identity keeps. */
  get privileges(): readonly Privilege[] {
    return this.#known.privileges.map(({ name, enabled }) => Object.freeze({ name, enabled }));
  }

  /** Null for a primary token. */
  get level(): ImpersonationLevel | null {
    const { level } = this.#known;
    return level === null ? null : levelName(level);
  }

  get type(): 'primary' | 'impersonation' {
    return this.#known.level === null ? 'primary' : 'impersonation';
  }

  /** The SID of the logon session; null where there is none, and on Linux. */
  get logonId(): string | null {
    return this.#known.logonId || null;
  }

  get isAnonymous(): boolean {
    return this.#known.anonymous;
  }

  /** @internal What was learned is not answered any more. */
  protected forget(): void {
    this.#description = undefined;
  }

  get #known(): NativeDescription {
    return (this.#description ??= this.describe());
  }
}
