/**
 * Generates random pairs of policies, compares them, and checks every comparison with `decide`. Stops at the first
 * comparison that disagrees with `decide`.
 *
 * Usage: node test/policy/soak.ts [pairs] [seed] [identity | trust | variables | resource | china]
 *
 * Without arguments: 100,000 pairs (about a quarter of an hour), the same number of each kind. Prints the seed, a new one by
 * default.
 */
import { decide } from "@drift-guard/policy/decide";
import fc from "fast-check";
import { assertAgreement, readSide } from "./agreement.ts";
import { drawPair } from "./drawn-pairs.ts";
import { type PolicyKind, policyKinds } from "./grammar.ts";

const [, , pairs = "100000", seedText, kindName] = process.argv;
const seed = Number(seedText ?? Date.now() & 0x7fffffff);
const kinds = Object.entries<PolicyKind>(policyKinds).filter(
  ([name]) => kindName === undefined || name === kindName,
);
const numRuns = Math.ceil(Number(pairs) / kinds.length);
if (kinds.length === 0 || !(numRuns > 0) || Number.isNaN(seed)) {
  console.error(
    `Usage: node test/policy/soak.ts [pairs] [seed] [kind]\nKinds: ${Object.keys(policyKinds).join(", ")}`,
  );
  process.exit(1);
}

const formatShare = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

/** Compares the pairs of one kind and prints how often each relation and each reason came up. */
function soak(name: string, kind: PolicyKind): void {
  const relations = new Map<string, number>();
  const reasons = new Map<string, number>();
  const requests = { all: 0, decidedDifferently: 0 };
  const start = performance.now();
  const agreement = fc.property(drawPair(kind, 3), (pair) => {
    const { relation, undecided } = assertAgreement(pair.candidate, pair.reference, pair.requests, kind);
    relations.set(relation, (relations.get(relation) ?? 0) + 1);
    for (const { code, message } of undecided) {
      const reason = `${code}: ${hideNames(message)}`;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    const [candidate, reference] = [readSide(pair.candidate), readSide(pair.reference)];
    requests.all += pair.requests.length;
    requests.decidedDifferently += pair.requests.filter(
      (request) => decide(request, candidate, kind) !== decide(request, reference, kind),
    ).length;
  });
  fc.assert(agreement, { numRuns, seed });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name}: ${numRuns} pairs in ${seconds} s`);
  for (const [relation, count] of relations) console.log(`  ${relation} ${formatShare(count, numRuns)}`);
  console.log(
    `  requests decided differently: ${formatShare(requests.decidedDifferently, requests.all)} of ${requests.all}`,
  );
  for (const [reason, count] of [...reasons].sort(([, one], [, other]) => other - one))
    console.log(`  ${count} × ${reason}`);
}

/** Replaces the names in a message, so that messages of one cause are counted together. */
function hideNames(message: string): string {
  return message.replaceAll(/condition .*? on \S+|"[^"]*"|resource \S+|key \S+|at \S+/g, "…");
}

console.log(`seed ${seed}`);
for (const [name, kind] of kinds) soak(name, kind);
