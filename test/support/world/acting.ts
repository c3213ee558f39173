import { world, type Identity } from './world';

const other = (who: Identity): Identity => (who.key === 'alice' ? world.bob : world.alice);

/** The calling thread is `who` for the kernel: what it is called and what it may open. */
export function expectActingAs(who: Identity): void {
  expect({
    user: world.whoAmI(),
    own: world.canOpen(who),
    others: world.canOpen(other(who)),
    service: world.canOpenService(),
  }).toEqual({ user: who.id, own: true, others: false, service: false });
}

export function expectActingAsService(): void {
  expect({ user: world.whoAmI(), service: world.canOpenService() }).toEqual({
    user: world.serviceId,
    service: true,
  });
}
