import { dirname, join } from 'node:path';

/**
 * The binaries that are there, best first: a build from source, then what prebuildify made for this platform, in the
 * package or beside the program that Node is embedded in. `LASTBYTE_PREBUILD=<folder>` stands in for the package.
 * Names and order are node-gyp-build's; that package itself would take three of the five milliseconds of our import.
 */
export function findBinaries(packageRoot: string): string[] {
  const { existsSync } = process.getBuiltinModule('node:fs');
  // The other C library's binary is tried too: not every musl system is Alpine.
  const libraries = existsSync('/etc/alpine-release') ? ['musl', 'glibc'] : ['glibc', 'musl'];
  const root = process.env.LASTBYTE_PREBUILD ?? packageRoot;
  const platform = join('prebuilds', `${process.platform}-${process.arch}`);
  const prebuilt = (folder: string) => libraries.map((library) => join(folder, platform, `lastbyte.${library}.node`));
  return [join(root, 'build/Release/lastbyte.node'), ...prebuilt(root), ...prebuilt(dirname(process.execPath))].filter(
    (file) => existsSync(file),
  );
}
