import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { synthesise } from "@drift-guard/infra/synth/synth";
import type { Json, Resource } from "@drift-guard/infra/synth/synthesis";
import { renderTemplate, renderTemplates, type Template } from "@drift-guard/infra/template/template";
import { account, home, stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");

/** The logical ids that a value refers to. */
function referencesIn(value: Json): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.entries(value).flatMap(([key, target]: [string, Json]) => {
    if (key === "Ref" && typeof target === "string") return [target];
    if (key === "Fn::GetAtt" && target instanceof Object) return [String(Object.values(target)[0])];
    return [];
  });
  return [...own, ...Object.values(value).flatMap((member: Json) => referencesIn(member))];
}

const regional = renderTemplates(everything.resources);
const templateOf = (region: string): Template =>
  regional.get(region) ?? assert.fail(`no template of ${region}`);

describe("the CloudFormation template", () => {
  it("holds every resource of AWS that the stack registers, by the names that people know", () => {
    const ids = Object.keys(renderTemplate(plain.resources).Resources);
    for (const id of [
      ...["Findings", "Control", "Changes", "ChangesMissed", "Notify", "NotifyMissed", "StreamMissed"],
      ...["Bus", "Alerts", "Detect", "Sweep", "Publish", "Notifier", "IamRule", "BatchRule"],
    ]) {
      assert.ok(ids.includes(id), id);
    }
    const folded = new Set([
      "aws:cloudwatch/eventTarget:EventTarget",
      "aws:dynamodb/resourcePolicy:ResourcePolicy",
      "aws:s3/bucketObjectv2:BucketObjectv2",
    ]);
    const standing = everything.resources.filter(({ type }) => type.startsWith("aws:") && !folded.has(type));
    const written = [...regional.values()].flatMap(({ Resources }) => Object.keys(Resources));
    assert.equal(written.length, standing.length);
  });

  it("is one for each region that the stack stands in", () => {
    assert.deepEqual([...regional.keys()].sort(), ["eu-west-1", home]);
    assert.throws(() => renderTemplate(everything.resources), {
      name: "TemplateError",
      message: /eu-west-1/,
    });
  });

  it("refers to resources that are in it, and goes in no circle", () => {
    for (const { Resources } of regional.values()) {
      const left = new Map(
        Object.entries(Resources).map(([id, { Properties }]) => [id, new Set(referencesIn(Properties))]),
      );
      for (const [id, references] of left)
        for (const reference of references) assert.ok(left.has(reference), `${id} refers to ${reference}`);
      while (left.size > 0) {
        const ready = [...left].filter(([, references]) => [...references].every((id) => !left.has(id)));
        assert.ok(ready.length > 0, `these go in a circle: ${[...left.keys()].join(", ")}`);
        for (const [id] of ready) left.delete(id);
      }
    }
  });

  it("names no resource of its own by ARN, save where references would go in a circle", () => {
    const { Resources } = templateOf(home);
    const { Control, ...others } = Resources;
    assert.doesNotMatch(JSON.stringify(others), /arn:[^"]*drift-guard/);
    assert.match(JSON.stringify(Control?.Properties.ResourcePolicy), /role\/drift-guard-ci-RollbackerRole/);
  });

  it("refers to a table, to its stream and to its index each as what it is", () => {
    const { Resources } = templateOf(home);
    assert.deepEqual(Resources.FindingsMapping?.Properties.EventSourceArn, {
      "Fn::GetAtt": ["Findings", "StreamArn"],
    });
    const sweep = JSON.stringify(Resources.SweepRole?.Properties.Policies);
    const index = { "Fn::Join": ["", [{ "Fn::GetAtt": ["Findings", "Arn"] }, "/index/byDue"]] };
    assert.ok(sweep.includes(JSON.stringify(index)));
  });

  it("keeps the targets in their rules, and the control table's policy in the table", () => {
    const { Resources } = templateOf(home);
    assert.deepEqual(Resources.RollbackRule?.Properties.Targets, [
      {
        Id: "RollbackTarget",
        Arn: { "Fn::GetAtt": ["Rollback", "Arn"] },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        DeadLetterConfig: { Arn: { "Fn::GetAtt": ["RollbackMissed", "Arn"] } },
      },
    ]);
    const policies = Object.values(Resources).filter(({ Properties }) => "ResourcePolicy" in Properties);
    assert.deepEqual(policies, [Resources.Control]);
  });

  it("leaves what stands in another region to its ARN", () => {
    const { Resources } = templateOf("eu-west-1");
    const [target] = Object.values(Resources.BatchRuleInEuWest1?.Properties.Targets ?? []);
    assert.deepEqual(target, {
      Id: "Forward1InEuWest1",
      Arn: `arn:aws:events:us-east-1:${account}:event-bus/default`,
      RoleArn: `arn:aws:iam::${account}:role/drift-guard-ci-Forwarder`,
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      DeadLetterConfig: { Arn: { "Fn::GetAtt": ["ForwardMissedInEuWest1", "Arn"] } },
    });
  });

  it("takes each function's code from its bundle", () => {
    const { Resources } = templateOf(home);
    const code = Object.entries(Resources)
      .filter(([, { Type }]) => Type === "AWS::Lambda::Function")
      .map(([id, { Properties }]) => [id, Properties.Code]);
    const at = (name: string) => ({ S3Bucket: "drift-guard-bundles", S3Key: `${name}.zip` });
    assert.deepEqual(Object.fromEntries(code), {
      Detect: at("detect"),
      Sweep: at("sweep"),
      Publish: at("publish"),
      Notifier: at("notify"),
      HubImporter: at("securityhub"),
      Rollbacker: at("rollback"),
    });
  });

  it("tells where its queues, tables, bus, topic and functions are", () => {
    const { Outputs } = renderTemplate(plain.resources);
    for (const id of ["Findings", "Control", "Changes", "Notify", "StreamMissed", "Bus", "Alerts", "Detect"])
      assert.deepEqual(Outputs[id], { Value: { Ref: id } });
  });

  it("is not made of a type or a property that nobody wrote a translation for", () => {
    const volume: Resource = {
      type: "aws:ebs/volume:Volume",
      name: "Disk",
      region: home,
      inputs: {},
      outputs: { name: "disk" },
    };
    assert.throws(() => renderTemplate([...plain.resources, volume]), {
      name: "TemplateError",
      message: /Disk is of type aws:ebs\/volume:Volume/,
    });
    const strange = plain.resources.map((resource) =>
      resource.name === "ChangesQueue"
        ? { ...resource, inputs: { ...resource.inputs, kmsMasterKeyId: "alias/own" } }
        : resource,
    );
    assert.throws(() => renderTemplate(strange), {
      name: "TemplateError",
      message: /ChangesQueue .*kmsMasterKeyId/s,
    });
  });

  it("refuses a target without its rule, and a policy without its table", () => {
    for (const [owner, part] of [
      ["IamRule", "IamTarget"],
      ["ControlTable", "ControlPolicy"],
    ] as const) {
      const orphaned = plain.resources.filter(({ name }) => name !== owner);
      assert.throws(() => renderTemplate(orphaned), { name: "TemplateError", message: new RegExp(part) });
    }
  });
});

describe("synthesising", () => {
  it("gives the same for the same config", async () => {
    assert.deepEqual(await synthesise({ stage: "ci" }), plain.resources);
  });

  it("gives the same to another account, but for the account's number", async () => {
    const other = renderTemplate(await synthesise({ stage: "ci", account: "999988887777" }));
    const text = JSON.stringify(other);
    assert.doesNotMatch(text, new RegExp(account));
    assert.deepEqual(JSON.parse(text.replaceAll("999988887777", account)), renderTemplate(plain.resources));
  });

  it("names what is wrong with a config", async () => {
    await assert.rejects(synthesise({ stage: "ci", config: "test/infra/configs/none.ts" }), {
      name: "SynthesisError",
      message: /none\.ts/,
    });
  });
});
