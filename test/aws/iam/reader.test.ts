import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { type Role, type RoleReading, seen } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { account, allow } from "../../builders.ts";
import { type Call, type Responder, refusal, xml } from "../responder.ts";
import { type AnswersByAction, answerWhole, attachedXml, policyArn, roleXml, withIam } from "./answers.ts";

const denied = refusal("AccessDenied", "User: guard is not authorized", 403);
const gone = refusal("NoSuchEntity", "It cannot be found.", 404);
const noPolicies = xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>false</IsTruncated>");

describe("A role reader", () => {
  it("names the permission that it lacks to read a role", async () => {
    for (const [call, permission] of [
      ["GetRole", "iam:GetRole"],
      ["ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"],
      ["ListRolePolicies", "iam:ListRolePolicies"],
      ["GetRolePolicy", "iam:GetRolePolicy"],
    ] as const) {
      await withReader({ [call]: [denied] }, async (reader) => {
        await assert.rejects(reader.read("Batch"), (error) => {
          assert.ok(error instanceof RoleUnreadableError);
          assert.match(error.message, /The role Batch could not be read/);
          assert.ok(error.message.includes(`Allow ${permission} `), error.message);
          assert.ok(error.cause instanceof Error);
          return true;
        });
      });
    }
  });

  it("leaves a denied part unobserved and names the missing permission", async () => {
    await withReader(
      { ListInstanceProfilesForRole: [denied], GetPolicyVersion: [denied] },
      async (reader) => {
        const { profiles, attached, inline } = await readPresent(reader);
        assert.ok(!profiles.observed);
        assert.match(profiles.why, /Allow iam:ListInstanceProfilesForRole /);
        assert.ok(attached[0] && !attached[0].version.observed);
        assert.match(attached[0].version.why, new RegExp(`${policyArn}.*Allow iam:GetPolicyVersion `));
        assert.deepEqual(inline, [{ name: "extra", text: allow("s3:*") }]);
      },
    );
  });

  it("retries a throttled call", async () => {
    const throttled = refusal("Throttling", "Rate exceeded");
    await withReader(
      { GetRole: [throttled, answerWhole], GetPolicy: [throttled, answerWhole] },
      async (reader) => {
        assert.equal((await reader.read("Batch")).status, "present");
      },
    );
  });

  it("fails if a call stays throttled, also the call for one part", async () => {
    await withReader(
      { ListInstanceProfilesForRole: [refusal("Throttling", "Rate exceeded")] },
      async (reader) => {
        await assert.rejects(reader.read("Batch"), {
          name: "RoleUnreadableError",
          message: /iam:ListInstanceProfilesForRole answered Throttling: Rate exceeded\. .*try again later/,
        });
      },
    );
  });

  it("reads again if a policy is deleted during the read, and finds it detached", async () => {
    await withReader(
      { GetPolicy: [gone], ListAttachedRolePolicies: [answerWhole, noPolicies] },
      async (reader) => {
        assert.deepEqual((await readPresent(reader)).attached, []);
      },
    );
  });

  it("leaves a document unobserved if its policy is missing in both reads", async () => {
    await withReader({ GetPolicy: [gone] }, async (reader, { calls }) => {
      const { attached } = await readPresent(reader);
      assert.equal(attached[0]?.arn, policyArn);
      assert.ok(!attached[0].version.observed);
      assert.match(attached[0].version.why, /iam:GetPolicy answered NoSuchEntity/);
      assert.equal(calls.filter((call) => call === "GetRole").length, 2);
    });
  });

  it("reports a role that is deleted during the read as absent", async () => {
    await withReader({ GetRole: [answerWhole, gone], ListRolePolicies: [gone] }, async (reader) => {
      assert.deepEqual(await reader.read("Batch"), { status: "absent", account, name: "Batch" });
    });
  });

  it("fails rather than omit an inline policy", async () => {
    await withReader({ GetRolePolicy: [gone] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /changed twice while it was read/,
      });
    });
  });

  it("joins the pages of a list", async () => {
    const page = (arn: string, rest: string) =>
      xml("ListAttachedRolePolicies", `<AttachedPolicies>${attachedXml(arn)}</AttachedPolicies>${rest}`);
    const pages = ({ parameters }: Call) =>
      parameters.get("Marker") === "m1"
        ? page(`${policyArn}2`, "<IsTruncated>false</IsTruncated>")
        : page(policyArn, "<IsTruncated>true</IsTruncated><Marker>m1</Marker>");
    await withReader({ ListAttachedRolePolicies: [pages] }, async (reader) => {
      const { attached } = await readPresent(reader);
      assert.deepEqual(
        attached.map(({ arn }) => arn),
        [policyArn, `${policyArn}2`],
      );
    });
  });

  it("fails if a list is truncated without a marker", async () => {
    const half = xml("ListAttachedRolePolicies", "<AttachedPolicies/><IsTruncated>true</IsTruncated>");
    await withReader({ ListAttachedRolePolicies: [half] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /ListAttachedRolePolicies .*truncated/,
      });
    });
  });

  it("refuses an unreadable answer", async () => {
    const page = { status: 200, body: "<html>It works!</html>" };
    const empty = xml("GetRole", "<Role><RoleName>Batch</RoleName></Role>");
    for (const nonsense of [page, empty, { status: 200, body: "{" }, { status: 502, body: "Bad gateway" }]) {
      await withReader({ GetRole: [nonsense] }, async (reader) => {
        await assert.rejects(reader.read("Batch"), { name: "RoleUnreadableError", message: /GetRole/ });
      });
    }
  });

  it("refuses roles of another account", async () => {
    const elsewhere = (call: Call) => {
      const { status, body } = answerWhole(call);
      return { status, body: body.replaceAll(account, "210987654321") };
    };
    await withReader({ GetRole: [elsewhere] }, async (reader) => {
      await assert.rejects(reader.read("Batch"), {
        name: "RoleUnreadableError",
        message: /210987654321:role\/Batch.*not in account 123456789012/,
      });
    });
  });

  it("reads the settings of many roles, and yields the roles in the order of their names", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `Role${index}`);
    const page = xml(
      "GetAccountAuthorizationDetails",
      `<RoleDetailList>${names.map((name) => `<member>${roleXml(name)}</member>`).join("")}</RoleDetailList><IsTruncated>false</IsTruncated>`,
    );
    await withReader({ GetAccountAuthorizationDetails: [page] }, async (reader, { calls }) => {
      const readings: RoleReading[] = [];
      for await (const one of reader.readMany(["Nobody", ...names], (name) => name !== "Role3"))
        readings.push(one);
      assert.deepEqual(
        readings.map((one) => (one.status === "present" ? one.role.name : one.name)),
        ["Nobody", ...names],
      );
      const unread = readings.filter((one) => one.status === "present" && !one.role.maxSession.observed);
      assert.deepEqual(
        unread.map((one) => one.status === "present" && one.role.name),
        ["Role3"],
      );
      assert.equal(calls.filter((call) => call === "GetRole").length, 11);
    });
  });

  it("reads a policy version once and the default version's id each time", async () => {
    await withReader({}, async (reader, { calls }) => {
      await Promise.all([reader.read("Batch"), reader.read("Other")]);
      await reader.read("Third");
      assert.equal(calls.filter((call) => call === "GetPolicy").length, 3);
      assert.equal(calls.filter((call) => call === "GetPolicyVersion").length, 1);
    });
  });

  it("reads a policy that is on no account page with its own call", async () => {
    await withReader({}, async (reader) => {
      const [reading] = await collect(reader.readMany(["batch"]));
      assert.equal(reading?.status, "present");
      assert.deepEqual(reading.role.attached, [
        { arn: policyArn, version: { observed: true, value: { id: "v3", text: allow("batch:*") } } },
      ]);
    });
  });

  it("leaves description and maximum session unobserved when it reads account pages, and makes no other call for them", async () => {
    await withReader({}, async (reader, { calls }) => {
      const [reading] = await collect(reader.readMany(["Batch"]));
      assert.equal(reading?.status, "present");
      const { description, maxSession } = reading.role;
      assert.ok(!description.observed && !maxSession.observed);
      assert.match(description.why, /GetRole does/);
      assert.ok(!calls.includes("ListRoles") && !calls.includes("GetRole"));
    });
  });

  it("reads description and maximum session by a call of their own for the roles that need them", async () => {
    const whole = xml(
      "GetRole",
      `<Role>${roleXml("Batch")}<Description>Runs orders</Description><MaxSessionDuration>7200</MaxSessionDuration></Role>`,
    );
    await withReader({ GetRole: [whole] }, async (reader, { calls }) => {
      const [reading] = await collect(reader.readMany(["Batch"], () => true));
      assert.equal(reading?.status, "present");
      const { description, maxSession } = reading.role;
      assert.deepEqual([description, maxSession], [seen("Runs orders"), seen(7_200)]);
      assert.equal(calls.filter((call) => call === "GetRole").length, 1);
    });
  });

  it("leaves them unobserved, and names the permission, where GetRole is denied beside account pages", async () => {
    await withReader({ GetRole: [denied] }, async (reader) => {
      const [reading] = await collect(reader.readMany(["Batch"], () => true));
      assert.equal(reading?.status, "present");
      const { description, maxSession } = reading.role;
      assert.ok(!description.observed && !maxSession.observed);
      assert.match(description.why, /Allow iam:GetRole /);
    });
  });

  it("reports a maximum session of 3,600 seconds if GetRole returns none", async () => {
    const without = xml("GetRole", `<Role>${roleXml("Batch")}</Role>`);
    await withReader({ GetRole: [without] }, async (reader) => {
      const reading = await reader.read("Batch");
      assert.ok(reading.status === "present");
      assert.deepEqual(reading.role.maxSession, { observed: true, value: 3600 });
    });
  });

  it("names the permission that it lacks to read the account", async () => {
    await withReader({ GetAccountAuthorizationDetails: [denied] }, async (reader) => {
      await assert.rejects(collect(reader.readMany(["Batch"])), {
        name: "RoleUnreadableError",
        message: /Allow iam:GetAccountAuthorizationDetails /,
      });
    });
  });

  it("names the policy whose roles it may not list", async () => {
    await withReader({ ListEntitiesForPolicy: [denied] }, async (reader) => {
      await assert.rejects(reader.rolesBehind({ kind: "policy", arn: policyArn }), {
        name: "RoleUnreadableError",
        message: /behind the policy arn:.*Allow iam:ListEntitiesForPolicy /,
      });
    });
  });

  it("makes no call for a policy of another account or partition, or for a malformed name", async () => {
    await withReader(
      { ListEntitiesForPolicy: [denied], GetInstanceProfile: [denied] },
      async (reader, { calls }) => {
        for (const arn of [
          "arn:aws:iam::999999999999:policy/x",
          `arn:aws-cn:iam::${account}:policy/x`,
          `arn:aws:iam::${account}:policy/a b`,
          "policy/x",
        ]) {
          assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn }), []);
        }
        assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "a b" }), []);
        assert.deepEqual(calls, []);
      },
    );
  });

  it("finds no roles if IAM does not know the name or rejects it as malformed", async () => {
    for (const code of ["NoSuchEntity", "ValidationError", "InvalidInput"]) {
      const no = refusal(code, "It is not valid.");
      await withReader(
        { ListEntitiesForPolicy: [no], GetInstanceProfile: [no] },
        async (reader, { calls }) => {
          assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn: policyArn }), []);
          assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "workers" }), []);
          assert.ok(calls.includes("GetInstanceProfile"));
        },
      );
    }
  });
});

async function withReader(
  answers: AnswersByAction,
  work: (reader: RoleReader, responder: Responder) => Promise<void>,
): Promise<void> {
  await withIam(answers, (client, responder) =>
    work(createRoleReader(client, { account, partition: "aws" }), responder),
  );
}

async function readPresent(reader: RoleReader): Promise<Role> {
  const reading = await reader.read("Batch");
  assert.equal(reading.status, "present");
  return reading.role;
}

async function collect(readings: AsyncIterable<RoleReading>): Promise<readonly RoleReading[]> {
  const collected: RoleReading[] = [];
  for await (const reading of readings) collected.push(reading);
  return collected;
}
