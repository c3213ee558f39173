export {
  actAs,
  authenticate,
  expressAuthentication,
  fastifyAuthentication,
  iisAuthentication,
  koaAuthentication,
} from './http.js';
export type * from './http.js';
