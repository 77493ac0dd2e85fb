import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addFixes, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Drift } from "@drift-guard/core/model/evidence";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import type { Reference } from "@drift-guard/core/reference/reference";
import { account, aDefinitionUse, allow, batchServicePolicy } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import { execution, fixAll, fixesOf, keys, needing } from "./drifts.ts";

describe("the fix of a drift that is an absent or misplaced role", () => {
  it("creates an absent role where its users look for it, with all that it needs", async () => {
    const uses = [
      { ...needing("db")[0], arn: `arn:aws:iam::${account}:role/service-role/${execution}` },
    ] as ReturnType<typeof needing>;
    const world = await aFixWorld(referenceOf(execution), uses);
    world.call({
      call: "DetachRolePolicy",
      roleName: execution,
      policyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    });
    world.call({ call: "DeleteRole", roleName: execution });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"]);
    const { reading } = await world.read();
    assert.equal(reading.status === "present" && reading.role.path, "/service-role/");
  });

  it("creates an absent role under the boundary of its reference", async () => {
    const reference = referenceOf("AWSBatchServiceRole");
    const arn = `arn:aws:iam::${account}:policy/Bound`;
    const document = allow("ec2:*");
    const bound: Reference = { ...reference, boundary: { arn, document } };
    const world = await aFixWorld(bound);
    world.call({ call: "CreatePolicy", policyName: "Bound", policyDocument: document });
    world.call({ call: "DetachRolePolicy", roleName: bound.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: bound.role });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    const { reading } = await world.read();
    assert.ok(reading.status === "present" && reading.role.boundary.observed);
    assert.equal(reading.role.boundary.value?.arn, arn);
  });

  it("creates an absent role with description, maximum session duration and tags of its reference", async () => {
    const settings = { description: "it's", maxSession: 7_200, tags: { team: "batch", Stage: "x" } };
    const reference: Reference = { ...referenceOf("AWSBatchServiceRole"), ...settings };
    const world = await aFixWorld(reference);
    world.call({ call: "DetachRolePolicy", roleName: reference.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: reference.role });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    const { reading } = await world.read();
    assert.ok(reading.status === "present");
    const { description, maxSession, tags } = reading.role;
    assert.deepEqual(
      [description, maxSession, tags].map((part) => part.observed && part.value),
      Object.values(settings),
    );
  });

  it("creates no role of which no command on one line can hold the description", async () => {
    const reference: Reference = { ...referenceOf("AWSBatchServiceRole"), description: "two\nlines" };
    const world = await aFixWorld(reference);
    world.call({ call: "DetachRolePolicy", roleName: reference.role, policyArn: batchServicePolicy });
    world.call({ call: "DeleteRole", roleName: reference.role });
    const plan = planFixes(await world.read());
    assert.deepEqual(plan.groups, []);
    assert.match(plan.left.map(({ why }) => why).join(), /^Create AWSBatchServiceRole/);
  });

  it("is written for the role's partition", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name), [], "aws-cn");
    const policyArn = "arn:aws-cn:iam::aws:policy/service-role/AWSBatchServiceRole";
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn });
    assert.deepEqual(await fixAll(world), ["iam:AttachRolePolicy"]);
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn });
    world.call({ call: "DeleteRole", roleName: name });
    assert.deepEqual(await fixAll(world), ["iam:CreateRole", "iam:AttachRolePolicy"]);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });

  it("changes no service-linked role, and creates an absent one by its service", async () => {
    const linked = referenceOf("AWSServiceRoleForBatch");
    const world = await aFixWorld(linked);
    world.call({ call: "DeleteServiceLinkedRole", roleName: linked.role });
    world.clock.advance(3600);
    assert.deepEqual(await fixAll(world), ["iam:CreateServiceLinkedRole"]);
    const question = await world.read();
    assert.ok(question.reading.status === "present");
    const [attachment] = linked.attachments;
    const drift: Drift = {
      kind: "drift",
      part: managedPart(attachment?.arn ?? ""),
      side: "missing",
      grants: [],
      denies: [],
    };
    const [fixed] = addFixes({ ...question, assessments: [drift] });
    assert.ok(fixed?.kind === "drift" && fixed.fix?.kind === "manual");
    assert.match(fixed.fix.why, /Only AWS may change a service-linked role/);
  });

  it("creates a role at the path that most uses name, and says which ones name another", async () => {
    const arnAt = (path: string) => `arn:aws:iam::${account}:role${path}${execution}`;
    const at = (name: string, path: string) => aDefinitionUse({ name, arn: arnAt(path) });
    const uses = [at("one", "/"), at("two", "/service-role/"), at("three", "/service-role/")];
    const reference = referenceOf(execution);
    const world = await aFixWorld(reference, uses);
    for (const { arn } of reference.attachments) {
      world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: arn });
    }
    world.call({ call: "DeleteRole", roleName: execution });
    const question = await world.read();
    const fix = fixesOf(question).get("role missing");
    assert.ok(fix?.kind === "steps" && fix.steps[0]?.call === "iam:CreateRole");
    assert.equal(fix.steps[0].path, "/service-role/");
    assert.match(fix.leaves ?? "", /one:7 in us-east-1 names .*Register a revision/);
    assert.match(planFixes(question).left[0]?.why ?? "", /one:7 in us-east-1/);
  });

  it("asks for no second role of one name, and renames none (IAM has no call for it)", async () => {
    const moved = await aFixWorld({ ...referenceOf(execution), path: "/team/" });
    const question = await moved.read();
    const watched = { ...question.watched, reference: referenceOf(execution) };
    const drift: Drift = { kind: "drift", part: partOf("role"), side: "altered", grants: [], denies: [] };
    const whyOf = (of: FixQuestion) => {
      const [one] = addFixes({ ...of, assessments: [drift] });
      return one?.kind === "drift" && one.fix?.kind === "manual" ? one.fix.why : "";
    };
    assert.match(
      whyOf({ ...question, watched }),
      /takes no second role of its name.*delete it, and create it again/,
    );
    const linked = { ...question.watched, reference: referenceOf("AWSServiceRoleForBatch") };
    assert.match(
      whyOf({ ...question, watched: linked }),
      /can neither rename it.*another role and delete it/,
    );
  });
});
