import type { Name } from './steps';

/** A scope in the model. */
export interface Frame {
  readonly kind: 'runSync' | 'using' | 'baseline';
  /** Undefined in a baseline frame. */
  readonly who: Name | undefined;
}

/** How a scope ends. */
export type Left = 'in order' | 'unwound' | 'held' | 'not open';

/** The scopes of one thread and the effective identity, as the product promises them. */
export class Model {
  readonly #frames: Frame[] = [];
  /** The identity beneath all scopes; undefined for the process. */
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

  /** Undefined if there is nothing to suspend. */
  enterBaseline(): Frame | undefined {
    if (this.isOutside && this.#pinned === undefined) return undefined;
    const frame: Frame = { kind: 'baseline', who: undefined };
    this.#frames.push(frame);
    return frame;
  }

  /** Ends a callback, and the scopes that native code has held for it. */
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

  /** The effective identity of the thread; undefined for the process. */
  get onThread(): Name | undefined {
    return this.isOutside ? this.#pinned : this.#frames.at(-1)?.who;
  }

  /** The identity of the running code in that flow: null inside withoutToken(). */
  inEffect(flow: Name | null | undefined): Name | undefined {
    const inner = this.#frames.at(-1)?.who;
    return inner ?? this.flowOf(flow);
  }

  /** The identity of the flow, or of code outside every flow on a pinned thread. */
  flowOf(flow: Name | null | undefined): Name | undefined {
    return flow === undefined ? this.#pinned : (flow ?? undefined);
  }
}
