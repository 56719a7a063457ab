// A fresh process that does nothing but load one module: import-probe.mjs URL prints the milliseconds.
const start = performance.now();
await import(process.argv[2]);
console.log(performance.now() - start);
process.exit(0);
