// The sanitizer's runtime is loaded into this worker by now. The children that the tests start must not inherit it; the
// hosts that load the addon themselves (support/host.ts) need it again.
if (process.env.LD_PRELOAD !== undefined) process.env.LASTBYTE_ASAN_PRELOAD = process.env.LD_PRELOAD;
delete process.env.LD_PRELOAD;
