/** `hi\n` on stdout, nothing on stderr: a start, two pipes read to their ends, a status. */
export const echo = { file: '/bin/echo', args: ['hi'], bytes: 3 };
export const nothing = { file: '/bin/true', args: [], bytes: 0 };

export const ofBound = ['bound'];
export const ofShell = ['shell'];
export const ofChildProcess = ['child_process', 'child_process-newest'];
