function setup({ token, floor }) {
  return {
    subject: (count) => {
      for (let i = 0; i < count; i++) token.impersonate().revert();
    },
    baseline: floor,
  };
}

export const cases = [{ name: 'impersonate() and revert()', against: 'two bare switches', setup }];
