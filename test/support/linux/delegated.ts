import { product } from '../paths';

/**
 * Source for a child with a KDC. `accept(user, delegate)`: the token of a client with that user's tickets, which forwards its
 * ticket if `delegate` is true. `delegated(user)`: with a forwarded ticket. One call at a time, as the tickets are those of
 * the process. `tickets` are those of alice.
 */
export const delegatedSource = (tickets: string): string => `
  const { NegotiateClient, NegotiateServer, withoutToken } = require(${JSON.stringify(product)});
  const ticketsOf = (user) => ${JSON.stringify(tickets)}.replace('alice', user);
  const messageOf = async (user, delegate) => {
    process.env.KRB5CCNAME = ticketsOf(user);
    const client = new NegotiateClient();
    const { message } = await client.handshake({ target: 'HTTP/localhost', delegate }).step();
    delete process.env.KRB5CCNAME;
    client.close();
    return message;
  };
  const accept = async (user, delegate) => {
    const server = new NegotiateServer();
    const { token } = await server.handshake().step(await messageOf(user, delegate));
    server.close();
    return token;
  };
  const delegated = (user) => accept(user, true);
`;
