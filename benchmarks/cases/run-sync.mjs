export const name = 'runSync';
export const against = 'two bare switches';

const nothing = () => undefined;

export function setup({ token, floor }) {
  return {
    subject: (count) => {
      for (let i = 0; i < count; i++) token.runSync(nothing);
    },
    baseline: floor,
  };
}
