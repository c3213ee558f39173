import type { Name } from './steps';

/** A scope of the model's. */
export interface Frame {
  readonly kind: 'runSync' | 'using' | 'baseline';
  /** Undefined in a baseline frame. */
  readonly who: Name | undefined;
}

/** How a scope is left. */
export type Left = 'in order' | 'unwound' | 'held' | 'not open';

/** The scopes of one thread, and who is in effect: what the product promises. */
export class Model {
  readonly #frames: Frame[] = [];
  /** What the thread is beneath all scopes; undefined for the process. */
  readonly #pinned: Name | undefined;

  constructor(pinned?: Name) {
    this.#pinned = pinned;
  }

  get depth(): number {
    return this.#frames.length;
  }

  /** Whether the thread is what it is at all. */
  /** Whether the innermost frame is a scope of a user. */
  get isInScope(): boolean {
    return this.#frames.at(-1)?.who !== undefined;
  }

  get isOutside(): boolean {
    return this.depth === 0;
  }

  enter(kind: 'runSync' | 'using', who: Name): Frame {
    const frame: Frame = { kind, who };
    this.#frames.push(frame);
    return frame;
  }

  /** Undefined where there is nothing to be put aside. */
  enterBaseline(): Frame | undefined {
    if (this.isOutside && this.#pinned === undefined) return undefined;
    const frame: Frame = { kind: 'baseline', who: undefined };
    this.#frames.push(frame);
    return frame;
  }

  /** A callback has ended, and with it what native code has held for it. */
  end(frame: Frame | undefined): void {
    const index = frame ? this.#frames.indexOf(frame) : -1;
    if (index >= 0) this.#frames.length = index;
  }

  /** `revert()` of a scope. */
  revert(frame: Frame): Left {
    const index = this.#frames.indexOf(frame);
    if (index < 0) return 'not open';
    if (this.#frames.slice(index).some(({ kind }) => kind !== 'using')) return 'held';
    const isInnermost = index === this.depth - 1;
    this.#frames.length = index;
    return isInnermost ? 'in order' : 'unwound';
  }

  isOpen(frame: Frame): boolean {
    return this.#frames.includes(frame);
  }

  /** Who the thread is; undefined for the process. */
  get onThread(): Name | undefined {
    return this.isOutside ? this.#pinned : this.#frames.at(-1)?.who;
  }

  /** Who the running code acts as in that flow: null in one that has gone back to the process. */
  inEffect(flow: Name | null | undefined): Name | undefined {
    const inner = this.#frames.at(-1)?.who;
    return inner ?? this.flowOf(flow);
  }

  /** The flow's, or what code outside of every flow carries on a pinned thread. */
  flowOf(flow: Name | null | undefined): Name | undefined {
    return flow === undefined ? this.#pinned : (flow ?? undefined);
  }
}
