const nothing = () => undefined;

function setup({ token, nothing: native }) {
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

export const cases = [
  { name: 'runSync, same token nested', against: 'a native call that does nothing', setup },
];
