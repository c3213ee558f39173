// The main process. It has no rights of its own: it passes requests of its window on to the helper.
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, dialog, ipcMain } from 'electron';
import { Helper } from './helper-client.mjs';

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const helper = new Helper();

ipcMain.handle('whoami', () => helper.request('whoami'));
ipcMain.handle('list', () => helper.request('list'));
// The window cannot name a file: the user chooses it.
ipcMain.handle('import', async () => {
  const { filePaths } = await dialog.showOpenDialog({ properties: ['openFile'] });
  return filePaths.length > 0 ? helper.request('import', { path: filePaths[0] }) : null;
});

// Not `await`: the event `ready` comes only after this module has been loaded.
app.whenReady().then(async () => {
  const window = new BrowserWindow({
    width: 480,
    height: 360,
    webPreferences: { preload: fileOf('preload.cjs'), sandbox: true, contextIsolation: true },
  });
  await window.loadFile(fileOf('index.html'));
});
app.on('window-all-closed', () => app.quit());
