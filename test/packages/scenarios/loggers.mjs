// Loggers of the service, which open the next file in a call of a request.
import assert from 'node:assert';
import path from 'node:path';

const did = 'logs lines in flows, with files that are small: the next ones are opened in a flow';
const size = 2000;
const fileIn = ({ folder }) => path.join(folder, 'log');

export const scenarios = {
  winston: {
    versions: ['2', '3'],
    did,
    async setup(context) {
      const winston = await context.load();
      const transports = [
        new winston.transports.File({ filename: fileIn(context), maxsize: size, json: true }),
      ];
      return context.version === '2'
        ? new winston.Logger({ transports })
        : winston.createLogger({ transports });
    },
    log: (line, { made }) => void made.info(line),
    end: ({ made }) => made.end?.(),
  },
  'winston-daily-rotate-file': {
    versions: ['4', '5'],
    did,
    async setup(context) {
      const Rotating = await context.load();
      const { createLogger } = await context.load('winston-3');
      const transport = new Rotating({
        filename: `${fileIn(context)}-%DATE%`,
        maxSize: '1k',
        auditFile: path.join(context.folder, 'audit'),
      });
      return createLogger({ transports: [transport] });
    },
    log: (line, { made }) => void made.info(line),
    end: ({ made }) => made.end(),
  },
  log4js: {
    versions: ['5', '6'],
    did: `${did}, by the appenders \`file\` and \`fileSync\``,
    async setup(context) {
      const log4js = await context.load();
      const appender = { maxLogSize: size, backups: 100 };
      const appenders = {
        file: { type: 'file', filename: fileIn(context), ...appender },
        sync: { type: 'fileSync', filename: `${fileIn(context)}-sync`, ...appender },
      };
      const inFlow = () => context.alice.token.run(() => log4js.configure({ appenders: {}, categories: {} }));
      assert.throws(inFlow, { code: 'ERR_NOT_ROUTED' });
      log4js.configure({
        appenders,
        categories: { default: { appenders: ['file', 'sync'], level: 'info' } },
      });
      return log4js;
    },
    log: (line, { made }) => void made.getLogger().info(line),
    end: ({ made }) => new Promise((resolve) => made.shutdown(resolve)),
  },
  'rotating-file-stream': {
    versions: ['2', '3'],
    did,
    async setup(context) {
      const { createStream } = await context.load();
      let count = 0;
      return createStream((time) => (time ? `log.${(count += 1)}` : 'log'), {
        path: context.folder,
        size: '2K',
      });
    },
    log: (line, { made }) => void made.write(`${line}\n`),
    end: ({ made }) => void made.end(),
  },
  'file-stream-rotator': {
    versions: ['0', '1'],
    did,
    async setup(context) {
      const { getStream } = await context.load();
      const options = {
        filename: fileIn(context),
        size: '1k',
        verbose: false,
        end_stream: true,
        audit_file: path.join(context.folder, 'audit'),
      };
      return context.version === '0'
        ? (await context.load()).getStream({ ...options, frequency: 'daily' })
        : getStream({ ...options, max_logs: 100 });
    },
    log: (line, { made }) => void made.write(`${line}\n`),
    end: ({ made }) => made.end(),
  },
  pino: {
    versions: ['8', '9'],
    did: 'logs lines in flows, synchronously and not, and opens the file again in a flow',
    async setup(context) {
      const pino = await context.load();
      const destinations = [true, false].map((sync) =>
        pino.destination({ dest: `${fileIn(context)}-${sync}`, sync }),
      );
      return { destinations, loggers: destinations.map((each) => pino(each)) };
    },
    log(line, { made, n }) {
      for (const logger of made.loggers) logger.info(line);
      if (n % 50 === 49) for (const each of made.destinations) each.reopen();
    },
    end({ made }) {
      for (const each of made.destinations) each.end();
    },
  },
};
