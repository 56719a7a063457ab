// What is broken on purpose, one at a time. `from` stands once in native/core/<file>. `build` is the sanitizer that has
// to see it: none, where a test's own assertion does.
export const core = (file, name, from, to, more = {}) => ({ file: `native/core/${file}`, name, from, to, ...more });
