/** As a reader knows the ports. */
export const portNames = { linux: 'Linux', win32: 'Windows, under Wine' };
