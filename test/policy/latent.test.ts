import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Catalogue, listActions } from "@drift-guard/policy/catalogue";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { Grant } from "@drift-guard/policy/grant";
import { separateLatent } from "@drift-guard/policy/latent";
import fc from "fast-check";
import { isWithin } from "./agreement.ts";
import { allow, deny, policy } from "./builders.ts";
import { drawMutation } from "./drawn-mutations.ts";
import { drawRequest } from "./drawn-requests.ts";
import { drawPolicy, type PolicyKind } from "./grammar.ts";

const today: Catalogue = makeCatalogue({ s3: ["GetObject", "GetBucketAcl", "PutObject"], iam: ["GetRole"] });
const gets = ["s3:GetObject", "s3:GetBucketAcl"];

function makeCatalogue(services: Readonly<Record<string, readonly string[]>>): Catalogue {
  const names = Object.entries(services).map(([service, actions]) => [service, actions.join(" ")] as const);
  return { date: "2026-09-26", source: "a test", services: new Map(names) };
}

function compare(candidate: string, reference: string, named: readonly string[] = []): Comparison {
  return separateLatent(comparePolicies(candidate, reference), today, named);
}

const actionsOf = (grants: readonly Grant[]) => grants.map(({ actions }) => actions);

describe("a difference is latent", () => {
  it("if it is a wildcard minus all names that it matches today; the relation stays wider", () => {
    const { relation, excess, latent } = compare(policy(allow("s3:Get*", "*")), policy(allow(gets, "*")));
    assert.equal(relation, "wider");
    assert.deepEqual(excess, []);
    assert.deepEqual(actionsOf(latent), [["s3:Get*"]]);
  });

  it("if it is missing as well", () => {
    const { relation, missing, latent } = compare(policy(allow(gets, "*")), policy(allow("S3:get*", "*")));
    assert.equal(relation, "narrower");
    assert.deepEqual(missing, []);
    assert.deepEqual(actionsOf(latent), [["S3:get*"]]);
  });

  it("if a wildcard matches no name at all", () => {
    const { excess, latent } = compare(policy(allow("s3:Teleport*", "*")), policy());
    assert.deepEqual(excess, []);
    assert.deepEqual(actionsOf(latent), [["s3:Teleport*"]]);
  });

  it("if a wildcard excepts all its names by other wildcards", () => {
    const { excess, latent } = compare(
      policy(allow("s3:*", "*")),
      policy(allow(["s3:*Object", "s3:*Acl"], "*")),
    );
    assert.deepEqual(excess, []);
    assert.deepEqual(actionsOf(latent), [["s3:*"]]);
  });

  it("by the generated catalogue, for a whole service", () => {
    const all = listActions(catalogue, "s3") ?? [];
    assert.ok(all.length > 100);
    const comparison = comparePolicies(policy(allow("s3:*", "*")), policy(allow(all, "*")));
    assert.deepEqual(actionsOf(separateLatent(comparison, catalogue).latent), [["s3:*"]]);
  });
});

describe("a difference is not latent", () => {
  it("if it holds one name of today", () => {
    const { excess, latent } = compare(policy(allow("s3:Get*", "*")), policy(allow("s3:GetObject", "*")));
    assert.deepEqual(actionsOf(excess), [["s3:Get*"]]);
    assert.deepEqual(latent, []);
  });

  it("if a policy spells out a name that the catalogue does not have", () => {
    const { excess, latent } = compare(policy(allow("s3:GetNewest", "*")), policy());
    assert.deepEqual(actionsOf(excess), [["s3:GetNewest"]]);
    assert.deepEqual(latent, []);
  });

  it("if a wildcard matches a name that either policy spells out, also in a Deny", () => {
    const candidate = policy(allow("s3:Get*", "*"));
    const reference = policy(allow(gets, "*"), deny("s3:GetNewest", "*"));
    assert.deepEqual(compare(candidate, reference, ["S3:GetNewest"]).latent, []);
    assert.equal(compare(candidate, reference).latent.length, 1);
  });

  it("if the catalogue does not know the service", () => {
    const { excess, latent } = compare(policy(allow("newest:Get*", "*")), policy());
    assert.deepEqual(actionsOf(excess), [["newest:Get*"]]);
    assert.deepEqual(latent, []);
  });

  it("if the service has a wildcard", () => {
    for (const action of ["*", "s?:Teleport*", "*:Teleport"]) {
      const { excess, latent } = compare(policy(allow(action, "*")), policy());
      assert.deepEqual(actionsOf(excess), [[action]]);
      assert.deepEqual(latent, []);
    }
  });

  it("if one of its actions is not", () => {
    const { excess, latent } = compare(policy(allow(["s3:Teleport*", "iam:GetRole"], "*")), policy());
    assert.equal(excess.length, 1);
    assert.deepEqual(latent, []);
  });

  it("if it is denied", () => {
    const { deniesAdded, latent } = compare(policy(deny("s3:Teleport*", "*")), policy());
    assert.equal(deniesAdded.length, 1);
    assert.deepEqual(latent, []);
  });
});

describe("separateLatent", () => {
  const kind: PolicyKind = { trust: false, variables: false };
  const comparison = fc
    .tuple(drawPolicy(kind), fc.array(drawMutation(kind), { minLength: 1, maxLength: 2 }))
    .map(([drawn, changes]) =>
      comparePolicies(
        JSON.stringify(changes.reduce((current, change) => change(current), drawn)),
        JSON.stringify(drawn),
      ),
    );
  const names = fc.subarray(["GetObject", "PutObject", "GetThing", "RunInstances", "PassRole", "Other"]);
  const drawnCatalogue = fc
    .record({ s3: names, ec2: names, iam: names }, { requiredKeys: [] })
    .map((services) => makeCatalogue({ ...services }));

  it("moves grants and changes nothing else", () => {
    fc.assert(
      fc.property(comparison, drawnCatalogue, (before, known) => {
        const { excess, missing, latent, ...rest } = separateLatent(before, known);
        const { excess: ours, missing: theirs, latent: earlier, ...untouched } = before;
        const all = [...ours, ...theirs, ...earlier];
        assert.equal(excess.length + missing.length + latent.length, all.length);
        const moved = latent.slice(earlier.length).map(({ side, effect, cause, reason, ...grant }) => grant);
        assert.deepEqual(latent.slice(0, earlier.length), earlier);
        assert.deepEqual(new Set([...excess, ...missing, ...moved]), new Set([...ours, ...theirs]));
        assert.ok(excess.every((grant) => ours.includes(grant)));
        assert.ok(missing.every((grant) => theirs.includes(grant)));
        assert.deepEqual(rest, untouched);
      }),
      { numRuns: 500 },
    );
  });

  it("never moves a grant that holds a request for a known action", () => {
    fc.assert(
      fc.property(comparison, drawnCatalogue, drawRequest(kind), (before, known, request) => {
        const latent = separateLatent(before, known).latent.filter(({ cause }) => cause === "no-action");
        for (const [service, listed] of known.services) {
          for (const name of listed.split(" ").filter((each) => each !== "")) {
            const withAction = { ...request, action: `${service}:${name}` };
            assert.ok(!latent.some((grant) => isWithin(grant, withAction)));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
