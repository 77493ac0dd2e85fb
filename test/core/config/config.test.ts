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
  it("of the project watches the three roles and rolls nothing back", () => {
    assert.deepEqual(Object.keys(config.roles), [
      "AWSBatchServiceRole",
      "AWSServiceRoleForBatch",
      "ecsTaskExecutionRole",
    ]);
    for (const { rollback } of Object.values(config.roles))
      assert.deepEqual(rollback, {
        excess: "off",
        missing: "off",
        altered: "off",
        sessions: "approve",
        windows: [],
        sharedPolicies: false,
        approvers: [],
      });
  });

  it("compares a role with the owner's own reference, a named one, or a built-in one", () => {
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

  it("gives its organisation to each watched role", () => {
    const organization = { id: "o-a1b2c3d4e5", paths: ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"] };
    const chosen = defineConfig({ roles: { ecsTaskExecutionRole: {} }, organization });
    assert.deepEqual(listWatchedRoles({ config: chosen })[0]?.organization, organization);
  });

  it("can be checked again with its defaults", () => {
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
      "an unknown rollback mode",
      { roles: { R: { rollback: { excess: "always" } } } },
      /roles\.R\.rollback\.excess/,
    ],
    [
      "a window with an unknown time zone",
      {
        roles: {
          R: {
            rollback: { windows: [{ days: ["mon"], from: "09:00", to: "17:00", timezone: "Mars/North" }] },
          },
        },
      },
      /windows\[0\]\.timezone/,
    ],
    [
      "a window with an impossible time",
      { roles: { R: { rollback: { windows: [{ days: ["mon"], from: "9:00", to: "24:00" }] } } } },
      /windows\[0\]\.from/,
    ],
    [
      "an approver that is a session, whose name its maker chooses",
      {
        roles: { R: { rollback: { approvers: ["arn:aws:sts::123456789012:assumed-role/ops/ann"] } } },
      },
      /approvers\[0\]/,
    ],
    [
      "a trusted actor that is a session, whose name its maker chooses",
      { roles: {}, trustedActors: ["arn:aws:sts::123456789012:assumed-role/terraform/*"] },
      /trustedActors\[0\]/,
    ],
    ["a path without slashes", { roles: { R: { paths: ["service-role"] } } }, /roles\.R\.paths\[0\]/],
    ["a delay longer than SQS allows", { roles: {}, recheckSeconds: 901 }, /recheckSeconds/],
    [
      "an unknown reference",
      { roles: { R: { reference: "Q" } } },
      /there is no reference Q;[\s\S]*roles\.R\.reference/,
    ],
    ["a role without a reference", { roles: { R: {} } }, /capture R`[\s\S]*roles\.R$/m],
    [
      "a reference with an invalid trust policy",
      { roles: {}, references: [{ ...written, trust: { Statement: [{ Effect: "Maybe" }] } }] },
      /Effect[\s\S]*references\[0\]\.trust/,
    ],
    [
      "an unknown field of a reference",
      { roles: {}, references: [written, { ...written, rol: "x" }] },
      /"rol"[\s\S]*references\[1\]/,
    ],
    [
      "two references of one name",
      { roles: {}, references: [written, { ...written, role: "WORKER" }] },
      /another reference before it has the name WORKER[\s\S]*references\[1\]\.role/,
    ],
    [
      "an unknown strictness",
      { roles: { R: { strictness: { trust: "loose" } } } },
      /roles\.R\.strictness\.trust/,
    ],
    ["an unknown severity", { roles: {}, severities: { excess: "BAD" } }, /severities\.excess/],
    [
      "a severity of an unknown kind",
      { roles: {}, severities: { drift: "LOW" } },
      /"drift"[\s\S]*severities/,
    ],
    ["a trusted actor without an ARN", { roles: {}, trustedActors: ["terraform"] }, /trustedActors\[0\]/],
    [
      "a trusted actor that matches every principal of an account",
      { roles: {}, trustedActors: ["arn:aws:iam::123456789012:*"] },
      /every principal[\s\S]*trustedActors\[0\]/,
    ],
    [
      "a trusted actor that matches every principal",
      { roles: {}, trustedActors: ["*"] },
      /every principal[\s\S]*trustedActors\[0\]/,
    ],
    [
      "an invalid role name",
      { roles: { "job-?": {} } },
      /must be a role name, or a pattern of role names with \* for any text, at roles\["job-\?"\]/,
    ],
    [
      "a pattern whose roles are required",
      { roles: { "job-*": { reference: "ecsTaskExecutionRole", required: true } } },
      /no role must match a pattern[\s\S]*roles\["job-\*"\]\.required/,
    ],
    [
      "a pattern without a reference",
      { roles: { "job-*": {} } },
      /needs a reference[\s\S]*roles\["job-\*"\]/,
    ],
    [
      "a pattern whose reference does not exist",
      { roles: { "job-*": { reference: "Q" } } },
      /there is no reference Q;[\s\S]*roles\["job-\*"\]\.reference/,
    ],
    [
      "rollback beside a pattern",
      { roles: { "job-*": { reference: "ecsTaskExecutionRole", rollback: { excess: "approve" } } } },
      /never written[\s\S]*roles\["job-\*"\]\.rollback/,
    ],
    [
      "two patterns that one role can match",
      {
        roles: {
          "job-*": { reference: "ecsTaskExecutionRole" },
          "*-EXECUTION": { reference: "ecsTaskExecutionRole" },
          "Job-execution": { reference: "ecsTaskExecutionRole" },
        },
      },
      /job-\* and \*-EXECUTION can match the same role[\s\S]*roles\["\*-EXECUTION"\]/,
    ],
    [
      "more than a hundred patterns",
      {
        roles: Object.fromEntries(
          Array.from({ length: 101 }, (_, index) => [
            `job-${index}-*`,
            { reference: "ecsTaskExecutionRole" },
          ]),
        ),
      },
      /holds 101 patterns; at most 100/,
    ],
    [
      "two names of the same role in IAM",
      { roles: { Worker: {}, worker: {} }, references: [written] },
      /Worker and worker[\s\S]*roles\.worker/,
    ],
    ...["/*/", "/team?/", "/${aws:username}/", "/a b/"].map(
      (path) =>
        [
          `the path ${path}, which a permission reads as a pattern`,
          { roles: { Worker: { paths: [path] } }, references: [written] },
          /roles\.Worker\.paths\[0\]/,
        ] as const,
    ),
    ...["policy/*", "policy/a?b", "policy/${aws:username}", "policy/team*/x", "policy/"].map(
      (resource) =>
        [
          `an attachment ${resource}, which a permission reads as a pattern`,
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
    ["an organisation without an id", { roles: {}, organization: {} }, /organization\.id/],
    [
      "a path of an organisation without its end",
      { roles: {}, organization: { id: "o-a1b2c3d4e5", paths: ["o-a1b2c3d4e5/r-ab12"] } },
      /organization\.paths\[0\]/,
    ],
    [
      "a path of another organisation",
      { roles: {}, organization: { id: "o-a1b2c3d4e5", paths: ["o-other12345/r-ab12/"] } },
      /o-a1b2c3d4e5[\s\S]*organization\.paths\[0\]/,
    ],
    ["an invalid region", { roles: {}, regions: { guard: "*" } }, /regions\.guard/],
    ["an invalid Batch region", { roles: {}, regions: { batch: ["us-east"] } }, /regions\.batch\[0\]/],
  ] as const) {
    it(`is refused with ${what}, and the error names the path`, () => {
      // JSON and JavaScript configurations are not held by the types.
      const written: ConfigInput = JSON.parse(JSON.stringify(input));
      assert.throws(() => defineConfig(written), { name: "ConfigError", message: path });
    });
  }
});
