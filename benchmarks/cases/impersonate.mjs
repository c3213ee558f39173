export const name = 'impersonate() and revert()';
export const against = 'two bare switches';

export function setup({ token, floor }) {
  return {
    subject: (count) => {
      for (let i = 0; i < count; i++) token.impersonate().revert();
    },
    baseline: floor,
  };
}
