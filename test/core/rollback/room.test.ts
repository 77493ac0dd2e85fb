import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Role, seen } from "@drift-guard/core/model/role";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import type { PlanningResult } from "@drift-guard/core/rollback/planner";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { account, aDefinitionUse } from "../../builders.ts";
import { asReferenced, referenceOf } from "../watched-roles.ts";
import { listLostDenies } from "./denies.ts";
import { automatic, calls, driftsOf, plan, reasons, suppressing } from "./planning.ts";

const name = "ecsTaskExecutionRole";
const excessOnly = { excess: "automatic" } as const;
const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const parameter = `arn:aws:ssm:us-east-1:${account}:parameter/db`;
const uses = [
  aDefinitionUse({
    needs: [{ action: "ssm:GetParameters", resource: parameter, what: "parameter", at: "here" }],
  }),
];
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const deny = (Action: unknown, over: object = {}) => ({ Effect: "Deny", Action, Resource: "*", ...over });
const arnOf = (rogue: string) => `arn:aws:iam::${account}:policy/${rogue}`;

/** Denies of about so many characters, which block nothing. */
const junk = (characters: number, tag: string, action = "s3:DeleteBucket") =>
  deny(action, {
    Resource: Array.from(
      { length: Math.floor(characters / 60) },
      (_, index) => `arn:aws:s3:::${`${tag}-${index}-`.padEnd(44, "x")}`,
    ),
  });

function attaching(role: Role, policies: Readonly<Record<string, string>>): Role {
  const more = Object.entries(policies).map(([rogue, text]) => ({
    arn: arnOf(rogue),
    version: seen({ id: "v1", text }),
  }));
  return { ...role, attached: [...role.attached, ...more] };
}

const inlineSize = ({ inline }: Role) =>
  inline.reduce((sum, { text }) => sum + text.replaceAll(/\s/g, "").length, 0);

/** Returns the role before the first step of a plan, and after each. */
function carryOut(role: Role, { plan: { steps } }: PlanningResult): readonly Role[] {
  const roles = [role];
  for (const step of steps) roles.push(applyStep(roles.at(-1) ?? role, step));
  return roles;
}

/** Carries a plan out. Fails if a step does not fit into IAM's limit, loses a Deny, or restores. */
function finish(role: Role, planned: PlanningResult): Role {
  const roles = carryOut(role, planned);
  for (const [index, after] of roles.entries()) {
    assert.ok(inlineSize(after) <= 10_240, `step ${index} does not fit`);
    const before = roles[index - 1];
    if (before) assert.deepEqual(listLostDenies(before, after), [], `step ${index}`);
  }
  assert.ok(planned.plan.steps.every(({ restores }) => !restores));
  return roles.at(-1) ?? role;
}

function isAllowed({ attached, inline }: Role, action: string, resource: string): boolean {
  const texts = [
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...inline.map(({ text }) => text),
  ];
  return decide({ action, resource, context: {} }, texts.map(parsePolicy)) === "allowed";
}

const requiredActions = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "logs:PutLogEvents"];

describe("Denies of removed policies that do not fit into the inline policies of a role", () => {
  const two = {
    "rogue-1": policy(everything, junk(5800, "one")),
    "rogue-2": policy(everything, junk(5800, "two", "sqs:DeleteQueue")),
  };

  it("are replaced by a Deny of all that the role may not have, and the policies are detached", () => {
    const role = attaching(asReferenced(name), two);
    const planned = plan(role, excessOnly, { uses });
    const after = finish(role, planned);
    assert.deepEqual(
      after.attached.map(({ arn }) => arn),
      referenceOf(name).attachments.map(({ arn }) => arn),
    );
    for (const action of requiredActions) assert.ok(isAllowed(after, action, "*"), action);
    assert.ok(isAllowed(after, "ssm:GetParameters", parameter));
    assert.ok(!isAllowed(after, "ssm:GetParameters", `${parameter}2`));
    assert.ok(!isAllowed(after, "iam:PassRole", "*"));
    const notes = planned.plan.steps.flatMap(({ note = [] }) => note).join("\n");
    assert.match(notes, /Denies of .*rogue-2 do not fit into the 10,240 characters of inline policies/);
    assert.match(notes, /denies all that neither the reference.*To put them back, write the Denies of /);
  });

  it("keep those that block something which the role may have", () => {
    const real = deny("logs:PutLogEvents", { Condition: { Bool: { "aws:SecureTransport": "false" } } });
    const role = attaching(asReferenced(name), {
      ...two,
      "rogue-3": policy(everything, junk(5000, "three"), real),
    });
    const after = finish(role, plan(role, excessOnly));
    assert.equal(after.attached.length, 1);
    assert.ok(after.inline.some(({ text }) => text.includes("aws:SecureTransport")));
  });

  it("are written in fewer words first, which changes nothing", () => {
    const single = (count: number, tag: string) =>
      Array.from({ length: count }, (_, index) =>
        deny(`s3:Action${index}`, { Resource: `arn:aws:s3:::${tag}` }),
      );
    const role = attaching(asReferenced(name), {
      "rogue-1": policy(everything, ...single(70, "one")),
      "rogue-2": policy(everything, ...single(70, "two")),
      "rogue-3": policy(everything, ...single(70, "three")),
    });
    const planned = plan(role, excessOnly);
    const after = finish(role, planned);
    assert.equal(after.attached.length, 1);
    assert.ok(planned.plan.steps.every(({ note = "" }) => !note.includes("To put them back")));
    assert.doesNotMatch(JSON.stringify(after.inline), /NotAction/);
  });

  it("find room where the inline policies are full of other Denies", () => {
    const shield = { name: "shield", text: policy(junk(10_100, "shield")) };
    const role = attaching(asReferenced(name, { inline: [shield] }), {
      rogue: policy(everything, deny("s3:PutObject")),
    });
    assert.ok(inlineSize(role) > 10_000);
    const after = finish(role, plan(role, excessOnly));
    assert.equal(after.attached.length, 1);
  });

  it("find room after mixed inline policies lost their excess, also where those fill the role", () => {
    const mixed = { name: "mixed", text: policy(everything, junk(9900, "mixed")) };
    const role = attaching(asReferenced(name, { inline: [mixed] }), two);
    const after = finish(role, plan(role, excessOnly, { uses }));
    assert.equal(after.attached.length, 1);
    assert.doesNotMatch(JSON.stringify(after.inline), /"Allow","Action":"\*"/);
    assert.ok(isAllowed(after, "ssm:GetParameters", parameter));
  });

  it("of a mixed inline policy make room for what the role needs of it", () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      action: "ssm:GetParameters",
      resource: `${parameter}/${"n".repeat(60)}${index}`,
      what: "parameter",
      at: "here",
    })) as Parameters<typeof aDefinitionUse>[0] extends infer Given | undefined
      ? Given extends { readonly needs?: infer Needs }
        ? Needs
        : never
      : never;
    const mixed = { name: "mixed", text: policy(everything, junk(10_000, "mixed")) };
    const role = asReferenced(name, { inline: [mixed] });
    const planned = plan(role, excessOnly, { uses: [aDefinitionUse({ needs: many ?? [] })] });
    const after = finish(role, planned);
    assert.ok(isAllowed(after, "ssm:GetParameters", `${parameter}/${"n".repeat(60)}7`));
    assert.ok(!isAllowed(after, "iam:PassRole", "*"));
    assert.match(planned.plan.steps[0]?.note ?? "", /To put them back, write the Denies that mixed had/);
  });

  it("leave what a person accepted", () => {
    const accepted = { name: "accepted", text: policy({ ...everything, Action: "sns:Publish" }) };
    const role = attaching(asReferenced(name, { inline: [accepted] }), two);
    const exceptions = suppressing(role, ({ part }) => `${part}` === "inline:accepted");
    assert.ok(driftsOf(role).length > 1);
    const after = finish(role, plan(role, excessOnly, { control: { exceptions } }));
    assert.equal(after.attached.length, 1);
    assert.ok(isAllowed(after, "sns:Publish", "*"));
  });

  it("hold back the excess of a policy that must stay for its Denies, until a person moves them", () => {
    const blocking = (tag: string) => junk(5800, tag, "logs:PutLogEvents");
    const role = attaching(asReferenced(name), {
      "rogue-1": policy(everything, blocking("one")),
      "rogue-2": policy(everything, blocking("two")),
      "rogue-3": policy(everything, blocking("three")),
    });
    const planned = plan(role, excessOnly);
    const after = finish(role, planned);
    assert.ok(!isAllowed(after, "iam:PassRole", "*"));
    for (const action of requiredActions) assert.ok(isAllowed(after, action, "*"), action);
    const again = plan(after, excessOnly);
    assert.deepEqual(calls(again), []);
    assert.match(reasons(again), /held back/);
  });

  it("do not keep excess in place where even what the role needs has no room", () => {
    const short = JSON.stringify({ Statement: everything });
    const filled = asReferenced(name, {
      inline: Array.from({ length: 170 }, (_, index) => ({ name: `p${index}`, text: short })),
    });
    assert.ok(inlineSize(filled) > 10_000);
    const after = finish(filled, plan(filled, excessOnly, { uses }));
    assert.ok(!isAllowed(after, "iam:PassRole", "*"));
    assert.ok(isAllowed(after, "ssm:GetParameters", parameter));
    const blocking = { name: "blocking", text: policy(junk(10_100, "a", "logs:PutLogEvents")) };
    const full = attaching(asReferenced(name, { inline: [blocking] }), { rogue: policy(everything) });
    const planned = plan(full, excessOnly, { uses });
    assert.deepEqual(calls(planned), ["iam:DetachRolePolicy"]);
    assert.match(planned.plan.steps[0]?.note ?? "", /does not fit.*lost with the excess/);
  });

  it("may have conditions that cannot be compared", () => {
    const odd = (tag: string) => ({
      ...junk(5800, tag),
      Condition: {
        StringLike: { "aws:PrincipalTag/x": Array.from({ length: 20 }, (_, i) => `*${i}*?*${tag}*`) },
      },
    });
    const role = attaching(asReferenced(name), {
      "rogue-1": policy(everything, odd("one")),
      "rogue-2": policy(everything, odd("two")),
    });
    const planned = plan(role, excessOnly);
    assert.equal((carryOut(role, planned).at(-1) ?? role).attached.length, 1);
  });
});

describe("The Denies that a removal writes", () => {
  const actions = [
    "s3:GetObject",
    "s3:*",
    "S3:Get*",
    "logs:PutLogEvents",
    "logs:*",
    "ssm:Get*",
    "*",
    "iam:?assRole",
  ];
  const resources = [
    "*",
    "arn:aws:s3:::jobs/*",
    "arn:aws:s3:::jobs/a",
    "arn:aws:s3",
    "arn:aws:s3:::${aws:username}/*",
    parameter,
  ];
  const clause = (element: string, values: readonly string[]) =>
    fc.tuple(
      fc.constantFrom(element, element, `Not${element}`),
      fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 4 }),
    );
  const denies = fc
    .tuple(
      clause("Action", actions),
      clause("Resource", resources),
      fc.constantFrom(undefined, { Bool: { "aws:SecureTransport": "false" } }),
      fc.nat(80),
    )
    .map(([[action, some], [resource, at], Condition, padding]) => ({
      Effect: "Deny",
      [action]: some,
      [resource]: [
        ...at,
        ...Array.from({ length: padding }, (_, index) => `arn:aws:s3:::${index}`.padEnd(60, "y")),
      ],
      ...(Condition && { Condition }),
    }));
  const managed = fc.array(denies, { maxLength: 3 }).map((some) => policy(everything, ...some));

  it("let the role do no more than before after any step, and no less than its reference allows", () => {
    const requests = [
      "s3:GetObject",
      "logs:PutLogEvents",
      "ssm:GetParameters",
      "iam:PassRole",
      "sqs:SendMessage",
    ].flatMap((action) =>
      ["arn:aws:s3:::jobs/a", "arn:aws:s3:::bob/a", parameter, `${parameter}2`].flatMap((resource) =>
        [{}, { "aws:securetransport": "false" }, { "aws:username": "bob" }].map((context) => ({
          action,
          resource,
          context,
        })),
      ),
    );
    // A policy of a resource may allow anything: only the Denies count.
    const denied = (role: Role) => {
      const texts = [
        ...role.attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
        ...role.inline.map(({ text }) => text),
      ].map(parsePolicy);
      return requests.map((request) => decide(request, texts) === "explicitDeny");
    };
    fc.assert(
      fc.property(fc.array(managed, { minLength: 2, maxLength: 4 }), (texts) => {
        const role = attaching(
          asReferenced(name),
          Object.fromEntries(texts.map((text, index) => [`rogue-${index}`, text])),
        );
        const roles = carryOut(role, plan(role, automatic));
        for (const [index, after] of roles.entries()) {
          const before = roles[index - 1];
          if (!before) continue;
          assert.ok(inlineSize(after) <= 10_240);
          const now = denied(after);
          assert.ok(
            denied(before).every((was, at) => !was || now[at]),
            `step ${index}`,
          );
        }
        const [after, first] = [roles.at(-1) ?? role, denied(role)];
        for (const [at, request] of requests.entries()) {
          if (request.action !== "logs:PutLogEvents" || first[at]) continue;
          assert.ok(!denied(after)[at], "a Deny of more blocks what the reference requires");
        }
      }),
      { numRuns: 8 },
    );
  });
});
