import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { synthesise } from "@drift-guard/infra/synth/synth";
import type { JsonValue, Resource } from "@drift-guard/infra/synth/synthesis";
import { renderTemplate, renderTemplates, type Template } from "@drift-guard/infra/template/template";
import { account, home, stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");

/** Returns the logical ids that a value refers to. */
function referencesIn(value: JsonValue): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.entries(value).flatMap(([key, target]: [string, JsonValue]) => {
    if (key === "Ref" && typeof target === "string") return [target];
    if (key === "Fn::GetAtt" && target instanceof Object) return [String(Object.values(target)[0])];
    return [];
  });
  return [...own, ...Object.values(value).flatMap((member: JsonValue) => referencesIn(member))];
}

const regional = renderTemplates(everything.resources);
const templateOf = (region: string): Template =>
  regional.get(region) ?? assert.fail(`no template of ${region}`);

describe("the CloudFormation template", () => {
  it("has every AWS resource of the stack, under the name of its component", () => {
    const ids = Object.keys(renderTemplate(plain.resources).Resources);
    for (const id of [
      ...["Findings", "Control", "Changes", "ChangesMissed", "Notify", "NotifyMissed", "StreamMissed"],
      ...["Bus", "Alerts", "Detect", "Sweep", "Publish", "Notifier", "IamRule", "BatchRule"],
    ]) {
      assert.ok(ids.includes(id), id);
    }
    const inlined = new Set([
      "aws:cloudwatch/eventTarget:EventTarget",
      "aws:dynamodb/resourcePolicy:ResourcePolicy",
      "aws:s3/bucketObjectv2:BucketObjectv2",
    ]);
    const registered = everything.resources.filter(
      ({ type }) => type.startsWith("aws:") && !inlined.has(type),
    );
    const written = [...regional.values()].flatMap(({ Resources }) => Object.keys(Resources));
    assert.equal(written.length, registered.length);
  });

  it("is one for each region of the stack", () => {
    assert.deepEqual([...regional.keys()].sort(), ["eu-west-1", home]);
    assert.throws(() => renderTemplate(everything.resources), {
      name: "TemplateError",
      message: /eu-west-1/,
    });
  });

  it("refers only to its own resources, without cycles", () => {
    for (const { Resources } of regional.values()) {
      const left = new Map(
        Object.entries(Resources).map(([id, { Properties }]) => [id, new Set(referencesIn(Properties))]),
      );
      for (const [id, references] of left)
        for (const reference of references) assert.ok(left.has(reference), `${id} refers to ${reference}`);
      while (left.size > 0) {
        const ready = [...left].filter(([, references]) => [...references].every((id) => !left.has(id)));
        assert.ok(ready.length > 0, `these refer to each other: ${[...left.keys()].join(", ")}`);
        for (const [id] of ready) left.delete(id);
      }
    }
  });

  it("names its own resources by reference, except where references would be circular", () => {
    const { Resources } = templateOf(home);
    const { Control, Findings, ...others } = Resources;
    const text = JSON.stringify(others)
      .replaceAll(/"lambda:SourceFunctionArn":\["[^"]*"\]/g, "")
      .replaceAll(/"lambda:SourceFunctionArn":"[^"]*"/g, "")
      // CloudFormation tells only the name of a schedule.
      .replaceAll(/"arn:[^"]*:schedule\/default\/[^"]*"/g, "");
    // Patterns and beginnings of names, which no reference can tell, topics of another region, and respond, which people
    // invoke.
    assert.doesNotMatch(
      text,
      /arn:[^"]*drift-guard(?!-ci-(?:[a-z-]*\*|"|watch"|(?:alerts|watch)-eu-west-1"|respond"))/,
    );
    assert.match(JSON.stringify(Findings?.Properties.ResourcePolicy), /role\/drift-guard-ci-notify"/);
    assert.match(JSON.stringify(Control?.Properties.ResourcePolicy), /role\/drift-guard-ci-rollback"/);
  });

  it("refers to a table, its stream and its index by their own attributes", () => {
    const { Resources } = templateOf(home);
    assert.deepEqual(Resources.FindingsMapping?.Properties.EventSourceArn, {
      "Fn::GetAtt": ["Findings", "StreamArn"],
    });
    const sweep = JSON.stringify(Resources.SweepRole?.Properties.Policies);
    const index = { "Fn::Join": ["", [{ "Fn::GetAtt": ["Findings", "Arn"] }, "/index/byDue"]] };
    assert.ok(sweep.includes(JSON.stringify(index)));
  });

  it("writes targets inside their rules, and the tables' policies inside the tables", () => {
    const { Resources } = templateOf(home);
    assert.deepEqual(Resources.RollbackRule?.Properties.Targets, [
      {
        Id: "drift-guard-ci-rollback-target",
        Arn: { "Fn::GetAtt": ["Rollback", "Arn"] },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        DeadLetterConfig: { Arn: { "Fn::GetAtt": ["RollbackMissed", "Arn"] } },
      },
    ]);
    const policies = Object.values(Resources).filter(({ Properties }) => "ResourcePolicy" in Properties);
    assert.deepEqual(policies, [Resources.Control, Resources.Findings]);
  });

  it("names resources of another region by ARN", () => {
    const { Resources } = templateOf("eu-west-1");
    const [target] = Object.values(Resources.BatchRuleInEuWest1?.Properties.Targets ?? []);
    assert.deepEqual(target, {
      Id: "drift-guard-ci-forward-1-eu-west-1",
      Arn: `arn:aws:events:us-east-1:${account}:event-bus/default`,
      RoleArn: `arn:aws:iam::${account}:role/drift-guard-ci-forwarder`,
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      DeadLetterConfig: { Arn: { "Fn::GetAtt": ["ForwardMissedInEuWest1", "Arn"] } },
    });
  });

  it("takes the code of each function from its bundle", () => {
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
      Looker: at("lookup"),
      Responder: at("respond"),
      Rollbacker: at("rollback"),
    });
  });

  it("has outputs for queues, tables, bus, topic and functions", () => {
    const { Outputs } = renderTemplate(plain.resources);
    for (const id of ["Findings", "Control", "Changes", "Notify", "StreamMissed", "Bus", "Alerts", "Detect"])
      assert.deepEqual(Outputs[id], { Value: { Ref: id } });
  });

  it("throws for a type or a property without a translation", () => {
    const volume: Resource = {
      type: "aws:ebs/volume:Volume",
      name: "Disk",
      region: home,
      inputs: {},
      outputs: { name: "disk" },
      options: { protect: false, deleteBeforeReplace: false },
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
      message: /ChangesQueue .*\n {2}Unrecognized key: "kmsMasterKeyId"$/s,
    });
  });

  it("throws for a target without its rule, and for a policy without its table", () => {
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
  it("returns the same resources for the same config", async () => {
    assert.deepEqual(await synthesise({ stage: "ci" }), plain.resources);
  });

  it("returns the same resources for another account, except for the account id", async () => {
    const other = renderTemplate(await synthesise({ stage: "ci", account: "999988887777" }));
    const text = JSON.stringify(other);
    assert.doesNotMatch(text, new RegExp(account));
    assert.deepEqual(JSON.parse(text.replaceAll("999988887777", account)), renderTemplate(plain.resources));
  });

  it("throws an error that names a config that does not exist", async () => {
    await assert.rejects(synthesise({ stage: "ci", config: "test/infra/configs/none.ts" }), {
      name: "SynthesisError",
      message: /none\.ts/,
    });
  });
});
