// One measurement in a process of its own: worker.mjs '{"driver": …, "trial": …, "spec": …}' prints one line of JSON,
// null where the driver can't do what the trial needs.
import { loadDriver } from './drivers/index.mjs';
import { loadTrial } from './trials/index.mjs';

const request = JSON.parse(process.argv[2]);
const driver = await loadDriver(request.driver);
const trial = await loadTrial(request.trial);
const operations = await driver.load();
const able = operations[trial.needs] !== undefined;
console.log(JSON.stringify(able ? await trial.measure(operations, request.spec) : null));
process.exit(0);
