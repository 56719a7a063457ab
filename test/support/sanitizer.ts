/** The addon has ASan in it: everything is slower and takes more memory. Skip what measures time or memory, no more. */
export const underAsan = process.env.LASTBYTE_ASAN === '1';
