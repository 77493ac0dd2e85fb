import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FunctionName } from "@drift-guard/core/config/environment";
import { lambdas } from "@drift-guard/infra/bundles";
import type { JsonValue, Resource } from "@drift-guard/infra/synth/synthesis";
import { type PortableTemplate, renderPortableTemplates } from "@drift-guard/infra/template/portable";
import { renderTemplates } from "@drift-guard/infra/template/template";
import { account, home, type SynthesisedStack, stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const elsewhere = await stackOf("elsewhere");

const archives = Object.fromEntries(
  Object.values(lambdas).map((name): [FunctionName, string] => [name, `${name}-0123456789abcdef.zip`]),
);

function render({ resources }: Pick<SynthesisedStack, "resources">, region = home) {
  const place = { account, partition: "aws", region, stage: "ci" };
  return renderPortableTemplates(resources, { place, archives, version: "1.2.3" });
}

const templates = render(everything);
const templateOf = (region: string): PortableTemplate =>
  templates.get(region) ?? assert.fail(`no template of ${region}`);
const guard = templateOf(home);

/** Returns a value with the parameters, the pseudo parameters and the texts in which they stand computed. */
function compute(value: JsonValue, values: Readonly<Record<string, string>>): JsonValue {
  if (Array.isArray(value)) return value.map((each: JsonValue) => compute(each, values));
  if (!(value instanceof Object)) return value;
  const [[key, inner] = ["", null]] = Object.entries(value);
  if (key === "Ref" && typeof inner === "string") return values[inner] ?? value;
  if (key === "Fn::Sub" && typeof inner === "string")
    return inner
      .replaceAll(/\$\{([A-Za-z:]+)\}/g, (_, name: string) => values[name] ?? assert.fail(`no ${name}`))
      .replaceAll("${!", "${");
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, JsonValue]) => [name, compute(each, values)]),
  );
}

const valuesIn = (region: string, stage = "ci") => ({
  Stage: stage,
  "AWS::AccountId": account,
  "AWS::Partition": "aws",
  "AWS::Region": region,
});

/** Returns the names that `Ref`, `Fn::GetAtt` and `Fn::Sub` refer to. */
function referencesIn(value: JsonValue): string[] {
  if (!(value instanceof Object)) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, JsonValue]) => {
    if (key === "Ref") return [String(inner)];
    if (key === "Fn::GetAtt" && inner instanceof Object) return [String(Object.values(inner)[0])];
    if (key === "Fn::Sub") return [...String(inner).matchAll(/\$\{([^!}]+)\}/g)].map(([, name = ""]) => name);
    return referencesIn(inner);
  });
}

describe("the CloudFormation templates for any account", () => {
  it("name no account, no partition, no bucket and no stage", () => {
    for (const stack of [render(plain), templates, render(elsewhere, "eu-central-1")]) {
      for (const template of stack.values()) {
        const text = JSON.stringify(template);
        assert.doesNotMatch(text, /(?<!\d)\d{12}(?!\d)/);
        assert.doesNotMatch(text, /arn:aws|drift-guard-ci|drift-guard-bundles|SST_/);
      }
    }
  });

  it("have the resources of a deployment by SST, with the same names and settings", () => {
    for (const [region, { Resources }] of renderTemplates(everything.resources)) {
      const portable = templateOf(region);
      assert.deepEqual(Object.keys(portable.Resources).sort(), Object.keys(Resources).sort());
      for (const [id, { Type, Properties }] of Object.entries(Resources)) {
        const { Code: _, Endpoint: __, ...expected } = Properties;
        const { Code: ___, Endpoint: ____, ...rest } = portable.Resources[id]?.Properties ?? {};
        assert.equal(portable.Resources[id]?.Type, Type);
        assert.deepEqual(compute(rest, valuesIn(region)), expected, id);
      }
    }
  });

  it("refer only to their own resources, parameters and conditions", () => {
    for (const { Resources, Parameters, Conditions, Outputs } of templates.values()) {
      const known = new Set([...Object.keys(Resources), ...Object.keys(Parameters)]);
      const texts = [...Object.values(Resources).map(({ Properties }) => Properties), Conditions];
      const references = [
        ...texts.flatMap(referencesIn),
        ...Object.values(Outputs).flatMap((each) => referencesIn({ ...each })),
      ];
      assert.ok(references.length > 10);
      for (const name of references) assert.ok(name.startsWith("AWS::") || known.has(name), name);
      const used = Object.values(Resources).flatMap(({ Condition }) => Condition ?? []);
      assert.deepEqual([...new Set(used)].sort(), Object.keys(Conditions).sort());
      for (const name of Object.keys(Parameters)) assert.ok(references.includes(name), name);
    }
  });

  it("keep the tables that the stack protects when the stack is deleted, and nothing else", () => {
    const kept = Object.entries(guard.Resources).filter(([, each]) => "DeletionPolicy" in each);
    assert.deepEqual(kept.map(([id]) => id).sort(), ["Control", "Findings"]);
    for (const [, { DeletionPolicy, UpdateReplacePolicy }] of kept)
      assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ["Retain", "Retain"]);
    // A template of the tables alone, with which they are imported, is complete.
    for (const [, { Properties }] of kept)
      for (const name of referencesIn(Properties)) assert.match(name, /^(?:Stage|AWS::.*)$/);
    const unprotected = everything.resources.map((resource) => ({
      ...resource,
      options: { ...resource.options, protect: false },
    }));
    assert.doesNotMatch(JSON.stringify([...render({ resources: unprotected }).values()]), /Retain/);
  });

  it("take the code of each function from the archive in the bucket of the deployment", () => {
    for (const [id, { Properties }] of Object.entries(guard.Resources).filter(
      ([, { Type }]) => Type === "AWS::Lambda::Function",
    )) {
      const name = Object.entries(lambdas).find(([lambda]) => lambda === id)?.[1] ?? assert.fail(id);
      assert.deepEqual(Properties.Code, {
        S3Bucket: { Ref: "ArtefactBucket" },
        S3Key: { "Fn::Sub": `\${ArtefactPrefix}${archives[name]}` },
      });
    }
    assert.equal("ArtefactBucket" in templateOf("eu-west-1").Parameters, false);
    const place = { account, partition: "aws", region: home, stage: "ci" };
    assert.throws(
      () => renderPortableTemplates(everything.resources, { place, archives: {}, version: "1.2.3" }),
      { name: "TemplateError", message: /has no archive/ },
    );
  });

  it("have a parameter for each address, with the configuration's as default, and one where it has none", () => {
    for (const template of templates.values()) {
      assert.equal(template.Parameters.Email1?.Default, "owner@example.com");
      assert.equal(template.Parameters.Email2?.Default, "oncall@example.com");
    }
    const [without] = render(plain).values();
    assert.equal(without?.Parameters.Email1?.Default, "");
    assert.deepEqual(without?.Resources.AlertsEmail1, {
      Type: "AWS::SNS::Subscription",
      Condition: "HasEmail1",
      Properties: { TopicArn: { Ref: "Alerts" }, Protocol: "email", Endpoint: { Ref: "Email1" } },
    });
    assert.deepEqual(without?.Conditions.HasEmail1, {
      "Fn::Not": [{ "Fn::Equals": [{ Ref: "Email1" }, ""] }],
    });
  });

  it("take the longest stage with which every name fits, and no longer one", () => {
    const limits: Readonly<Record<string, readonly [property: string, limit: number]>> = {
      "AWS::IAM::Role": ["RoleName", 64],
      "AWS::Lambda::Function": ["FunctionName", 64],
      "AWS::Events::Rule": ["Name", 64],
      "AWS::SQS::Queue": ["QueueName", 80],
      "AWS::Scheduler::Schedule": ["Name", 64],
    };
    const isTooLong = (stage: string) =>
      [...templates].some(([region, { Resources }]) =>
        Object.values(Resources).some(({ Type, Properties }) => {
          const [property, limit] = limits[Type] ?? ["", 0];
          const named = Properties[property];
          const targets = Object.values(Properties.Targets ?? []).map((target: JsonValue) => ({
            target,
            limit: 64,
          }));
          const names = [
            ...(named === undefined ? [] : [{ name: named, limit }]),
            ...targets.map(({ target, limit }) => ({
              name: target instanceof Object && "Id" in target ? target.Id : "",
              limit,
            })),
          ];
          return names.some(
            ({ name, limit }) => String(compute(name, valuesIn(region, stage))).length > limit,
          );
        }),
      );
    for (const { Parameters } of templates.values()) {
      const most = Parameters.Stage?.MaxLength ?? assert.fail("no limit");
      assert.equal(isTooLong("s".repeat(most)), false);
      assert.equal(isTooLong("s".repeat(most + 1)), true);
    }
  });

  it("are small enough for CloudFormation", () => {
    for (const template of templates.values()) {
      assert.ok(Buffer.byteLength(JSON.stringify(template, undefined, 1)) < 1_000_000);
      assert.ok(Object.keys(template.Resources).length <= 500);
      assert.ok(Object.keys(template.Outputs).length <= 200);
    }
  });

  it("are refused where an account id stands in a key, or a subscription has a name that no parameter can have", () => {
    const rule = everything.get("IamRule");
    const keyed: Resource = {
      ...rule,
      inputs: { ...rule.inputs, eventPattern: JSON.stringify({ detail: { [account]: ["x"] } }) },
    };
    const swap = (other: Resource) =>
      everything.resources.map((resource) => (resource.name === other.name ? other : resource));
    assert.throws(() => render({ resources: swap(keyed) }), {
      name: "TemplateError",
      message: /holds the account id/,
    });
    const [subscription = assert.fail()] = everything.all("aws:sns/topicSubscription:TopicSubscription");
    assert.throws(
      () =>
        render({
          resources: everything.resources.map((resource) =>
            resource === subscription ? { ...subscription, name: "AlertsOwner" } : resource,
          ),
        }),
      { name: "TemplateError", message: /AlertsOwner/ },
    );
  });
});
