const nothing = () => undefined;

function setup({ token, floor }) {
  return {
    subject: (count) => {
      for (let i = 0; i < count; i++) token.runSync(nothing);
    },
    baseline: floor,
  };
}

export const cases = [{ name: 'runSync', against: 'two bare switches', setup }];
