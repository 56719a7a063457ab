/**
 * The contract, watched from outside: ( output )* exit, with one reaped before exit, and the answer after it.
 * `child_process` calls reaped 'exit', and exit 'close'.
 */
export class OrderWatch {
  violations = [];
  #reaped = 0;
  #exits = 0;

  output() {
    if (this.#exits > 0) this.violations.push('output after exit');
  }

  reaped() {
    if (this.#exits > 0) this.violations.push('reaped after exit');
    if (++this.#reaped > 1) this.violations.push('reaped twice');
  }

  exit() {
    if (this.#reaped === 0) this.violations.push('exit before reaped');
    if (++this.#exits > 1) this.violations.push('exit twice');
  }

  answered() {
    if (this.#exits === 0) this.violations.push('answer before exit');
  }
}
