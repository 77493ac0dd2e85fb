/**
 * Runs random histories of the guard and an account in which anything may go wrong. Stops at the first one that breaks a
 * law, and prints it as short as possible.
 *
 * Usage: node test/guard/rollback/soak.ts [histories] [seed]
 *
 * Without arguments: 20,000 histories (about fifteen minutes). Prints the seed, a new one by default.
 */
import { runHistories } from "./histories/run.ts";

const [, , countText = "20000", seedText] = process.argv;
const count = Number(countText);
const seed = Number(seedText ?? Date.now() & 0x7fffffff);
if (!(count > 0) || Number.isNaN(seed)) {
  console.error("Usage: node test/guard/rollback/soak.ts [histories] [seed]");
  process.exit(1);
}

console.log(`seed ${seed}`);
const start = performance.now();
const tally = await runHistories(count, seed);
console.log(`${count} histories in ${((performance.now() - start) / 1000).toFixed(1)} s`);
for (const [what, times] of [...tally].sort(([, one], [, other]) => other - one)) {
  console.log(`  ${times} × ${what}`);
}
