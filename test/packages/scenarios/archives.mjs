// Packages that read and write archives.
import fs from 'node:fs';
import path from 'node:path';

const zipOf = ({ folder, key }) => path.join(folder, `archive-of-${key}.zip`);
const named = (prefix, { user, n }) => `${prefix}-${user.key}-${n}`;

/** Puts an archive with the text of each target into its folder. */
async function makeArchives({ load, users, service }) {
  const JSZip = await load('jszip-3');
  for (const target of [...users, service]) {
    const bytes = await new JSZip().file('inside', target.text).generateAsync({ type: 'nodebuffer' });
    fs.writeFileSync(zipOf(target), bytes, { mode: 0o600 });
    fs.chownSync(zipOf(target), target.uid, target.uid);
  }
}

const textOf = (stream) =>
  new Promise((resolve, reject) => {
    let text = '';
    stream
      .on('data', (part) => (text += part))
      .on('end', () => resolve(text))
      .on('error', reject);
  });

export const scenarios = {
  unzipper: {
    versions: ['0'],
    did: 'opens archives by `Open.file`, and extracts into the folder',
    setup: makeArchives,
    async work(target, context) {
      const unzipper = await context.load();
      const archive = await unzipper.Open.file(zipOf(target));
      const text = await archive.files[0].buffer();
      await archive.extract({ path: path.join(target.folder, named('unzipped', context)) });
      return String(text);
    },
  },
  yauzl: {
    versions: ['2', '3'],
    did: 'opens archives by `open`, and reads entries as streams',
    setup: makeArchives,
    async work(target, { load }) {
      const yauzl = await load();
      return new Promise((resolve, reject) => {
        yauzl.open(zipOf(target), { lazyEntries: true }, (error, zip) => {
          if (error) return reject(error);
          zip.on('entry', (entry) =>
            zip.openReadStream(entry, (problem, stream) =>
              problem ? reject(problem) : resolve(textOf(stream)),
            ),
          );
          zip.on('error', reject);
          return zip.readEntry();
        });
      });
    },
  },
  archiver: {
    versions: ['6', '7'],
    did: 'archives files and folders by path into a file',
    async work(target, context) {
      const archiver = await context.load();
      const to = path.join(target.folder, named('archive', context));
      await new Promise((resolve, reject) => {
        const archive = archiver('zip', { store: true });
        const output = fs.createWriteStream(to).once('error', reject).once('close', resolve);
        archive.once('error', reject).once('warning', reject);
        archive.file(target.file, { name: 'one' });
        archive.pipe(output);
        archive.finalize();
      });
      return fs.readFileSync(to);
    },
  },
  'adm-zip': {
    versions: ['0'],
    did: 'opens archives by path, adds local files, writes and extracts',
    setup: makeArchives,
    async work(target, context) {
      const AdmZip = await context.load();
      const zip = new AdmZip(zipOf(target));
      zip.addLocalFile(target.file);
      zip.writeZip(path.join(target.folder, named('adm', context)));
      zip.extractAllTo(path.join(target.folder, named('all', context)), true);
      return zip.readAsText('inside');
    },
  },
  jszip: {
    versions: ['2', '3'],
    did: 'adds what `fs` has read, and writes',
    async work(target, context) {
      const JSZip = await context.load();
      const zip = new JSZip().file('inside', await fs.promises.readFile(target.file));
      const bytes = zip.generateAsync
        ? await zip.generateAsync({ type: 'nodebuffer' })
        : zip.generate({ type: 'nodebuffer' });
      await fs.promises.writeFile(path.join(target.folder, named('jszip', context)), bytes);
      return bytes;
    },
  },
  exceljs: {
    versions: ['3', '4'],
    did: 'writes a workbook by `writeFile`, also streamed, and reads it by `readFile`',
    async work(target, context) {
      const Excel = await context.load();
      const file = path.join(target.folder, named('book', context));
      if (context.n % 5 === 0) {
        const streamed = new Excel.stream.xlsx.WorkbookWriter({ filename: `${file}.streamed` });
        streamed.on?.('error', () => {});
        await streamed.addWorksheet('one').commit();
        await streamed.commit();
      }
      const book = new Excel.Workbook();
      book.addWorksheet('one').addRow([target.text]);
      await book.xlsx.writeFile(file);
      const read = new Excel.Workbook();
      await read.xlsx.readFile(file);
      return read.getWorksheet('one').getCell('A1').value;
    },
  },
};
