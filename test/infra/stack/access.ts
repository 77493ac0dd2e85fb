import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { account, permissionsOf, type Statement, stackOf, statementsOf } from "../stacks.ts";

type Condition = NonNullable<Statement["Condition"]>;

const plain = await stackOf("plain");
const everything = await stackOf("everything");

const functions = [
  "Detect",
  "HubImporter",
  "Looker",
  "Notifier",
  "Publish",
  "Responder",
  "Rollbacker",
  "Sweep",
];
const permissions = (name: string) => permissionsOf(everything, `${name}Role`);
const actions = (name: string) => permissions(name).flatMap(({ Action }) => Action);
const isRoleWrite = (action: string) =>
  action.startsWith("iam:") && !/^iam:(?:Get|List|Simulate)/.test(action);

describe("the role of every function", () => {
  it("can be assumed by Lambda only, not by the whole account as SST's default allows", () => {
    for (const name of functions) {
      const statements = statementsOf(everything.get(`${name}Role`).inputs.assumeRolePolicy);
      assert.deepEqual(
        statements.map(({ Effect, Principal, Action }) => ({ Effect, Principal, Action })),
        [
          {
            Effect: "Allow",
            Principal: { Service: ["lambda.amazonaws.com"] },
            Action: ["sts:AssumeRole"],
          },
        ],
        name,
      );
    }
  });

  it("is checked in this file", () => {
    const roles = everything.all("aws:lambda/function:Function").map(({ inputs }) => inputs.role);
    assert.deepEqual(
      roles,
      functions.map((name) => everything.get(`${name}Role`).outputs.arn),
    );
  });

  it("has one inline policy, and no attached policy but those that let rollback write roles", () => {
    for (const name of functions) {
      const attached = name === "Rollbacker" ? [everything.get("RollbackPolicy1").outputs.arn] : [];
      assert.deepEqual(everything.get(`${name}Role`).inputs.managedPolicyArns, attached, name);
    }
  });

  it("allows the calls of the function's code to this function alone, and Lambda's own calls to Lambda", () => {
    for (const name of functions) {
      const own = everything.get(`${name}Function`).outputs.arn;
      const unbound = permissions(name).filter(
        ({ Effect, Condition }) =>
          Effect === "Allow" && Condition?.ArnEquals?.["lambda:SourceFunctionArn"]?.join() !== own,
      );
      const missed = [everything.get("SweepMissedQueue"), everything.get("StreamMissedQueue")];
      for (const { Action, Resource } of unbound) {
        const keeps = missed.some(({ outputs }) => outputs.arn === Resource?.join());
        const polls =
          /^(?:logs:|sqs:(?:Receive|Delete|GetQueueAttributes)|dynamodb:(?:DescribeStream|Get(?:Records|ShardIterator)|ListStreams))/;
        for (const action of Action)
          assert.ok(polls.test(action) || (keeps && action === "sqs:SendMessage"), `${name}: ${action}`);
      }
    }
  });

  it("allows exactly the calls that the function makes, by name", () => {
    const logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    const receive = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
    const answer = ["sqs:ChangeMessageVisibility", "sqs:SendMessage"];
    const readRole = [
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
    ];
    const readBatch = [
      "batch:DescribeComputeEnvironments",
      "batch:DescribeJobDefinitions",
      "batch:DescribeJobQueues",
    ];
    const readResources = [
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy",
      "ssm:DescribeParameters",
    ];
    const readTable = ["dynamodb:Query"];
    const ledgers = ["dynamodb:DeleteItem", "dynamodb:PutItem", ...readTable];
    const expected: Record<string, readonly string[]> = {
      Detect: [
        ...readRole,
        "iam:GetAccountAuthorizationDetails",
        "iam:GetInstanceProfile",
        "iam:GetServiceLinkedRoleDeletionStatus",
        "iam:ListEntitiesForPolicy",
        "iam:ListRoles",
        ...readBatch,
        ...readResources,
        ...ledgers,
        ...receive,
        ...answer,
      ],
      Sweep: [
        ...readRole,
        "account:ListRegions",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetInstanceProfile",
        "iam:ListRoles",
        ...readBatch,
        ...readResources,
        "ecs:DescribeContainerInstances",
        "ecs:ListContainerInstances",
        ...ledgers,
        "dynamodb:UpdateItem",
        "events:PutEvents",
        "sqs:SendMessage",
      ],
      Looker: ["cloudtrail:LookupEvents", ...ledgers, ...receive, ...answer],
      Publish: [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "events:PutEvents",
        "sqs:SendMessage",
      ],
      Responder: [...readTable, "dynamodb:PutItem", "iam:GetRole", "sns:Publish", "sqs:SendMessage"],
      Notifier: [
        ...readTable,
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "sns:Publish",
        ...receive,
        ...answer,
      ],
      HubImporter: [
        ...readTable,
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "securityhub:BatchImportFindings",
        "securityhub:BatchUpdateFindings",
        "securityhub:GetFindings",
        "sns:Publish",
        ...receive,
      ],
      Rollbacker: [
        ...readRole,
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:ListEntitiesForPolicy",
        "iam:ListPolicyVersions",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        ...ledgers,
        "dynamodb:UpdateItem",
        ...receive,
        ...answer,
      ],
    };
    for (const name of functions) {
      assert.deepEqual([...new Set(actions(name))].sort(), [...(expected[name] ?? []), ...logs].sort(), name);
    }
  });

  it("lets a function decide when the messages of its own queue are received again", () => {
    for (const [name, queue] of [
      ["Detect", "Changes"],
      ["Looker", "Lookups"],
      ["Notifier", "Notify"],
      ["Rollbacker", "Rollback"],
    ] as const) {
      const allowed = permissions(name).filter(({ Action }) =>
        Action.includes("sqs:ChangeMessageVisibility"),
      );
      assert.deepEqual(
        allowed.map(({ Action, Resource }) => [Action, Resource]),
        [[["sqs:ChangeMessageVisibility"], [everything.get(`${queue}Queue`).outputs.arn]]],
        name,
      );
    }
  });

  it("lets a function list the account's roles only where the configuration has patterns", () => {
    for (const name of ["Detect", "Sweep"]) {
      const allowed = permissionsOf(plain, `${name}Role`).flatMap(({ Action }) => Action);
      assert.ok(!allowed.includes("iam:ListRoles"), name);
    }
  });

  it("lets the sweep list every finding: some are of roles that the configuration does not name any more", () => {
    for (const stack of [plain, everything]) {
      const resources = permissionsOf(stack, "SweepRole").flatMap(({ Resource = [] }) => Resource);
      assert.equal(resources.filter((arn) => arn.endsWith("/index/byListing")).length, 1);
    }
  });

  it("lets rollback read and write no role of a pattern", () => {
    const resources = permissionsOf(everything, "RollbackerRole").flatMap(({ Resource = [] }) => Resource);
    assert.deepEqual(
      resources.filter((arn) => arn.includes("batch-job-")),
      [],
    );
  });

  it("lets securityhub set the workflow to NEW, and nothing else that users of Security Hub set", () => {
    const update = permissionsOf(everything, "HubImporterRole").filter(({ Action }) =>
      Action.includes("securityhub:BatchUpdateFindings"),
    );
    assert.deepEqual(
      update.map(({ Action, Resource, Condition }) => [Action, Resource, Condition?.StringEquals]),
      [
        [
          ["securityhub:BatchUpdateFindings"],
          [`arn:aws:securityhub:us-east-1:${account}:hub/default`],
          { "securityhub:ASFFSyntaxPath/Workflow.Status": ["NEW"] },
        ],
      ],
    );
  });

  it("names the resources of every call that supports resources", () => {
    const unbound = functions.flatMap((name) =>
      permissions(name)
        .filter(({ Resource }) => Resource?.includes("*"))
        .flatMap(({ Action }) => Action),
    );
    assert.deepEqual([...new Set(unbound)].sort(), [
      "account:ListRegions",
      "batch:DescribeComputeEnvironments",
      "batch:DescribeJobDefinitions",
      "batch:DescribeJobQueues",
      "cloudtrail:LookupEvents",
      "dynamodb:ListStreams",
      "iam:GetAccountAuthorizationDetails",
      "iam:ListRoles",
      "ssm:DescribeParameters",
    ]);
  });

  it("allows reading metadata of secrets, parameters and keys of its own account, and never a value", () => {
    const ofResources = /^(?:secretsmanager|kms|ssm):/;
    for (const name of functions) {
      const reads = permissions(name).filter(({ Action }) =>
        Action.some((action) => ofResources.test(action)),
      );
      assert.deepEqual(
        reads.map(({ Action, Resource }) => [Action, Resource]),
        name === "Detect" || name === "Sweep"
          ? [
              [
                ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
                [`arn:aws:secretsmanager:*:${account}:secret:*`],
              ],
              [["kms:DescribeKey", "kms:GetKeyPolicy"], [`arn:aws:kms:*:${account}:key/*`]],
              [["ssm:DescribeParameters"], ["*"]],
            ]
          : [],
        name,
      );
      for (const action of actions(name))
        assert.doesNotMatch(action, /\*|GetSecretValue|Decrypt|GetParameter|GenerateDataKey/, name);
    }
  });

  it("lets detect and sweep read any role, because Batch may use any", () => {
    for (const name of ["Detect", "Sweep"]) {
      const read = permissions(name).find(({ Action }) => Action.includes("iam:GetRole"));
      assert.deepEqual(read?.Resource, [`arn:aws:iam::${account}:role/*`]);
    }
  });

  it("lets the sweep read the agents of Batch's clusters only, in every region", () => {
    const read = permissions("Sweep").find(({ Action }) => Action.includes("ecs:ListContainerInstances"));
    assert.deepEqual(
      read?.Resource,
      ["cluster/AWSBatch*", "cluster/*_Batch_*", "container-instance/*"].map(
        (resource) => `arn:aws:ecs:*:${account}:${resource}`,
      ),
    );
  });

  it("lets rollback read the roles that it may roll back, at any path, and no others but those whose names end like theirs", () => {
    const read = permissions("Rollbacker").find(({ Action }) => Action.includes("iam:GetRole"));
    assert.deepEqual(
      read?.Resource,
      ["AWSBatchServiceRole", "ecsTaskExecutionRole"].map((role) => `arn:aws:iam::${account}:role/*${role}`),
    );
  });

  it("names no table, queue, bus, topic or log group but the guard's own", () => {
    const own = everything.resources.flatMap(({ outputs }) =>
      [outputs.arn, outputs.streamArn].filter((arn) => typeof arn === "string"),
    );
    for (const name of functions) {
      for (const { Action, Resource } of permissions(name)) {
        if (
          Action.length === 0 ||
          Action.some((action) => /^(?:iam|ecs|securityhub|secretsmanager|kms):/.test(action)) ||
          Resource?.includes("*")
        )
          continue;
        for (const arn of Resource ?? []) {
          const whole = arn.replace(/\/index\/(?:byDue|byListing)$|:\*$/, "");
          assert.ok(own.includes(whole), `${name}: ${arn}`);
        }
      }
    }
  });

  it("lets only respond and rollback write items of the control table", () => {
    const control = everything.get("ControlTable").outputs.arn;
    for (const name of functions) {
      const writes = permissions(name)
        .filter(({ Resource }) => Resource?.some((arn) => arn === control))
        .flatMap(({ Action }) => Action)
        .filter((action) => /Put|Update|Delete/.test(action));
      assert.equal(writes.length > 0, ["Responder", "Rollbacker"].includes(name), name);
    }
  });
});

describe("writing roles", () => {
  const writes = () => permissions("Rollbacker").filter(({ Action }) => Action.some(isRoleWrite));
  const batch = [
    `arn:aws:iam::${account}:role/AWSBatchServiceRole`,
    `arn:aws:iam::${account}:role/service-role/AWSBatchServiceRole`,
  ];
  const ecs = [
    `arn:aws:iam::${account}:role/ecsTaskExecutionRole`,
    `arn:aws:iam::${account}:role/batch/ecsTaskExecutionRole`,
  ];
  const allow = (Action: string[], Resource: string[], rest: Condition = {}) => ({
    Effect: "Allow",
    Action,
    Resource,
    Condition: {
      ...rest,
      ArnEquals: {
        ...rest.ArnEquals,
        "lambda:SourceFunctionArn": [everything.get("RollbackerFunction").outputs.arn],
      },
    },
  });
  const policyIs = (operator: string, policy: string) => ({
    [operator]: { "iam:PolicyARN": [`arn:aws:iam::aws:policy/service-role/${policy}`] },
  });

  it("is allowed to rollback on the configured roles and paths, for the sides that the owner switched on", () => {
    assert.deepEqual(writes(), [
      allow(["iam:AttachRolePolicy"], batch, policyIs("ArnEquals", "AWSBatchServiceRole")),
      allow(
        [
          "iam:UpdateAssumeRolePolicy",
          "iam:PutRolePolicy",
          "iam:DeleteRolePolicy",
          "iam:DetachRolePolicy",
          "iam:DeleteRolePermissionsBoundary",
        ],
        batch,
        policyIs("ArnNotEquals", "AWSBatchServiceRole"),
      ),
      allow(["iam:AttachRolePolicy"], ecs, policyIs("ArnEquals", "AmazonECSTaskExecutionRolePolicy")),
      allow(["iam:UpdateAssumeRolePolicy", "iam:DeleteRolePermissionsBoundary"], ecs),
    ]);
  });

  it("is denied to rollback on service-linked roles and on the guard's own roles and policies", () => {
    const denied = permissions("Rollbacker").filter(({ Effect }) => Effect === "Deny");
    assert.deepEqual(denied, [
      {
        Effect: "Deny",
        Action: [],
        NotAction: ["iam:Get*", "iam:List*"],
        Resource: [
          `arn:aws:iam::${account}:role/aws-service-role/*`,
          `arn:aws:iam::${account}:role/drift-guard-ci-*`,
          `arn:aws:iam::${account}:policy/drift-guard-ci-*`,
        ],
      },
    ]);
  });

  it("is not allowed on a service-linked role or its path, even where the config names one", () => {
    assert.doesNotMatch(JSON.stringify(writes()), /AWSServiceRoleForBatch|aws-service-role/);
  });

  it("is allowed to no other role of the stack", () => {
    for (const { name, inputs } of everything.all("aws:iam/role:Role")) {
      if (name === "RollbackerRole") continue;
      const found = permissionsOf(everything, name).flatMap(({ Action }) => Action.filter(isRoleWrite));
      assert.deepEqual(found, [], name);
      assert.deepEqual(inputs.managedPolicyArns ?? [], [], name);
    }
  });

  it("is allowed to no role where the owner switched rollback off", () => {
    for (const { name } of plain.all("aws:iam/role:Role")) {
      const found = permissionsOf(plain, name).flatMap(({ Action }) => Action.filter(isRoleWrite));
      assert.deepEqual(found, [], name);
    }
  });
});
