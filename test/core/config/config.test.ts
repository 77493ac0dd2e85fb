import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { ReferenceInput } from "@drift-guard/core/reference/reference";
import config from "../../../drift-guard.config.ts";
import { allow, trustOf } from "../../builders.ts";

const source = { title: "The owner's wiki", date: "2026-11-22" };
const written: ReferenceInput = {
  role: "Worker",
  source,
  trust: JSON.parse(trustOf("ecs-tasks.amazonaws.com")),
  attachments: [],
  boundary: "any",
};

describe("the configuration", () => {
  it("that comes with the project guards the three roles and puts nothing back", () => {
    assert.deepEqual(Object.keys(config.roles), [
      "AWSBatchServiceRole",
      "AWSServiceRoleForBatch",
      "ecsTaskExecutionRole",
    ]);
    for (const { rollback } of Object.values(config.roles))
      assert.deepEqual(rollback, { excess: "off", missing: "off" });
  });

  it("guards a role by the owner's own reference, by name, or by a built-in one", () => {
    const chosen = defineConfig({
      roles: { Worker: {}, "team-execution": { reference: "ecsTaskExecutionRole" } },
      references: [written],
    });
    assert.deepEqual(
      listWatchedRoles({ config: chosen }).map(({ name, reference }) => [
        name,
        reference.role,
        reference.source.title,
      ]),
      [
        ["Worker", "Worker", "The owner's wiki"],
        ["team-execution", "ecsTaskExecutionRole", "AWS Batch User Guide, AWS Batch execution IAM role"],
      ],
    );
  });

  it("may be checked again once it is complete", () => {
    const chosen = defineConfig({
      roles: { Worker: { strictness: { trust: "floor" } } },
      references: [written],
      severities: { "vendor-change": "LOW" },
      trustedActors: ["arn:aws:iam::*:role/terraform"],
    });
    assert.deepEqual(defineConfig(JSON.parse(JSON.stringify(chosen))), chosen);
    assert.deepEqual(defineConfig(chosen), chosen);
  });

  for (const [what, input, path] of [
    ["an unknown field", { roles: { R: { rolback: {} } } }, /roles\.R/],
    [
      "a rollback mode that there is not",
      { roles: { R: { rollback: { excess: "always" } } } },
      /roles\.R\.rollback\.excess/,
    ],
    ["a path without its slashes", { roles: { R: { paths: ["service-role"] } } }, /roles\.R\.paths\[0\]/],
    ["a delay that SQS cannot hold", { roles: {}, recheckSeconds: 901 }, /recheckSeconds/],
    [
      "a reference that there is not",
      { roles: { R: { reference: "Q" } } },
      /there is no reference Q;[\s\S]*roles\.R\.reference/,
    ],
    ["a role without a reference", { roles: { R: {} } }, /capture R`[\s\S]*roles\.R$/m],
    [
      "a reference whose trust is no policy",
      { roles: {}, references: [{ ...written, trust: { Statement: [{ Effect: "Maybe" }] } }] },
      /Effect[\s\S]*references\[0\]\.trust/,
    ],
    [
      "a field that no reference has",
      { roles: {}, references: [written, { ...written, rol: "x" }] },
      /"rol"[\s\S]*references\[1\]/,
    ],
    [
      "two references of one name",
      { roles: {}, references: [written, { ...written, role: "WORKER" }] },
      /another reference before it has the name WORKER[\s\S]*references\[1\]\.role/,
    ],
    [
      "a strictness that there is not",
      { roles: { R: { strictness: { trust: "loose" } } } },
      /roles\.R\.strictness\.trust/,
    ],
    ["a severity that there is not", { roles: {}, severities: { excess: "BAD" } }, /severities\.excess/],
    ["a severity of something else", { roles: {}, severities: { drift: "LOW" } }, /"drift"[\s\S]*severities/],
    ["a trusted actor without an ARN", { roles: {}, trustedActors: ["terraform"] }, /trustedActors\[0\]/],
    [
      "a trusted actor that is everybody",
      { roles: {}, trustedActors: ["arn:aws:iam::123456789012:*"] },
      /every principal[\s\S]*trustedActors\[0\]/,
    ],
    [
      "everybody as a trusted actor",
      { roles: {}, trustedActors: ["*"] },
      /every principal[\s\S]*trustedActors\[0\]/,
    ],
    ["a name that is no role's", { roles: { "a b": {} } }, /a b/],
    [
      "two roles whose names are one to IAM",
      { roles: { Worker: {}, worker: {} }, references: [written] },
      /Worker and worker[\s\S]*roles\.worker/,
    ],
    ...["/*/", "/team?/", "/${aws:username}/", "/a b/"].map(
      (path) =>
        [
          `the path ${path}, which a permission reads as many paths or none`,
          { roles: { Worker: { paths: [path] } }, references: [written] },
          /roles\.Worker\.paths\[0\]/,
        ] as const,
    ),
    ...["policy/*", "policy/a?b", "policy/${aws:username}", "policy/team*/x", "policy/"].map(
      (resource) =>
        [
          `an attachment ${resource}, which a permission reads as many policies or none`,
          {
            roles: {},
            references: [
              {
                ...written,
                attachments: [
                  {
                    arn: `arn:aws:iam::aws:${resource}`,
                    version: "v1",
                    document: JSON.parse(allow("s3:GetObject")),
                    source,
                  },
                ],
              },
            ],
          },
          /must be a policy's ARN[\s\S]*references\[0\]\.attachments\[0\]\.arn/,
        ] as const,
    ),
    ["a region that is none", { roles: {}, regions: { guard: "*" } }, /regions\.guard/],
    ["a Batch region that is none", { roles: {}, regions: { batch: ["us-east"] } }, /regions\.batch\[0\]/],
  ] as const) {
    it(`with ${what} is refused, by the path of the mistake`, () => {
      // What a person writes is not bound to the types: the check is what holds it.
      const written: ConfigInput = JSON.parse(JSON.stringify(input));
      assert.throws(() => defineConfig(written), { name: "ConfigError", message: path });
    });
  }
});
