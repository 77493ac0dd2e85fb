import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies, type PolicyInput } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { allow, deny, policy, type StatementJson } from "./builders.ts";
import { drawPair } from "./drawn-pairs.ts";
import { type PolicyKind, policyKinds } from "./grammar.ts";
import {
  listDeniedActions,
  listReadOnlyStatements,
  makeReference,
  type SensitiveResource,
  sensitiveResources,
  splitByAction,
  splitByResource,
} from "./large-policies.ts";

/** Compares in both directions with a fifth of the default budget; neither result may be undecided. */
function compare(candidate: PolicyInput, reference: PolicyInput, name?: string): Comparison {
  const options = { budget: 60_000 };
  const comparison = comparePolicies(candidate, reference, options);
  const mirrored = comparePolicies(reference, candidate, options);
  assert.deepEqual([comparison.undecided, mirrored.undecided], [[], []], name);
  return comparison;
}

function listGrants({ excess }: Comparison): readonly string[] {
  return excess.flatMap(({ actions, resources = [] }) =>
    actions.flatMap((action) => resources.map((resource) => `${action} ${resource}`)),
  );
}

/** Asserts which of the denied actions each candidate allows on the resource. */
function assertSensitive(
  candidate: (resource: SensitiveResource, actions: readonly string[]) => string,
  expected: (actions: readonly string[], resource: SensitiveResource) => readonly string[],
): void {
  for (const resource of sensitiveResources) {
    const actions = listDeniedActions(resource);
    assert.ok(actions.length > 0, resource.service);
    const comparison = compare(candidate(resource, actions), makeReference(resource), resource.arn);
    assert.deepEqual(listGrants(comparison), expected(actions, resource).toSorted(), resource.arn);
    assert.ok(!comparison.excess.some(({ partly }) => partly), resource.arn);
  }
}

describe("a comparison with everything except actions on a sensitive resource", () => {
  const [all, none] = [
    (actions: readonly string[], { arn }: SensitiveResource) => actions.map((action) => `${action} ${arn}`),
    () => [],
  ];

  it("reports each denied action of a service that is allowed on every resource", () => {
    assertSensitive(({ service }) => policy(allow(`${service}:*`, "*")), all);
  });

  it("reports nothing if the candidate denies the resource too", () => {
    assertSensitive(({ service, arn }) => policy(allow(`${service}:*`, "*"), deny("*", arn)), none);
  });

  it("reports nothing for actions on another resource", () => {
    assertSensitive(({ arn }, actions) => policy(allow(actions, arn.replace("payroll", "other"))), none);
  });

  it("reports an action on the resource", () => {
    assertSensitive(
      ({ arn }, actions) => policy(allow(actions.slice(0, 1), arn)),
      (actions, resource) => all(actions.slice(0, 1), resource),
    );
  });

  it("reports an action on a wider pattern for the resource only", () => {
    assertSensitive(
      ({ wider }, actions) => policy(allow(actions.slice(0, 1), wider)),
      (actions, resource) => all(actions.slice(0, 1), resource),
    );
  });

  it("reports actions by name if the candidate allows each in a statement of its own", () => {
    assertSensitive(({ wider }, actions) => policy(...splitByAction([allow(actions, wider)])), all);
  });
});

describe("a comparison with everything except actions that lead to more permissions", () => {
  const outside = "arn:aws:iam::*:role/jobs/*";
  const reference = policy(
    allow("*", "*"),
    deny("iam:PassRole", outside, { NotResource: outside, Resource: undefined }),
    deny("sts:AssumeRole", outside, { NotResource: outside, Resource: undefined }),
    deny(["iam:CreateAccessKey", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreateUser"], "*"),
  );
  const cases: readonly [name: string, statements: readonly StatementJson[], grants: readonly string[]][] = [
    [
      "nothing for a role in the open path",
      [allow("iam:PassRole", "arn:aws:iam::111122223333:role/jobs/run")],
      [],
    ],
    ["nothing for other actions", [allow("ec2:RunInstances", "*")], []],
    [
      "nothing if all other roles are denied",
      [
        allow("sts:AssumeRole", "*"),
        deny("sts:AssumeRole", "", { NotResource: `${outside}run`, Resource: undefined }),
      ],
      [],
    ],
    [
      "a role outside of the path",
      [allow("iam:PassRole", "arn:aws:iam::111122223333:role/admin")],
      ["iam:PassRole arn:aws:iam::111122223333:role/admin"],
    ],
    ["a denied action", [allow("iam:Put*", "*")], ["iam:PutRolePolicy *"]],
  ];
  for (const [name, statements, grants] of cases) {
    it(`reports ${name}`, () => {
      assert.deepEqual(listGrants(compare(policy(...statements), reference)), grants);
    });
  }
});

describe("a comparison with everything except an action without a tag", () => {
  const key = "aws:RequestTag/owner";
  const reference = policy(
    allow("*", "*"),
    deny("ec2:RunInstances", "*", { Condition: { Null: { [key]: "true" } } }),
  );
  const cases: readonly [name: string, statements: readonly StatementJson[], grants: readonly string[]][] = [
    [
      "nothing if the tag has a value",
      [allow("ec2:RunInstances", "*", { Condition: { StringEquals: { [key]: "a" } } })],
      [],
    ],
    [
      "nothing if the tag is there",
      [allow("ec2:RunInstances", "*", { Condition: { Null: { [key]: "false" } } })],
      [],
    ],
    [
      "nothing if another value is denied",
      [
        allow("ec2:RunInstances", "*"),
        deny("ec2:RunInstances", "*", { Condition: { StringNotEquals: { [key]: "a" } } }),
      ],
      [],
    ],
    ["nothing for other actions", [allow("ec2:Describe*", "*")], []],
    ["the action without the tag", [allow("ec2:*", "*")], ["ec2:RunInstances *"]],
  ];
  for (const [name, statements, grants] of cases) {
    it(`reports ${name}`, () => {
      assert.deepEqual(listGrants(compare(policy(...statements), reference)), grants);
    });
  }
});

describe("a comparison with a list of principals that may be allowed", () => {
  const job = "arn:aws:iam::111122223333:role/job";
  const anyOther = { Effect: "Allow", Principal: "*", NotAction: ["sts:AssumeRole"] };
  const trustReference = policy(
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: ["ecs-tasks.amazonaws.com"] } },
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: ["111122223333"] } },
    anyOther,
  );
  const trusts: readonly [principal: object, isAllowed: boolean][] = [
    [{ Service: "ecs-tasks.amazonaws.com" }, true],
    [{ AWS: job }, true],
    [{ Service: "glue.amazonaws.com" }, false],
    [{ AWS: "444455556666" }, false],
    [{ AWS: "*" }, false],
  ];
  for (const [principal, isAllowed] of trusts) {
    it(`${isAllowed ? "reports nothing for" : "reports"} ${JSON.stringify(principal)} in a trust policy`, () => {
      const candidate = policy({ Effect: "Allow", Action: "sts:AssumeRole", Principal: principal });
      assert.equal(compare(candidate, trustReference).excess.length === 0, isAllowed);
    });
  }

  it("reports an identity provider that the list does not have", () => {
    const federated = (name: string, action: string) => ({
      Effect: "Allow",
      Action: action,
      Principal: { Federated: `arn:aws:iam::111122223333:${name}` },
    });
    const reference = policy(federated("oidc-provider/ci", "sts:AssumeRoleWithWebIdentity"), {
      Effect: "Allow",
      Principal: "*",
      NotAction: ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
    });
    const saml = policy(federated("saml-provider/ci", "sts:AssumeRoleWithSAML"));
    assert.equal(
      compare(policy(federated("oidc-provider/ci", "sts:AssumeRoleWithWebIdentity")), reference).excess
        .length,
      0,
    );
    assert.deepEqual(
      compare(saml, reference).excess.map(({ actions }) => actions),
      [["sts:AssumeRoleWithSAML"]],
    );
  });

  it("reports a principal of a resource policy that neither Principal nor a condition names", () => {
    const statement = (principal: unknown, more: StatementJson = {}) => ({
      Effect: "Allow",
      Action: "s3:PutObject",
      Principal: { AWS: principal },
      Resource: "arn:aws:s3:::payroll/*",
      ...more,
    });
    const named = { Condition: { ArnLike: { "aws:PrincipalArn": job } } };
    const reference = policy(statement(job), statement("*", named), {
      Effect: "Allow",
      Principal: "*",
      NotAction: "s3:PutObject",
      Resource: "*",
    });
    assert.equal(compare(policy(statement("*", named)), reference).excess.length, 0);
    assert.equal(compare(policy(statement("*", { Action: "s3:*" })), reference).excess.length, 1);
    assert.equal(compare(policy(statement(`${job}2`)), reference).excess.length, 1);
  });
});

describe("a document of AWS's largest size", () => {
  const statements = listReadOnlyStatements();
  const whole = policy(...statements);
  const split = splitByAction(statements);

  it("has 2,900 actions", () => {
    assert.ok(whole.length > 80_000 && split.length > 2_500, `${whole.length} ${split.length}`);
  });

  it("equals itself with one action in each statement", () => {
    assert.equal(compare(whole, policy(...split)).relation, "equal");
  });

  // As an edition of ReadOnlyAccess that z0ph/MAMIP holds, with 2,425 actions.
  it("equals itself with one action in each statement if it has one statement", () => {
    for (const length of [600, 1_200, 2_400]) {
      const listed = splitByAction(statements.slice(0, 2)).slice(0, length);
      const actions = listed.map(({ Action }) => String(Action));
      assert.equal(compare(policy(allow(actions, "*")), policy(...listed)).relation, "equal");
    }
  });

  it("is wider by the action of a statement that the other side lacks", () => {
    const left = split.filter(({ Action }) => Action !== "batch:Get*");
    assert.equal(left.length, split.length - 1);
    assert.deepEqual(listGrants(compare(whole, policy(...left))), ["batch:Get* *"]);
    assert.deepEqual(listGrants(compare(policy(...split), policy(...left))), ["batch:Get* *"]);
  });

  it("equals itself with a Deny in a statement for each action", () => {
    const denied = deny(
      sensitiveResources.flatMap((one) => listDeniedActions(one).slice(0, 8)),
      "arn:aws:s3:::payroll",
    );
    const each = [policy(...split), policy(...splitByAction([denied]))];
    const { relation, deniesAdded, deniesRemoved } = compare([whole, policy(denied)], each);
    assert.deepEqual([relation, deniesAdded, deniesRemoved], ["equal", [], []]);
  });

  it("equals itself with one action and one resource in each statement", () => {
    const arns = sensitiveResources.map(({ arn }) => arn);
    const product = sensitiveResources
      .slice(0, 2)
      .map((resource) => allow(listDeniedActions(resource).slice(0, 20), arns));
    const each = splitByResource(splitByAction(product));
    assert.ok(each.length > 1_000, `${each.length}`);
    assert.equal(compare(policy(...product), policy(...each)).relation, "equal");
  });
});

describe("a comparison of sides with many statements", () => {
  /** Returns a document with an Allow and a Deny for every `step` of 120 actions. */
  function makeStatements(step: number): string {
    const names = Array.from({ length: 120 }, (_, number) => `batch:Action${number}`);
    const lists = names.flatMap((_, at) => (at % step === 0 ? [names.slice(at, at + step)] : []));
    return policy(
      ...lists.map((list) => allow(list, "arn:aws:batch:*:*:job/a")),
      ...lists.map((list) => deny(list, "arn:aws:batch:*:*:job/b")),
    );
  }
  const [one, two] = [makeStatements(1), makeStatements(2)];

  for (const name of ["identity", "variables"] as const) {
    const kind: PolicyKind = policyKinds[name];
    it(`agrees with decide (${name})`, () => {
      const agreement = fc.property(drawPair(kind), ({ candidate, reference, requests }) => {
        assertAgreement([one, ...candidate], [two, ...reference], requests, kind);
      });
      fc.assert(agreement, { numRuns: 60 });
    });
  }
});
