import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { builtInReferences, localiseReference } from "@drift-guard/core/reference/built-in";
import { account, allow, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

/** A change to a role, and the parts and sides that then have drift. */
interface Deviation {
  readonly what: string;
  readonly applies?: (name: string) => boolean;
  readonly to: (role: Role) => Partial<Role>;
  readonly expected: (name: string) => readonly string[];
}

const policyOf = (name: string) => referenceOf(name).attachments[0]?.arn ?? "";
const hasTrust = ({ trust }: Role, ...statements: readonly object[]) => {
  const document = JSON.parse(trust);
  return JSON.stringify({ ...document, Statement: [...document.Statement, ...statements] });
};
const deny = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
});
const stranger = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };

const deviations: readonly Deviation[] = [
  {
    what: "its policy is detached",
    to: () => ({ attached: [] }),
    expected: (name) => [`managed:${policyOf(name)} missing`],
  },
  {
    what: "its policy is replaced by an inline copy (R40)",
    to: (role) => ({
      attached: [],
      inline: [{ name: "copy", text: referenceOf(role.name).attachments[0]?.document ?? "" }],
    }),
    expected: (name) => [`managed:${policyOf(name)} missing`],
  },
  {
    what: "its policy cannot be read",
    to: ({ attached }) => ({ attached: attached.map(({ arn }) => ({ arn, version: unseen("denied") })) }),
    expected: (name) => [`managed:${policyOf(name)} undecided`],
  },
  {
    what: "AWS adds an action to its policy",
    to: ({ attached }) => ({
      attached: attached.map(({ arn, version }) => {
        if (!version.observed) return { arn, version };
        const document = JSON.parse(version.value.text);
        const more = { Effect: "Allow", Action: "batch:TagResource", Resource: "*" };
        const text = JSON.stringify({ ...document, Statement: [...document.Statement, more] });
        return { arn, version: seen({ id: "v99", text }) };
      }),
    }),
    expected: (name) => [`managed:${policyOf(name)} vendor-change`],
  },
  {
    what: "AWS empties its policy",
    to: ({ attached }) => ({
      attached: attached.map(({ arn }) => ({
        arn,
        version: seen({ id: "v99", text: allow("sts:Nothing") }),
      })),
    }),
    expected: (name) => [`managed:${policyOf(name)} vendor-change`],
  },
  {
    what: "AWS returns to an older version with the same grants",
    applies: (name) => referenceOf(name).attachments[0]?.version !== "v1",
    to: ({ attached }) => ({
      attached: attached.map(({ arn, version }) => ({
        arn,
        version: version.observed ? seen({ ...version.value, id: "v0" }) : version,
      })),
    }),
    expected: (name) => [`managed:${policyOf(name)} vendor-change`],
  },
  {
    what: "a new version of its policy has the same grants",
    to: ({ attached }) => ({
      attached: attached.map(({ arn, version }) => ({
        arn,
        version: version.observed ? seen({ ...version.value, id: "v99" }) : version,
      })),
    }),
    expected: () => [],
  },
  {
    what: "AdministratorAccess is attached",
    to: ({ attached }) => ({
      attached: [
        ...attached,
        {
          arn: "arn:aws:iam::aws:policy/AdministratorAccess",
          version: seen({ id: "v1", text: allow("*") }),
        },
      ],
    }),
    expected: () => ["managed:arn:aws:iam::aws:policy/AdministratorAccess excess"],
  },
  {
    what: "an inline policy allows more",
    to: () => ({ inline: [{ name: "more", text: allow("iam:*") }] }),
    expected: () => ["inline:more excess"],
  },
  {
    what: "an inline policy denies",
    to: () => ({ inline: [{ name: "stop", text: deny }] }),
    expected: () => ["inline:stop missing"],
  },
  {
    what: "an inline policy cannot be read",
    to: () => ({ inline: [{ name: "odd", text: "{}" }] }),
    expected: () => ["inline:odd undecided"],
  },
  {
    what: "another account may assume it",
    to: (role) => ({ trust: hasTrust(role, stranger) }),
    expected: () => ["trust excess"],
  },
  {
    what: "its service may no longer assume it",
    to: (role) => ({ trust: hasTrust(role, { ...stranger, Effect: "Deny", Principal: "*" }) }),
    expected: () => ["trust missing"],
  },
  {
    what: "its trust cannot be read",
    to: () => ({ trust: "no policy" }),
    expected: () => ["trust undecided"],
  },
  {
    what: "its trust is hardened with the own account (2.10)",
    // EC2 sends no source when it assumes a role, so that the condition would lock it out:
    // https://github.com/prowler-cloud/prowler/issues/2810
    applies: (name) => !referenceOf(name).trust.includes("ec2.amazonaws.com"),
    to: ({ trust }) => {
      const document = JSON.parse(trust);
      const Condition = { StringEquals: { "aws:SourceAccount": account } };
      const [statement] = document.Statement;
      return { trust: JSON.stringify({ ...document, Statement: [{ ...statement, Condition }] }) };
    },
    expected: () => [],
  },
  {
    what: "a boundary is set",
    to: () => ({
      boundary: seen({
        arn: "arn:aws:iam::aws:policy/AWSDenyAll",
        version: seen({ id: "v1", text: deny }),
      }),
    }),
    expected: () => ["boundary missing"],
  },
  {
    what: "its boundary cannot be read",
    to: () => ({ boundary: unseen("not shown") }),
    expected: () => ["boundary undecided"],
  },
  {
    what: "it leaves its instance profile (2.1)",
    applies: (name) => referenceOf(name).profile !== undefined,
    to: () => ({ profiles: seen([]) }),
    expected: () => ["profile missing"],
  },
  {
    what: "its instance profiles cannot be read",
    applies: (name) => referenceOf(name).profile !== undefined,
    to: () => ({ profiles: unseen("not shown") }),
    expected: () => ["profile undecided"],
  },
  {
    what: "a retired policy is attached (2.2)",
    applies: (name) => referenceOf(name).retired.length > 0,
    to: ({ name, attached }) => ({
      attached: [
        ...attached,
        ...referenceOf(name).retired.map(({ arn }) => ({
          arn,
          version: seen({ id: "v4", text: allow("ec2:DescribeImages") }),
        })),
      ],
    }),
    expected: (name) => referenceOf(name).retired.map(({ arn }) => `managed:${arn} excess`),
  },
  {
    what: "an ordinary role has its name (T8)",
    applies: (name) => referenceOf(name).serviceLinked !== undefined,
    to: () => ({ path: "/" }),
    expected: () => ["role altered"],
  },
];

function label(assessment: Assessment): string {
  return `${assessment.part} ${assessment.kind === "drift" ? assessment.side : assessment.kind}`;
}

function assess(role: Role): readonly Assessment[] {
  const reference = referenceOf(role.name);
  return evaluate({ reference, guarded: guardedAs({}), reading: { status: "present", role } });
}

describe("one finding at its part and side", () => {
  for (const { role: name } of builtInReferences()) {
    it(`of ${name}`, () => {
      const role = asReferenced(name);
      assert.deepEqual(assess(role), []);
      for (const { what, applies, to, expected } of deviations) {
        if (applies && !applies(name)) continue;
        assert.deepEqual(assess({ ...role, ...to(role) }).map(label), expected(name), what);
      }
      const absent = { status: "absent", account, name } as const;
      assert.deepEqual(
        evaluate({ reference: referenceOf(name), guarded: guardedAs({}), reading: absent }).map(label),
        ["role missing"],
      );
    });
  }
});

describe("in another partition", () => {
  for (const partition of ["aws-cn", "aws-us-gov"]) {
    it(`each role has no drift, and its policy is of that partition: ${partition}`, () => {
      for (const { role: name } of builtInReferences()) {
        const { trust, attachments } = localiseReference(referenceOf(name), partition);
        const attached = attachments.map(({ arn, version, document }) => ({
          arn,
          version: seen({ id: version, text: document }),
        }));
        const role = asReferenced(name, { partition, trust, attached });
        assert.deepEqual(assess(role), [], name);
        const [attachment] = attachments;
        assert.match(attachment?.arn ?? "", new RegExp(`^arn:${partition}:iam::aws:`));
        assert.deepEqual(assess({ ...role, attached: [] }).map(label), [
          `managed:${attachment?.arn} missing`,
        ]);
      }
    });
  }

  it("China's two names of a service are equal, in no other partition (T7)", () => {
    const name = "ecsInstanceRole";
    const { attachments } = localiseReference(referenceOf(name), "aws-cn");
    const attached = attachments.map(({ arn, version, document }) => ({
      arn,
      version: seen({ id: version, text: document }),
    }));
    const trust = trustOf("ec2.amazonaws.com.cn");
    assert.deepEqual(assess(asReferenced(name, { partition: "aws-cn", trust, attached })), []);
    assert.deepEqual(assess(asReferenced(name, { trust })).map(label), ["trust excess", "trust missing"]);
  });
});
