import { decide } from "@drift-guard/policy/decide";
import fc from "fast-check";
import { assertAgreement, readSide } from "./agreement.ts";
import { drawPair } from "./drawn-pairs.ts";
import { type Kind, kinds } from "./grammar.ts";

// Draws pairs of policies and holds the comparison against `decide`.
// Usage: node test/policy/soak.ts N [seed] [identity | trust | variables | resource | china]
const [, , count = "100000", seedText, only] = process.argv;
const seed = Number(seedText ?? Date.now() & 0x7fffffff);
const chosen = Object.entries<Kind>(kinds).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0) throw new Error(`${only} is no kind: ${Object.keys(kinds).join(", ")}`);
const numRuns = Math.ceil(Number(count) / chosen.length);

const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

function soak(name: string, kind: Kind): void {
  const relations = new Map<string, number>();
  const reasons = new Map<string, number>();
  const requests = { all: 0, separating: 0 };
  const began = performance.now();
  const pairs = fc.property(drawPair(kind, 3), (pair) => {
    const { relation, undecided } = assertAgreement(pair.candidate, pair.reference, pair.requests, kind);
    relations.set(relation, (relations.get(relation) ?? 0) + 1);
    for (const { code, message } of undecided) {
      const reason = `${code}: ${message.replaceAll(/condition .*? on \S+|"[^"]*"|resource \S+|key \S+|at \S+/g, "…")}`;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    const [ours, theirs] = [readSide(pair.candidate), readSide(pair.reference)];
    requests.all += pair.requests.length;
    requests.separating += pair.requests.filter(
      (request) => decide(request, ours, kind) !== decide(request, theirs, kind),
    ).length;
  });
  fc.assert(pairs, { numRuns, seed });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${name}: ${numRuns} pairs in ${seconds} s`);
  for (const [relation, times] of relations) console.log(`  ${relation} ${share(times, numRuns)}`);
  console.log(`  requests that separate: ${share(requests.separating, requests.all)} of ${requests.all}`);
  for (const [reason, times] of [...reasons].sort(([, one], [, other]) => other - one))
    console.log(`  ${times} × ${reason}`);
}

console.log(`seed ${seed}`);
for (const [name, kind] of chosen) soak(name, kind);
