import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Need } from "@drift-guard/core/batch/role-use";
import { evaluate as evaluateRole } from "@drift-guard/core/evaluate/evaluate";
import { allowNeeds, evaluateNeeds } from "@drift-guard/core/evaluate/needs";
import { findUnusedGrants } from "@drift-guard/core/evaluate/unused-grants";
import { partOf } from "@drift-guard/core/model/part";
import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import { type Role, unseen } from "@drift-guard/core/model/role";
import fc from "fast-check";
import { account, aDefinitionUse, allow, aRole } from "../../builders.ts";
import { guardedAs, referenceOf } from "../watched-roles.ts";

const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;
const foreignSecret = "arn:aws:secretsmanager:us-east-1:999988887777:secret:db-AbCdEf";
const parameter = `arn:aws:ssm:us-east-1:${account}:parameter/a`;
const key = `arn:aws:kms:us-east-1:${account}:key/1`;

const get = "secretsmanager:GetSecretValue";
const aNeed = (over: Partial<Need> = {}): Need => ({
  action: get,
  resource: secret,
  what: "secret",
  at: "containerProperties.secrets[0].valueFrom",
  ...over,
});
const aLogNeed = () =>
  aNeed({
    action: "logs:CreateLogGroup",
    resource: `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`,
    what: "log",
  });
const statement = (over: object) => ({ Effect: "Allow", Action: get, Resource: secret, ...over });
const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const withInline = (...texts: readonly string[]): Role =>
  aRole({
    name: "Execution",
    attached: [],
    inline: texts.map((text, index) => ({ name: `P${index}`, text })),
  });

const evaluate = (role: Role, needs: readonly Need[], facts: Readonly<Record<string, ResourceFacts>> = {}) =>
  evaluateNeeds({ role, uses: [aDefinitionUse({ needs })], facts: new Map(Object.entries(facts)) });
const kinds = (...given: Parameters<typeof evaluate>) =>
  evaluate(...given).map((one) => (one.kind === "drift" ? one.side : one.kind));

describe("what a job definition needs", () => {
  it("is met by exactly that grant, from any policy or wildcard", () => {
    for (const text of [
      policy(statement({})),
      allow("secretsmanager:*", "arn:aws:secretsmanager:*:*:secret:db-??????"),
      allow("*"),
      policy(statement({ Resource: "arn:aws:secretsmanager:us-east-1:${aws:PrincipalAccount}:secret:db-*" })),
    ]) {
      assert.deepEqual(kinds(withInline(text), [aNeed()]), [], text);
    }
  });

  it("is missing if the action is allowed on another resource, and the resource for another action", () => {
    // Both examples of the guide list actions and resources separately; only pairs of them count (T4).
    const role = withInline(
      policy(statement({ Resource: parameter }), statement({ Action: "ssm:GetParameters" })),
    );
    const needs = [aNeed(), aNeed({ action: "ssm:GetParameters", resource: parameter, what: "parameter" })];
    const [drift] = evaluate(role, needs);
    assert.ok(drift?.kind === "drift");
    assert.deepEqual(
      drift.grants.map(({ actions, resources }) => [actions, resources]),
      [
        [[get], [secret]],
        [["ssm:GetParameters"], [parameter]],
      ],
    );
  });

  it("is missing if a Deny blocks it, and no policy is offered as a fix", () => {
    const [drift] = evaluate(withInline(policy(statement({}), statement({ Effect: "Deny" }))), [aNeed()]);
    assert.ok(drift?.kind === "drift");
    assert.match(drift.detail ?? "", /a Deny blocks it/);
    assert.equal(drift.cure, undefined);
  });

  it("is undecided if it is allowed or denied under unknown conditions", () => {
    const condition = { StringEquals: { "aws:SourceVpc": "vpc-1" } };
    assert.deepEqual(kinds(withInline(policy(statement({ Condition: condition }))), [aNeed()]), [
      "undecided",
    ]);
    const denying = withInline(policy(statement({}), statement({ Effect: "Deny", Condition: condition })));
    assert.deepEqual(kinds(denying, [aNeed()]), ["undecided"]);
  });

  it("is met under conditions that are known to hold", () => {
    const condition = {
      StringEquals: { "aws:ResourceAccount": account, "aws:RequestedRegion": "us-east-1" },
    };
    assert.deepEqual(kinds(withInline(policy(statement({ Condition: condition }))), [aNeed()]), []);
  });

  it("is undecided if an unreadable policy may allow it, and met if another policy does", () => {
    const attached = [{ arn: "arn:aws:iam::aws:policy/P", version: unseen("AccessDenied.") }];
    assert.deepEqual(kinds({ ...withInline(), attached }, [aNeed()]), ["undecided"]);
    assert.deepEqual(kinds({ ...withInline(policy(statement({}))), attached }, [aNeed()]), []);
    assert.deepEqual(kinds(withInline("{"), [aNeed()]), ["undecided"]);
  });

  it("is met by the secret's own policy in the same account, and says if that was not read", () => {
    const role = withInline();
    const given = policy(statement({ Principal: { AWS: role.arn }, Resource: "*" }));
    assert.deepEqual(kinds(role, [aNeed()], { [secret]: { policy: given } }), []);
    // An account as principal leaves the decision to IAM policies and allows nothing by itself.
    const delegated = policy(
      statement({ Principal: { AWS: `arn:aws:iam::${account}:root` }, Resource: "*" }),
    );
    assert.deepEqual(kinds(role, [aNeed()], { [secret]: { policy: delegated } }), ["missing"]);
    const refused = policy(statement({ Effect: "Deny", Principal: "*", Resource: "*" }));
    assert.deepEqual(kinds(withInline(policy(statement({}))), [aNeed()], { [secret]: { policy: refused } }), [
      "missing",
    ]);
    const [unread] = evaluate(role, [aNeed()]);
    assert.match(
      unread?.kind === "drift" ? (unread.detail ?? "") : "",
      /the secret's own policy was not read/,
    );
  });

  it("must be allowed by both policies if the secret is in another account", () => {
    const need = aNeed({ resource: foreignSecret });
    const role = withInline(policy(statement({ Resource: foreignSecret })));
    const given = policy(statement({ Principal: { AWS: role.arn }, Resource: "*" }));
    assert.deepEqual(kinds(role, [need], { [foreignSecret]: { policy: given } }), []);
    assert.deepEqual(kinds(role, [need], { [foreignSecret]: { policy: null } }), ["missing"]);
    assert.deepEqual(kinds(withInline(), [need], { [foreignSecret]: { policy: given } }), ["missing"]);
    assert.deepEqual(kinds(role, [need]), ["undecided"], "what was not read is not taken for given");
  });

  it("includes kms:Decrypt only if a customer managed key encrypts the secret", () => {
    const role = withInline(policy(statement({})));
    assert.deepEqual(kinds(role, [aNeed()], { [secret]: { policy: null, key: null } }), []);
    const [drift] = evaluate(role, [aNeed()], { [secret]: { policy: null, key } });
    assert.ok(drift?.kind === "drift");
    assert.deepEqual(JSON.parse(drift.cure ?? ""), {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["kms:Decrypt"], Resource: [key] }],
    });
    const through = { StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" } };
    const decrypting = policy(
      statement({}),
      statement({ Action: "kms:Decrypt", Resource: key, Condition: through }),
    );
    assert.deepEqual(kinds(withInline(decrypting), [aNeed()], { [secret]: { policy: null, key } }), []);
  });

  it("of a key is met only if the key's policy leaves it to IAM or names the role", () => {
    const role = withInline(policy(statement({}), statement({ Action: "kms:Decrypt", Resource: key })));
    const facts = (keyPolicy: string) => ({ [secret]: { policy: null, key }, [key]: { policy: keyPolicy } });
    const to = (principal: string) =>
      policy(statement({ Action: "kms:*", Principal: { AWS: principal }, Resource: "*" }));
    assert.deepEqual(kinds(role, [aNeed()], facts(to(`arn:aws:iam::${account}:root`))), []);
    assert.deepEqual(kinds(withInline(policy(statement({}))), [aNeed()], facts(to(role.arn))), []);
    assert.deepEqual(kinds(role, [aNeed()], facts(to(`arn:aws:iam::${account}:role/Other`))), ["missing"]);
  });

  // CloudWatch Logs refuses on either form: `…:log-group:/ecs/x:log-stream:` in most reports
  // (terraform-aws-modules/terraform-aws-ecs#313), `…:log-group:NAME` in some of the SSM agent and CloudFormation.
  for (const [form, met] of [
    ["log-group:/my/group:*", true],
    ["log-group:/my/group", true],
    ["log-group:/my/*", true],
    ["log-group:*", true],
    ["log-group:/my/group:log-stream:*", true],
    ["log-group:/my/other:*", false],
    ["log-group:/my/group-2:*", false],
  ] as const) {
    it(`of a log group is ${met ? "met" : "not met"} by a policy on ${form} (T11)`, () => {
      const text = allow("logs:CreateLogGroup", `arn:aws:logs:us-east-1:${account}:${form}`);
      assert.deepEqual(kinds(withInline(text), [aLogNeed()]), met ? [] : ["missing"]);
    });
  }

  it("of a log group is denied by a Deny on the form that AWS prints, whatever else is allowed", () => {
    const resource = `arn:aws:logs:us-east-1:${account}:log-group:/my/group`;
    const deny = statement({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: `${resource}:*` });
    const text = policy(statement({ Action: "logs:*", Resource: [resource, `${resource}:*`] }), deny);
    const [drift] = evaluate(withInline(text), [aLogNeed()]);
    assert.match(drift?.kind === "drift" ? (drift.detail ?? "") : "", /a Deny blocks it/);
  });

  it("of a log group is fixed by the form with :*, and neither form is excess", () => {
    const [drift] = evaluate(withInline(), [aLogNeed()]);
    const resource = `arn:aws:logs:us-east-1:${account}:log-group:/my/group`;
    assert.match(drift?.kind === "drift" ? (drift.cure ?? "") : "", /log-group:\/my\/group:\*"/);
    const uses = [aDefinitionUse({ needs: [aLogNeed()] })];
    const reference = allowNeeds(referenceOf("ecsTaskExecutionRole"), uses, new Map());
    for (const text of [
      allow("logs:CreateLogGroup", resource),
      allow("logs:CreateLogGroup", `${resource}:*`),
    ]) {
      const role = { ...withInline(text), trust: reference.trust };
      const found = evaluateRole({ reference, guarded: guardedAs({}), reading: { status: "present", role } });
      assert.deepEqual(
        found.flatMap((one) => (one.kind === "drift" && one.side === "excess" ? [String(one.part)] : [])),
        [],
      );
    }
  });

  it("of a secret without its suffix is met by a policy with or without the suffix", () => {
    const need = aNeed({ resource: `arn:aws:secretsmanager:us-east-1:${account}:secret:db-??????` });
    for (const resource of [secret, need.resource, secret.replace("AbCdEf", "*")]) {
      assert.deepEqual(kinds(withInline(allow(get, resource)), [need]), [], resource);
    }
    assert.deepEqual(kinds(withInline(allow(get, secret.replace("db-", "db-other-"))), [need]), ["missing"]);
  });

  it("is undecided, with its definition, if it cannot be parsed", () => {
    const why = "containerProperties.secrets[0].valueFrom names neither a secret nor a parameter.";
    const uses = [aDefinitionUse({ unread: [why] })];
    assert.deepEqual(evaluateNeeds({ role: withInline(), uses, facts: new Map() }), [
      {
        kind: "undecided",
        part: partOf("permissions"),
        reasons: [`job definition render:7 in us-east-1: ${why}`],
      },
    ]);
  });

  it("is met by the policy that the finding offers as a fix, for any needs", () => {
    const needs = fc.array(
      fc.record({
        action: fc.constantFrom(get, "ssm:GetParameters", "logs:CreateLogGroup"),
        resource: fc.constantFrom(
          secret,
          parameter,
          `${secret.slice(0, -6)}??????`,
          `arn:aws:logs:us-east-1:${account}:log-group:/a:*`,
        ),
        what: fc.constantFrom("secret", "parameter", "registry", "log"),
        at: fc.constant("here"),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(needs, (drawn) => {
        const [drift] = evaluate(withInline(), drawn);
        assert.ok(drift?.kind === "drift" && drift.cure !== undefined);
        assert.deepEqual(evaluate(withInline(drift.cure), drawn), []);
      }),
    );
  });
});

describe("a grant on secrets", () => {
  const unused = (role: Role, needs: readonly Need[]) =>
    findUnusedGrants({ role, uses: [aDefinitionUse({ needs })], facts: new Map() }).flatMap(({ grants }) =>
      grants.map(({ actions, resources }) => [actions, resources]),
    );

  it("is reported if no definition uses it, also by a wildcard", () => {
    const role = withInline(policy(statement({ Resource: [secret, `${secret}old`] })));
    assert.deepEqual(unused(role, [aNeed()]), [[[get], [`${secret}old`]]]);
    assert.deepEqual(unused(withInline(allow(get, "arn:aws:secretsmanager:*:*:secret:db*")), [aNeed()]), []);
  });

  it("is not reported if no use is known, or if a definition cannot be parsed", () => {
    const role = withInline(policy(statement({})));
    assert.deepEqual(findUnusedGrants({ role, uses: [], facts: new Map() }), []);
    const uses = [aDefinitionUse({ unread: ["?"] })];
    assert.deepEqual(findUnusedGrants({ role, uses, facts: new Map() }), []);
  });

  it("is not one on every resource", () => {
    assert.deepEqual(unused(withInline(allow("*"), allow(get)), []), []);
  });
});
