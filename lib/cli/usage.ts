/** What was typed can't be meant: said with a hint, and no command is started. */
export class UsageError extends Error {}

export const USAGE = `usage: lastbyte run [options] [--] COMMAND [ARGUMENT…]
       lastbyte run [options] --file COMMANDS [--parallel N]
       lastbyte --help | --version

Runs a command and prints its output as it comes; or a file of commands, one a line, N at a time.

  --json             print events as JSON lines: stdout, stderr, reaped, exit, in their order
  --shell            COMMAND is a command line for /bin/sh, the arguments are its $1, $2 …
  --timeout TIME     end a command after this time: 500ms, 10s, 5m, 2h (a number alone: seconds)
  --kill-after TIME  from SIGTERM to SIGKILL for the whole process group; default 2s
  --cwd DIRECTORY    run there
  --env NAME=VALUE   set a variable; may be given again
  --file FILE        commands, one a line, each for /bin/sh; empty lines and lines that begin with # are left out;
                     - reads them from stdin
  --parallel N       so many at a time; default: as many as there are processors

The exit code is the command's, as a shell tells it: 128 + n where signal n ended it, 127 where it was not found, 126 where
it could not be run; and 124 where it timed out, 125 where lastbyte itself failed. With --file: 0 where all commands
succeeded, else 1.
`;
