import assert from 'node:assert/strict';
import { setImmediate as immediate, setTimeout as timer } from 'node:timers/promises';
import { impersonate, runSync, Token, withoutToken, type Impersonation } from 'impersonate';
import { readFile } from 'impersonate/fs';
import { caught, type Caught } from '../errors';
import { world } from '../world/world';
import { Model, type Frame } from './model';
import {
  credentialsNow,
  expectedCredentials,
  inText,
  lower,
  lowered,
  mayOpen,
  userOf,
  type Credentials,
} from './people';
import { owners, type AsyncStep, type Ends, type Name, type Owner, type SyncStep } from './steps';

/** Null inside withoutToken(), undefined outside every flow. */
type Flow = Name | null | undefined;

export interface Setting {
  /** The tokens of the walk, which closes them. */
  readonly tokens: Map<Name, Token>;
  /** The path of each owner's file. */
  readonly files: Readonly<Record<Owner, string>>;
  /** The credentials of the process; undefined on Windows. */
  readonly base: Credentials | undefined;
  /** The identity of the thread beneath all scopes. */
  readonly pinned?: Name;
  /** Runs steps on a pinned thread. */
  readonly threads?: readonly ((body: SyncStep[]) => Promise<number>)[];
}

/** A scope that `revert` may choose. */
interface Opened {
  readonly scope: Impersonation;
  readonly frame: Frame;
}

const mine = new Error('of the walk');

/** Runs the steps of a walk on one thread, and checks the effective identity by the kernel after each. */
export class Walker {
  /** The number of steps run. */
  steps = 0;
  readonly #model: Model;
  readonly #setting: Setting;
  #base: Credentials | undefined;
  #opened: Opened[] = [];
  #started: Promise<void>[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#base = setting.base;
    this.#model = new Model(setting.pinned);
  }

  /** Runs steps outside every flow, and waits for the work that they start. */
  async walk(steps: AsyncStep[]): Promise<void> {
    try {
      this.#check(undefined);
      await this.#walk(steps, undefined);
    } finally {
      await this.settle();
      if (this.#base !== this.#setting.base) this.#changeCredentials(false);
    }
    this.#check(undefined);
  }

  /** Waits for the work that the steps have started. */
  async settle(): Promise<void> {
    while (this.#started.length > 0) {
      const outcomes = await Promise.allSettled(this.#started.splice(0));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    }
  }

  /** Runs the steps of one callback in that flow. */
  sync(steps: SyncStep[], flow: Flow): void {
    const outside = this.#opened.length;
    let isDone = false;
    try {
      for (const step of steps) {
        this.#take(step, flow);
        this.#check(flow);
      }
      isDone = true;
    } finally {
      for (const opened of this.#opened.splice(outside).reverse()) {
        if (isDone) this.#revert(opened);
        else opened.scope.revert();
      }
    }
    this.#check(flow);
  }

  #token(name: Name): Token {
    const token = this.#setting.tokens.get(name);
    assert(token);
    return token;
  }

  #check(flow: Flow): void {
    this.steps++;
    const who = this.#model.onThread;
    const [base, now] = [this.#base, credentialsNow()];
    assert.equal(world.whoAmI(), userOf(who, base), 'who the thread is');
    if (base && now) {
      const isUser = who !== undefined;
      const expected = who === undefined ? base : expectedCredentials(base, who);
      assert.equal(inText(now, isUser), inText(expected, isUser), 'what the kernel has of the thread');
    }
    // One of the three each time.
    const owner = owners[this.steps % owners.length] as Owner;
    const may = mayOpen(who, owner, base);
    const can = owner === 'service' ? world.canOpenService() : world.canOpen(world[owner]);
    assert.equal(can, may ?? can, `whether ${owner}'s can be opened`);
    const acting = this.#model.inEffect(flow);
    assert.equal(Token.current().user.id, userOf(acting, base), 'Token.current()');
    this.#checkThread(who);
  }

  #checkThread(who: Name | undefined): void {
    const thread = Token.thread();
    const user = thread?.user.id;
    thread?.close();
    if (who === undefined) assert.equal(user, undefined, 'Token.thread()');
    // With the process's own token a thread may be as without one.
    else if (who !== 'service' || user !== undefined)
      assert.equal(user, userOf(who, this.#base), 'Token.thread()');
  }

  #take(step: SyncStep, flow: Flow): void {
    switch (step.step) {
      case 'runSync': {
        const { who, body, ends } = step;
        this.#inFrame(who, body, flow, ends, (fn) => this.#token(who).runSync(fn));
        return;
      }
      case 'using': {
        const { who, body, ends } = step;
        this.#inScope(() => this.#token(who).impersonate(), who, body, flow, ends);
        return;
      }
      case 'flowRunSync': {
        const who = this.#model.flowOf(flow);
        if (who === undefined) {
          this.#throws('ERR_NO_TOKEN', () => runSync(() => {}));
          return;
        }
        this.#inFrame(who, step.body, flow, step.ends, (fn) => runSync(fn));
        return;
      }
      case 'flowUsing': {
        const who = this.#model.flowOf(flow);
        if (who === undefined) {
          this.#throws('ERR_NO_TOKEN', () => impersonate());
          return;
        }
        this.#inScope(() => impersonate(), who, step.body, flow, step.ends);
        return;
      }
      case 'withoutToken': {
        this.#ending(step.ends, (end) => {
          withoutToken(() => {
            const frame = this.#model.enterBaseline();
            try {
              this.sync(step.body, null);
            } finally {
              this.#model.end(frame);
            }
            end();
          });
        });
        return;
      }
      case 'open': {
        const scope = this.#token(step.who).impersonate();
        this.#opened.push({ scope, frame: this.#model.enter('using', step.who) });
        return;
      }
      case 'revert': {
        const opened = this.#opened.at(-1 - step.nth);
        if (opened) this.#revert(opened);
        return;
      }
      case 'renew': {
        this.#renew(step.who, step.how);
        return;
      }
      case 'read':
        this.#started.push(this.#read(step.file, flow));
        return;
      case 'refused': {
        this.#refused(step.what);
        return;
      }
    }
  }

  #ending(ends: Ends, run: (end: () => void) => void): void {
    let isOver = false;
    const end = (): void => {
      isOver = true;
      if (ends === 'throws') throw mine;
    };
    try {
      run(end);
      assert(ends === 'returns', 'what the callback threw came through');
    } catch (error) {
      if (error !== mine) throw error;
    }
    assert(isOver, 'the callback was called');
  }

  #inFrame(who: Name, body: SyncStep[], flow: Flow, ends: Ends, enter: (fn: () => void) => void): void {
    this.#ending(ends, (end) => {
      enter(() => {
        const frame = this.#model.enter('runSync', who);
        try {
          this.#check(flow);
          this.sync(body, flow);
        } finally {
          this.#model.end(frame);
        }
        end();
      });
    });
  }

  #inScope(open: () => Impersonation, who: Name, body: SyncStep[], flow: Flow, ends: Ends): void {
    this.#ending(ends, (end) => {
      const opened = { scope: open(), frame: this.#model.enter('using', who) };
      this.#opened.push(opened);
      let isDone = false;
      try {
        this.#check(flow);
        this.sync(body, flow);
        isDone = true;
        end();
      } finally {
        this.#opened = this.#opened.filter((other) => other !== opened);
        if (isDone) this.#revert(opened);
        else opened.scope.revert();
      }
    });
  }

  #revert({ scope, frame }: Opened): void {
    const left = this.#model.revert(frame);
    if (left === 'held' || left === 'unwound')
      this.#throws('ERR_SCOPE_ORDER', () => {
        scope.revert();
      });
    else scope.revert();
    assert.equal(scope.active, this.#model.isOpen(frame), 'whether the scope is open');
  }

  #throws(code: string, fn: () => unknown): void {
    const depth = this.#model.depth;
    assert.equal(caught(fn).code, code);
    assert.equal(this.#model.depth, depth);
  }

  #renew(who: Name, how: 'duplicate' | 'claim'): void {
    const old = this.#token(who);
    const next = how === 'claim' ? Token.claim(old.share()) : old.duplicate();
    old.close();
    this.#setting.tokens.set(who, next);
    this.#throws('ERR_TOKEN_CLOSED', () => {
      old.runSync(() => {});
    });
    this.#throws('ERR_TOKEN_CLOSED', () => old.impersonate());
  }

  /** Reads as the identity in effect at the call, whatever happens after it. */
  #read(file: Owner, flow: Flow): Promise<void> {
    const who = this.#model.inEffect(flow);
    const expected = who === undefined ? undefined : mayOpen(who, file, this.#base);
    const judge = (outcome: string): void => {
      if (who === undefined) assert.equal(outcome, 'ERR_NO_TOKEN', `reading ${file}'s`);
      else if (expected !== undefined)
        assert.equal(outcome, expected ? `of ${file}` : 'denied', `${who} reading ${file}'s`);
    };
    return readFile(this.#setting.files[file], 'utf8').then(judge, (error: unknown) => {
      const { code } = error as Caught;
      judge(code === 'EACCES' || code === 'EPERM' ? 'denied' : String(code));
    });
  }

  #refused(what: (SyncStep & { step: 'refused' })['what']): void {
    const alice = this.#token('alice');
    const never = (): never => assert.fail('called');
    switch (what) {
      case 'async': {
        this.#throws('ERR_INVALID_ARG_VALUE', () => alice.runSync(async () => Promise.resolve(never())));
        return;
      }
      case 'promise': {
        this.#throws('ERR_ASYNC_RESULT', () => alice.runSync(() => Promise.resolve()));
        return;
      }
      case 'level': {
        const looked = alice.duplicate({ level: 'identification' });
        this.#throws('ERR_TOKEN_LEVEL', () => looked.runSync(never));
        this.#throws('ERR_TOKEN_LEVEL', () => looked.impersonate());
        looked.close();
        return;
      }
      case 'run':
        if (this.#model.isInScope) this.#throws('ERR_SCOPE_ACTIVE', () => alice.run(never));
        return;
      case 'credentials':
        if (!this.#model.isOutside) this.#refusesCredentials();
        return;
    }
  }

  #refusesCredentials(): void {
    // Absent on workers and on Windows.
    const { seteuid, setegid } = process;
    if (seteuid) this.#throws('ERR_SCOPE_ACTIVE', () => (seteuid(0), undefined));
    if (setegid) this.#throws('ERR_SCOPE_ACTIVE', () => (setegid(lowered.gid), undefined));
  }

  #changeCredentials(isLowered: boolean): void {
    const { base } = this.#setting;
    if (!base) return;
    const [uid = NaN, gid = NaN] = [base.uids[1], base.gids[1]];
    if (isLowered) {
      process.setegid?.(lowered.gid);
      process.seteuid?.(lowered.uid);
    } else {
      process.seteuid?.(uid);
      process.setegid?.(gid);
    }
    this.#base = isLowered ? lower(base) : base;
    // A token that was made before has the ids that the process had then.
    this.#token('service').close();
    this.#setting.tokens.set('service', Token.process());
  }

  async #walk(steps: AsyncStep[], flow: Flow): Promise<void> {
    for (const step of steps) {
      await this.#go(step, flow);
      this.#check(flow);
    }
  }

  async #go(step: AsyncStep, flow: Flow): Promise<void> {
    switch (step.step) {
      case 'sync':
        this.sync(step.body, flow);
        return;
      case 'pause':
        return pauses[step.how]();
      case 'flow': {
        const { who, body, ends } = step;
        return this.#inFlow(ends, (end) =>
          this.#token(who).run(async () => {
            this.#check(who);
            await this.#walk(body, who);
            end();
          }),
        );
      }
      case 'apart':
        return withoutToken(async () => {
          this.#check(null);
          await this.#walk(step.body, null);
        });
      case 'together': {
        const outcomes = await Promise.allSettled(step.bodies.map((body) => this.#walk(body, flow ?? null)));
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
        return;
      }
      case 'pinned': {
        const taken = this.#setting.threads?.[step.thread]?.(step.body);
        if (!taken) return;
        const counted = taken.then((steps) => {
          this.steps += steps;
        });
        if (step.wait) await counted;
        else this.#started.push(counted);
        return;
      }
      case 'credentials':
        // Pending work of other flows may run under a user's identity at this moment.
        if (flow !== undefined) return;
        await this.settle();
        if (this.#setting.threads) this.#refusesCredentials();
        else this.#changeCredentials(step.lowered);
        return;
    }
  }

  async #inFlow(ends: Ends, run: (end: () => void) => Promise<void>): Promise<void> {
    const end = (): void => {
      if (ends === 'throws') throw mine;
    };
    try {
      await run(end);
      assert(ends === 'returns', 'what the flow threw came through');
    } catch (error) {
      if (error !== mine) throw error;
    }
  }
}

const pauses = {
  microtask: () => Promise.resolve(),
  tick: () =>
    new Promise<void>((resolve) => {
      process.nextTick(resolve);
    }),
  immediate: () => immediate(undefined),
  timer: () => timer(1, undefined),
} as const;
