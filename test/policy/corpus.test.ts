import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalText } from "@drift-guard/policy/canonical";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison, Relation } from "@drift-guard/policy/comparison";
import { parsePolicy } from "@drift-guard/policy/parse";
import { printPolicy } from "@drift-guard/policy/print";
import { listDocuments, listPairs } from "./corpus.ts";
import { rewriteEquivalently } from "./equivalent-policy.ts";

// Without AWS's managed policies beside the checkout, the lists are empty and the tests pass.
const documents = listDocuments();

/** Compares with a tenth of the default budget. */
function compare(candidate: string, reference: string): Comparison {
  return comparePolicies(candidate, reference, { budget: 30_000 });
}

interface StatementJson {
  readonly Effect?: unknown;
  readonly [element: string]: unknown;
}

function isStatement(json: unknown): json is StatementJson {
  return typeof json === "object" && json !== null;
}

function listStatements({ Statement }: { readonly Statement: unknown }): readonly StatementJson[] {
  return (Array.isArray(Statement) ? Statement : [Statement]).filter(isStatement);
}

describe("each AWS managed policy", () => {
  it("equals itself respelled and reordered", () => {
    for (const [seed, { name, document }] of documents.entries()) {
      const text = JSON.stringify(document);
      const { relation, deniesAdded, deniesRemoved, undecided } = compare(
        rewriteEquivalently(document, seed),
        text,
      );
      assert.deepEqual([relation, deniesAdded, deniesRemoved, undecided], ["equal", [], [], []], name);
    }
  });

  it("keeps its meaning when parsed and printed", () => {
    for (const { name, document } of documents) {
      const read = parsePolicy(JSON.stringify(document));
      assert.equal(canonicalText(parsePolicy(printPolicy(read))), canonicalText(read), name);
    }
  });

  it("is wider by exactly an added action, reported at the statement that gained it", () => {
    for (const { name, document } of documents) {
      for (const [index, statement] of listStatements(document).entries()) {
        if (index > 3 || statement.Effect !== "Allow" || statement.Action === undefined) continue;
        const widened = listStatements(document).map((one, at) =>
          at === index ? { ...one, Action: [one.Action, "driftguard:Added"].flat() } : one,
        );
        const text = JSON.stringify({ ...document, Statement: widened });
        const { relation, excess, undecided } = compare(text, JSON.stringify(document));
        const reach = document.Statement;
        if (relation === "equal")
          assert.match(JSON.stringify(reach), /"(?:Not)?Action":(?:\["\*"\]|"\*"|.*NotAction)/, name);
        else {
          assert.deepEqual([relation, undecided], ["wider", []], name);
          assert.deepEqual(
            excess.map(({ actions }) => actions),
            excess.map(() => ["driftguard:Added"]),
            name,
          );
          assert.ok(
            excess.every(({ statements }) => statements.every((ref) => ref.statement === index)),
            name,
          );
        }
      }
    }
  });

  it("misses exactly what a removed statement alone allowed or denied", () => {
    for (const { name, document } of documents) {
      const statements = listStatements(document);
      for (const [index, statement] of statements.slice(0, 4).entries()) {
        const rest = { ...document, Statement: statements.filter((one) => one !== statement) };
        const compared = compare(JSON.stringify(rest), JSON.stringify(document));
        assert.deepEqual(compared.undecided, [], name);
        const grants = statement.Effect === "Allow" ? compared.missing : compared.deniesRemoved;
        if (statement.Effect === "Allow") assert.deepEqual(compared.excess, [], name);
        const actions = new Set([statement.Action ?? "*"].flat());
        for (const grant of grants) {
          assert.ok(
            grant.actions.every((action) => actions.has(action)),
            `${name}: ${grant.actions.join()}`,
          );
          assert.deepEqual(
            grant.statements.map((ref) => ref.statement),
            [index],
            name,
          );
        }
      }
    }
  });
});

describe("two versions of an AWS managed policy", () => {
  const expected: Readonly<Record<string, readonly Relation[]>> = {
    "added-and-removed": ["different", "wider"],
    "condition-only": ["different", "wider", "narrower", "equal"],
    "only-added": ["wider"],
    "only-removed": ["narrower"],
    "restructured-same-grants": ["equal"],
    "same-doc-version-bump": ["equal"],
    "same-version-scalar-vs-list": ["equal"],
  };

  it("have a relation that fits the kind of change, and are never undecided", () => {
    for (const { name, kind, before, after } of listPairs()) {
      const { relation, undecided } = compare(after, before);
      assert.deepEqual(undecided, [], name);
      assert.ok(
        (expected[kind] ?? ["equal", "wider", "narrower", "different"]).includes(relation),
        `${name}: ${relation}`,
      );
    }
  });
});
