import { max, percentile } from '../../bench/lib/stats.mjs';

/** What one contender did, over all its rounds. */
export class Tally {
  executions = 0;
  bytes = 0;
  lostBytes = 0;
  wrong = [];
  violations = [];
  milliseconds = 0;
  mainUs = 0;
  delays = [];

  /** One execution beside what it should have said. */
  add({ path, line }, { code, stdout, stderr }, order) {
    this.executions++;
    this.bytes += stdout.length;
    this.lostBytes += Math.max(0, line.length - stdout.length);
    if (code !== 0 || stderr.length > 0 || !stdout.equals(line)) {
      this.wrong.push(`${path}: exit code ${code}, said ${JSON.stringify(`${stdout}${stderr}`)}`);
    }
    for (const violation of order.violations) this.violations.push(`${path}: ${violation}`);
  }

  get faults() {
    return this.lostBytes + this.wrong.length + this.violations.length;
  }

  get figures() {
    return {
      rate: this.executions / (this.milliseconds / 1000),
      p50: percentile(this.delays, 0.5),
      p99: percentile(this.delays, 0.99),
      max: max(this.delays),
      mainUs: this.mainUs / this.executions,
    };
  }
}
