import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Need } from "@drift-guard/core/batch/role-use";
import { evaluate as evaluateRole } from "@drift-guard/core/evaluate/evaluate";
import { allowNeeds, evaluateNeeds } from "@drift-guard/core/evaluate/needs";
import { needsPolicyName } from "@drift-guard/core/evaluate/needs-policy";
import { noteSecretNames } from "@drift-guard/core/evaluate/secret-names";
import { findUnusedGrants, findUnusedKeys } from "@drift-guard/core/evaluate/unused-grants";
import { partOf } from "@drift-guard/core/model/part";
import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import { type Role, unseen } from "@drift-guard/core/model/role";
import fc from "fast-check";
import { account, aDefinitionUse, allow, aRole } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

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

  it("of a secret without its suffix is judged on the complete ARN, if the secret was read", () => {
    const need = aNeed({ resource: secret.replace("AbCdEf", "??????") });
    const facts = { [need.resource]: { arn: secret, policy: null, key: null } };
    assert.deepEqual(kinds(withInline(allow(get, secret)), [need], facts), []);
    const old = withInline(allow(get, secret.replace("AbCdEf", "UvWxYz")));
    assert.deepEqual(kinds(old, [need], facts), ["missing"]);
    assert.deepEqual(kinds(old, [need]), [], "a policy that names a secret of this name may name this one");
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

describe("the policy that fixes the needs of a role", () => {
  const fixOf = (role: Role, needs: readonly Need[], facts: Readonly<Record<string, ResourceFacts>> = {}) => {
    const drift = evaluate(role, needs, facts).find((one) => one.kind === "drift");
    assert.ok(drift?.kind === "drift");
    return drift;
  };
  const withFix = (role: Role, text: string | undefined): Role => ({
    ...role,
    inline: [
      ...role.inline.filter(({ name }) => name !== needsPolicyName),
      { name: needsPolicyName, text: text ?? "" },
    ],
  });
  const secretOf = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-AbCdEf`;
  const needOf = (name: string) => aNeed({ resource: secretOf(name) });

  // GovWifi/govwifi-terraform#448: secrets are added to one execution role, one after the other.
  it("holds what an earlier fix allowed, so that following both leaves both definitions working", () => {
    const first = withFix(withInline(), fixOf(withInline(), [needOf("one")]).cure);
    const second = withFix(first, fixOf(first, [needOf("one"), needOf("two")]).cure);
    assert.deepEqual(evaluate(second, [needOf("one"), needOf("two")]), []);
  });

  it("keeps what somebody else wrote into the policy of its name", () => {
    const condition = { StringEquals: { "aws:RequestedRegion": "us-east-1" } };
    const others = [
      statement({ Effect: "Deny", Resource: secretOf("payroll") }),
      statement({ Action: ["s3:GetObject"], Resource: "arn:aws:s3:::b/*", Condition: condition }),
      statement({ Action: ["ecr:GetAuthorizationToken", "logs:*"], Resource: "*" }),
    ];
    const role = withFix(withInline(), policy(...others, statement({ Resource: secretOf("old") })));
    const { cure = "" } = fixOf(role, [needOf("new")]);
    const { Statement } = JSON.parse(cure);
    assert.deepEqual(Statement.slice(0, 3), others);
    assert.deepEqual(Statement.slice(3), [
      { Effect: "Allow", Action: [get], Resource: [secretOf("new"), secretOf("old")] },
    ]);
  });

  it("leaves out what other policies of the role allow", () => {
    const role = withInline(allow(get, secretOf("one")));
    const { cure = "" } = fixOf(role, [needOf("one"), needOf("two")]);
    assert.deepEqual(JSON.parse(cure).Statement, [
      { Effect: "Allow", Action: [get], Resource: [secretOf("two")] },
    ]);
  });

  it("is not offered where only the owner of a key or of another account's secret can allow it, who is named", () => {
    const facts = { [foreignSecret]: { policy: null, key: null } };
    const need = aNeed({ resource: foreignSecret });
    const drift = fixOf(withInline(allow(get, foreignSecret)), [need], facts);
    assert.equal(drift.cure, undefined);
    assert.match(
      drift.detail ?? "",
      /the secret's own policy does not allow it: its owner must add the role/,
    );
    assert.ok(fixOf(withInline(), [need], facts).cure, "both policies must allow it");
  });

  const many = (count: number, folder: string) =>
    Array.from({ length: count }, (_, index) => needOf(`${folder}${"x".repeat(20)}${index}`));

  it("allows patterns of names where a policy of single resources is longer than IAM takes, and they are no excess", () => {
    const needs = [...many(150, "prod/payments/"), ...many(2, "test/")];
    const drift = fixOf(withInline(), needs);
    const { Statement } = JSON.parse(drift.cure ?? "");
    assert.deepEqual(
      Statement[0].Resource,
      [
        ...many(2, "test/").map(({ resource }) => resource),
        `${secretOf("prod/payments/").slice(0, -7)}*`,
      ].sort(),
    );
    assert.match(drift.detail ?? "", /The fix allows patterns of names/);
    const uses = [aDefinitionUse({ needs })];
    const expected = referenceOf("ecsTaskExecutionRole");
    const role = withFix(asReferenced("ecsTaskExecutionRole"), drift.cure);
    const reference = allowNeeds(expected, uses, new Map(), role);
    const reading = { status: "present", role } as const;
    assert.deepEqual(evaluateRole({ reference, guarded: guardedAs({}), reading }), []);
    assert.deepEqual(evaluateNeeds({ role, uses, facts: new Map() }), []);
    const more = fixOf(role, [...needs, needOf("test/third")]);
    assert.match(more.cure ?? "", /prod\/payments\/\*/, "and stays as short when a need is added");
  });

  it("is left out, with the reason, if it does not fit beside the role's other inline policies", () => {
    const role = withInline(allow(`s3:${"y".repeat(10_000)}`));
    const drift = fixOf(role, many(5, "prod/"));
    assert.equal(drift.cure, undefined);
    assert.match(
      drift.detail ?? "",
      /IAM takes at most \d+ here, because all inline policies of a role together may have 10240\. Give some job definitions another execution role/,
    );
  });
});

describe("a secret's ARN that ends in a hyphen and six characters", () => {
  const arnOf = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}`;
  const judge = (name: string, role: Role, facts: ReadonlyMap<string, ResourceFacts> = new Map()) => {
    const uses = [aDefinitionUse({ needs: [aNeed({ resource: arnOf(name) })] })];
    const notes = noteSecretNames({ role, uses, facts }).flatMap(({ details }) => details);
    const rest = evaluateNeeds({ role, uses, facts }).map((one) =>
      one.kind === "drift" ? one.side : one.kind,
    );
    return { notes, rest };
  };

  // Names of secrets from reports: aws/aws-cdk#27530 and #18555, aws/copilot-cli#5732, aws-samples/dify-self-hosted-on-aws#35.
  for (const name of [
    "prod/db-config",
    "xyz-google",
    "test-secret",
    "foo-abcdef",
    "app-prod01",
    "team/API-SECRET",
  ]) {
    it(`is reported with the complete ARN as fix if it may be partial: ${name}`, () => {
      for (const role of [
        withInline(),
        withInline(allow(get, arnOf(name))),
        withInline(allow(get, `${arnOf(name)}-??????`)),
      ]) {
        const { notes, rest } = judge(name, role);
        assert.deepEqual(rest, [], "no policy is offered as a fix");
        assert.equal(notes.length, 1);
        assert.match(notes[0] ?? "", /register a revision that names the complete ARN/);
      }
    });
  }

  it("is known to be partial, with its complete ARN, if the secret was read", () => {
    const complete = arnOf("prod/db-config-AbCdEf");
    const facts = new Map([[arnOf("prod/db-config"), { arn: complete, policy: null, key: null }]]);
    const met = judge("prod/db-config", withInline(allow(get, arnOf("prod/db-config-??????"))), facts);
    assert.deepEqual(met.rest, []);
    assert.ok(met.notes[0]?.endsWith(`Register a revision that names ${complete}.`));
    const { rest } = judge("prod/db-config", withInline(allow(get, arnOf("prod/db-config"))), facts);
    assert.deepEqual(rest, ["missing"], "that policy does not name the complete ARN");
  });

  // Suffixes of complete ARNs in reports: link2aws#66, HumanCellAtlas/data-store#2331.
  for (const name of ["MySecret9A3F29-vdHtS43BP1i1-knwb3S", "dcp/dss/dev/es_source_ip-q2baD1", "db-AbCdEf"]) {
    it(`counts as complete if it ends in no word, unless the role may read it with a suffix alone: ${name}`, () => {
      assert.deepEqual(judge(name, withInline(allow(get, arnOf(name)))), { notes: [], rest: [] });
      assert.deepEqual(judge(name, withInline()), { notes: [], rest: ["missing"] });
      const { notes, rest } = judge(name, withInline(allow(get, `${arnOf(name)}-*`)));
      assert.deepEqual([notes.length, rest], [1, []]);
    });
  }

  it("counts as complete if the secret was read by it", () => {
    const facts = new Map([[arnOf("db-config"), { policy: null, key: null }]]);
    assert.deepEqual(judge("db-config", withInline(allow(get, arnOf("db-config"))), facts), {
      notes: [],
      rest: [],
    });
    assert.deepEqual(judge("db-config", withInline(), facts), { notes: [], rest: ["missing"] });
  });

  it("makes neither the policy with a suffix excess nor an unused grant", () => {
    const uses = [aDefinitionUse({ needs: [aNeed({ resource: arnOf("prod/db-config") })] })];
    const role = withInline(allow(get, arnOf("prod/db-config-??????")));
    assert.deepEqual(findUnusedGrants({ role, uses, facts: new Map() }), []);
    const reference = { ...referenceOf("ecsTaskExecutionRole"), attachments: [] };
    const [excess] = evaluateRole({
      reference: allowNeeds(reference, uses, new Map()),
      guarded: guardedAs({}),
      reading: { status: "present", role: { ...role, trust: reference.trust } },
    });
    assert.equal(excess, undefined);
  });

  it("is reported together with text that the ECS agent refuses", () => {
    const uses = [aDefinitionUse({ refused: ["here has 1 part."] })];
    const [note] = noteSecretNames({ role: withInline(), uses, facts: new Map() });
    assert.deepEqual(note?.details, ["job definition render:7 in us-east-1: here has 1 part."]);
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
    for (const over of [{ unread: ["?"] }, { omitted: ["2 of its older revisions are not recorded"] }]) {
      const uses = [aDefinitionUse(over)];
      assert.deepEqual(findUnusedGrants({ role, uses, facts: new Map() }), []);
    }
  });

  it("is not one on every resource", () => {
    assert.deepEqual(unused(withInline(allow("*"), allow(get)), []), []);
  });
});

describe("a grant on keys", () => {
  const otherKey = `arn:aws:kms:us-east-1:${account}:key/2`;
  const decrypting = (...resources: readonly string[]) =>
    policy(statement({ Action: "kms:Decrypt", Resource: resources }));
  const unused = (
    text: string,
    facts: Readonly<Record<string, ResourceFacts>>,
    needs: readonly Need[] = [aNeed()],
  ) =>
    findUnusedKeys({
      role: withInline(text),
      uses: [aDefinitionUse({ needs })],
      facts: new Map(Object.entries(facts)),
    }).flatMap(({ grants }) => grants.flatMap(({ resources }) => resources));
  const encrypted = { [secret]: { policy: null, key } };

  it("is reported if the key encrypts no secret and no parameter of a definition (T12)", () => {
    assert.deepEqual(unused(decrypting(key, otherKey), encrypted), [otherKey]);
    assert.deepEqual(
      unused(decrypting(key), { [secret]: { policy: null, key: null } }),
      [key],
      "AWS's own key",
    );
    assert.deepEqual(unused(decrypting(key), {}, []), [key], "no definition reads a secret");
    const read = aNeed({ action: "ssm:GetParameters", resource: parameter, what: "parameter" });
    assert.deepEqual(unused(decrypting(key), { [parameter]: { policy: null, key } }, [read]), []);
  });

  it("is reported in the guide's example, whose statement lists secrets and keys together, for the key alone (T4)", () => {
    const example = policy(statement({ Action: [get, "kms:Decrypt"], Resource: [secret, otherKey] }));
    assert.deepEqual(unused(example, encrypted), [otherKey]);
    assert.deepEqual(unused(example.replace("key/2", "key/1"), encrypted), []);
  });

  it("by a wildcard is used if one of its keys is, and is none on every resource", () => {
    assert.deepEqual(unused(decrypting("arn:aws:kms:us-east-1:*:key/*"), encrypted), []);
    assert.deepEqual(unused(decrypting("arn:aws:kms:eu-west-1:*:key/*"), encrypted), [
      "arn:aws:kms:eu-west-1:*:key/*",
    ]);
    assert.deepEqual(unused(decrypting("*"), {}, []), []);
  });

  it("is not reported if a secret's key is unknown, a definition cannot be parsed, or no use is known", () => {
    assert.deepEqual(unused(decrypting(otherKey), {}), []);
    assert.deepEqual(unused(decrypting(otherKey), { [secret]: { policy: null } }), []);
    const role = withInline(decrypting(otherKey));
    const facts = new Map(Object.entries(encrypted));
    assert.deepEqual(findUnusedKeys({ role, uses: [aDefinitionUse({ unread: ["?"] })], facts }), []);
    assert.deepEqual(findUnusedKeys({ role, uses: [], facts }), []);
  });
});
