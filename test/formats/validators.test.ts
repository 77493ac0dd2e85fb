import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAsff } from "@drift-guard/formats/asff";
import { formatChat } from "@drift-guard/formats/chat";
import { formatOcsf } from "@drift-guard/formats/ocsf";
import { account, anAnnouncement } from "../builders.ts";
import { asffRules } from "./validators/asff.ts";
import { chatRules } from "./validators/chat.ts";
import { ocsfRules } from "./validators/ocsf.ts";
import { listBroken, type Rule, withValue } from "./validators/rules.ts";

/** A rule, and the value at a path that breaks it and no other. */
type Fault = readonly [rule: string, path: readonly (string | number)[], value: unknown];

const long = (length: number) => "x".repeat(length);

const validators: readonly {
  readonly format: string;
  readonly rules: readonly Rule[];
  readonly valid: unknown;
  readonly faults: readonly Fault[];
}[] = [
  {
    format: "ASFF",
    rules: asffRules,
    valid: JSON.parse(
      JSON.stringify(formatAsff(anAnnouncement(), { account, region: "eu-west-1", partition: "aws" })),
    ),
    faults: [
      ["SchemaVersion is 2018-10-08", ["SchemaVersion"], "2018-10-09"],
      ["Id has 1 to 512 characters", ["Id"], long(513)],
      ["ProductArn is the custom product of an account", ["ProductArn"], "arn:aws:securityhub:x"],
      ["ProductArn is of the finding's account", ["AwsAccountId"], "999988887777"],
      ["GeneratorId has 1 to 512 characters", ["GeneratorId"], ""],
      ["CreatedAt is RFC 3339", ["CreatedAt"], "2026-11-22"],
      ["UpdatedAt is RFC 3339", ["UpdatedAt"], undefined],
      ["UpdatedAt is not before CreatedAt", ["UpdatedAt"], "2020-01-01T00:00:00Z"],
      ["FirstObservedAt is RFC 3339", ["FirstObservedAt"], "yesterday"],
      ["LastObservedAt is RFC 3339", ["LastObservedAt"], "2026-13-01T00:00:00Z"],
      ["Title has 1 to 256 characters", ["Title"], long(257)],
      ["Description has 1 to 1,024 characters", ["Description"], " "],
      ["Remediation text has 1 to 512 characters", ["Remediation", "Recommendation", "Text"], long(513)],
      ["ProductFields are at most 50 texts", ["ProductFields", "drift-guard/State"], ""],
      ["no key of ProductFields begins with aws/", ["ProductFields", "aws/securityhub/x"], "x"],
      ["Resources are 1 to 32, each with Type and Id", ["Resources", 0, "Id"], undefined],
      ["Resources are of types and details that Security Hub knows", ["Resources", 0, "Type"], "Role"],
      ["Compliance has a status", ["Compliance", "Status"], "OPEN"],
      ["RecordState is known", ["RecordState"], "CLOSED"],
      ["the provider's severity has a label", ["FindingProviderFields", "Severity", "Label"], "SEVERE"],
      [
        "the provider's original severity has 1 to 64 characters",
        ["FindingProviderFields", "Severity", "Original"],
        long(65),
      ],
      ["the provider's types are 1 to 50 of the taxonomy", ["FindingProviderFields", "Types"], ["Drift"]],
      ["nothing that customers own is set", ["Workflow"], { Status: "NEW" }],
      ["nothing is set at the top that belongs in FindingProviderFields", ["Severity"], { Label: "HIGH" }],
      ["no unknown field", ["Colour"], "red"],
      ["at most 240 KB", ["Resources", 0, "Other"], long(250_000)],
    ],
  },
  {
    format: "OCSF",
    rules: ocsfRules,
    valid: JSON.parse(JSON.stringify(formatOcsf(anAnnouncement()))),
    faults: [
      ["activity_id is of the enumeration", ["activity_id"], 4],
      ["activity_name is the caption of activity_id", ["activity_name"], "Created"],
      ["category_uid is 2", ["category_uid"], 3],
      ["class_uid is 2004", ["class_uid"], 2003],
      ["type_uid is class_uid * 100 + activity_id", ["type_uid"], 200_402],
      ["severity_id is of the enumeration", ["severity_id"], 7],
      ["severity is the caption of severity_id", ["severity"], "HIGH"],
      ["status_id is of the enumeration", ["status_id"], "1"],
      ["status is the caption of status_id", ["status"], "Open"],
      ["time is in milliseconds", ["time"], 1_795_348_800],
      ["message is a text", ["message"], ["x"]],
      ["is_alert is true or false", ["is_alert"], 1],
      ["metadata.version is 1.5.0", ["metadata", "version"], "1.4.0"],
      ["metadata.product is an entity", ["metadata", "product"], { vendor_name: "drift-guard" }],
      ["metadata.profiles names the profile cloud", ["metadata", "profiles"], []],
      ["cloud.provider is a text", ["cloud", "provider"], undefined],
      ["cloud.account is an entity of a known type", ["cloud", "account"], { type_id: 10 }],
      ["finding_info.uid is a text", ["finding_info", "uid"], undefined],
      ["finding_info.title and desc are texts", ["finding_info", "title"], 7],
      [
        "finding_info.analytic is an entity with a type_id",
        ["finding_info", "analytic", "type_id"],
        undefined,
      ],
      ["finding_info's times are in milliseconds", ["finding_info", "created_time"], "2026-11-22T12:00:00Z"],
      ["resources are entities", ["resources", 0], { type: "AWS::IAM::Role" }],
      ["each evidence has one of the attributes of which one is required", ["evidences", 0], { name: "x" }],
      [
        "each evidence's user has a name or uid, and a known type",
        ["evidences", 0, "actor", "user", "type_id"],
        7,
      ],
      ["each evidence's api has an operation", ["evidences", 0, "api", "operation"], undefined],
      [
        "each evidence's source is an IP address",
        ["evidences", 0, "src_endpoint", "ip"],
        "cloudformation.amazonaws.com",
      ],
      ["each observable has a type_id, its caption and a value", ["observables", 0, "type_id"], undefined],
      ["remediation has a desc", ["remediation", "desc"], ""],
      ["unmapped is an object", ["unmapped"], "x"],
      ["no unknown attribute", ["colour"], "red"],
    ],
  },
  {
    format: "a custom notification",
    rules: chatRules,
    valid: JSON.parse(formatChat(anAnnouncement())),
    faults: [
      ["version is 1.0", ["version"], 1],
      ["source is custom", ["source"], "drift-guard"],
      ["id is a text", ["id"], 7],
      ["textType is client-markdown", ["content", "textType"], "plain"],
      ["title has at most 250 characters", ["content", "title"], long(251)],
      ["description has 1 to 8,000 characters", ["content", "description"], undefined],
      ["each next step has at most 350 characters", ["content", "nextSteps", 0], long(351)],
      ["each keyword has at most 75 characters", ["content", "keywords", 0], long(76)],
      ["threadId is a text", ["metadata", "threadId"], 7],
      ["summary is a text", ["metadata", "summary"], null],
      ["eventType is a text", ["metadata", "eventType"], {}],
      ["relatedResources is a list of texts", ["metadata", "relatedResources"], "arn"],
      ["additionalContext maps texts to texts", ["metadata", "additionalContext", "state"], true],
      ["enableCustomActions is true or false", ["metadata", "enableCustomActions"], "yes"],
      ["no other field", ["content", "footer"], "x"],
    ],
  },
];

for (const { format, rules, valid, faults } of validators) {
  describe(`the validator of ${format}`, () => {
    it("accepts a document that keeps every rule", () => {
      assert.deepEqual(listBroken(rules, valid), []);
    });

    for (const [rule, path, value] of faults) {
      it(`refuses a document that breaks one rule: ${rule}`, () => {
        assert.deepEqual(listBroken(rules, withValue(valid, path, value)), [rule]);
      });
    }

    it("has a wrong document for each rule", () => {
      assert.deepEqual(
        faults.map(([rule]) => rule),
        rules.map(({ name }) => name),
      );
    });
  });
}
