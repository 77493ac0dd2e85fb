import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import fc from "fast-check";
import { aDrift, aGrant, aKey, anAttempt, aVendorChange } from "../../builders.ts";

describe("a severity", () => {
  it("is the owner's choice for a side of drift or a kind of evidence, else the guard's own", () => {
    const choice = { severities: { missing: "LOW", "vendor-change": "MEDIUM" } } as const;
    assert.equal(rateSeverity(aDrift(), aKey()), "HIGH");
    assert.equal(rateSeverity(aDrift(), aKey(), choice), "LOW");
    assert.equal(rateSeverity(aVendorChange(), aKey(), choice), "MEDIUM");
    assert.equal(rateSeverity(anAttempt(), aKey(), choice), "MEDIUM");
    const excess = aDrift({ side: "excess", grants: [aGrant({ actions: ["iam:*"] })] });
    assert.equal(rateSeverity(excess, aKey(), choice), "CRITICAL");
  });

  it("of a grant with exceptions is that of what it allows", () => {
    const carved = aGrant({ actions: ["s3:*"], exceptActions: ["s3:Get*"] });
    assert.equal(rateSeverity(aDrift({ side: "excess", grants: [carved] }), aKey()), "HIGH");
    const all = aGrant({ actions: ["*"], exceptActions: ["s3:*"] });
    assert.equal(rateSeverity(aDrift({ side: "excess", grants: [all] }), aKey()), "CRITICAL");
  });

  it("of a retired policy that allows nothing more is medium", () => {
    assert.equal(rateSeverity(aDrift({ side: "excess", grants: [] }), aKey()), "MEDIUM");
  });

  const rated = (action: string) =>
    rateSeverity(aDrift({ side: "excess", grants: [aGrant({ actions: [action] })] }), aKey());

  for (const action of [
    "*",
    "*:*",
    "?am:PassRole",
    "iam:*",
    "iam:P*",
    "iam:?ttachRolePolicy",
    "IAM:A??achRolePolicy",
    "iam:*Policy",
    "iam:*ole",
    "i*:Cr*te*",
    "sts:Assume*",
    "lambda:Up*Code",
    "organizations:LeaveOrganization",
  ]) {
    it(`of ${action} is critical: it matches an action for privilege escalation`, () => {
      assert.equal(rated(action), "CRITICAL");
    });
  }

  for (const [action, severity] of [
    ["iam:Get*", "MEDIUM"],
    ["iam:ListRoles", "MEDIUM"],
    ["organizations:DescribeAccount", "MEDIUM"],
    ["s3:PutObject", "HIGH"],
    ["s3:?utObject", "HIGH"],
    ["ec2:*", "HIGH"],
    ["iamx:PutRolePolicy", "HIGH"],
  ] as const) {
    it(`of ${action} is ${severity.toLowerCase()}`, () => assert.equal(rated(action), severity));
  }

  it("of a pattern is critical if that of a matching action is", () => {
    const actions = ["iam:PassRole", "iam:PutRolePolicy", "sts:AssumeRole", "lambda:UpdateFunctionCode"];
    const anyPattern = fc.constantFrom(...actions).chain((action) =>
      fc
        .array(fc.constantFrom("keep", "?", "*", "drop"), {
          minLength: action.length,
          maxLength: action.length,
        })
        .map((marks) =>
          // A dropped character must be matched by a star before it.
          [...action]
            .map((character, at) => {
              const mark = marks[at];
              if (mark === "drop") return at > 0 && marks[at - 1] === "*" ? "" : character;
              return mark === "keep" ? character : mark;
            })
            .join(""),
        ),
    );
    fc.assert(fc.property(anyPattern, (pattern) => assert.equal(rated(pattern), "CRITICAL")));
  });
});
