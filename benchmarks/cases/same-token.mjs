export const name = 'runSync, same token nested';
export const against = 'a native call that does nothing';

const nothing = () => undefined;

export function setup({ token, nothing: native }) {
  return {
    // One outermost switch for all the rest of the round.
    subject: (count) => {
      token.runSync(() => {
        for (let i = 1; i < count; i++) token.runSync(nothing);
      });
    },
    baseline: (count) => {
      for (let i = 0; i < count; i++) native();
    },
  };
}
