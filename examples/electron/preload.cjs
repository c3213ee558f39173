// What the window's page may ask for. The page has no Node and no package: it cannot load an addon.
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('helper', {
  whoami: () => ipcRenderer.invoke('whoami'),
  list: () => ipcRenderer.invoke('list'),
  import: () => ipcRenderer.invoke('import'),
});
