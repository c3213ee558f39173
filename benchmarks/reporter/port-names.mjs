/** The names of the ports in reports. */
export const portNames = { linux: 'Linux', win32: 'Windows, under Wine' };
