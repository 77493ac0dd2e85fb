import { at, hasOnly, isArrayOf, isObject, isOneOf, isOptional, isText, type Rule } from "./rules.ts";

const own = [
  "SchemaVersion",
  "Id",
  "ProductArn",
  "GeneratorId",
  "AwsAccountId",
  "CreatedAt",
  "UpdatedAt",
  "FirstObservedAt",
  "LastObservedAt",
  "Title",
  "Description",
  "Remediation",
  "ProductFields",
  "Resources",
  "Compliance",
  "RecordState",
  "FindingProviderFields",
];
/** What the importer may not set, and what it must set in FindingProviderFields. */
const ofCustomers = ["Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState"];
const ofProviders = ["Confidence", "Criticality", "RelatedFindings", "Severity", "Types"];

const namespaces =
  /^(?:Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(?:\/[^/]+){0,2}$/;
const productArn = /^arn:aws[\w-]*:securityhub:[a-z0-9-]+:(\d{12}):product\/(\d{12})\/default$/;

function isTime(value: unknown): value is string {
  return (
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

/**
 * The rules of a finding that a custom product imports: the API model of BatchImportFindings (required fields, lengths,
 * enumerations) and "BatchImportFindings for finding providers" of the Security Hub user guide (what may be updated), read
 * 2026-11.
 */
export const asffRules: readonly Rule[] = [
  { name: "SchemaVersion is 2018-10-08", holds: (d) => at(d, "SchemaVersion") === "2018-10-08" },
  { name: "Id has 1 to 512 characters", holds: (d) => isText(at(d, "Id"), 512) },
  {
    name: "ProductArn is the custom product of an account",
    holds: (d) => productArn.test(String(at(d, "ProductArn"))),
  },
  {
    name: "ProductArn is of the finding's account",
    holds: (d) => {
      const [, account = "", product] = productArn.exec(String(at(d, "ProductArn"))) ?? [];
      return account === "" || (account === product && at(d, "AwsAccountId") === account);
    },
  },
  { name: "GeneratorId has 1 to 512 characters", holds: (d) => isText(at(d, "GeneratorId"), 512) },
  { name: "CreatedAt is RFC 3339", holds: (d) => isTime(at(d, "CreatedAt")) },
  { name: "UpdatedAt is RFC 3339", holds: (d) => isTime(at(d, "UpdatedAt")) },
  {
    name: "UpdatedAt is not before CreatedAt",
    holds: (d) => {
      const [created, updated] = [at(d, "CreatedAt"), at(d, "UpdatedAt")];
      return !isTime(created) || !isTime(updated) || Date.parse(created) <= Date.parse(updated);
    },
  },
  ...["FirstObservedAt", "LastObservedAt"].map((key) => ({
    name: `${key} is RFC 3339`,
    holds: (d: unknown) => isOptional(at(d, key), isTime),
  })),
  { name: "Title has 1 to 256 characters", holds: (d) => isText(at(d, "Title"), 256) },
  { name: "Description has 1 to 1,024 characters", holds: (d) => isText(at(d, "Description"), 1024) },
  {
    name: "Remediation text has 1 to 512 characters",
    holds: (d) => isOptional(at(d, "Remediation", "Recommendation", "Text"), (text) => isText(text, 512)),
  },
  {
    name: "ProductFields are at most 50 texts",
    holds: (d) => {
      const fields = at(d, "ProductFields");
      return isOptional(
        fields,
        () =>
          isObject(fields) &&
          Object.keys(fields).length <= 50 &&
          Object.entries(fields).every(([key, value]) => isText(key, 128) && isText(value, 2048)),
      );
    },
  },
  {
    name: "no key of ProductFields begins with aws/",
    holds: (d) => !Object.keys(Object(at(d, "ProductFields"))).some((key) => key.startsWith("aws/")),
  },
  {
    name: "Resources are 1 to 32, each with Type and Id",
    holds: (d) =>
      isArrayOf(
        at(d, "Resources"),
        (resource) => isText(at(resource, "Type"), 256) && isText(at(resource, "Id"), 512),
        [1, 32],
      ),
  },
  {
    name: "Resources are of types and details that Security Hub knows",
    holds: (d) =>
      [at(d, "Resources")].flat().every((resource) => {
        const known = isOneOf(at(resource, "Type"), "AwsIamRole", "AwsIamPolicy", undefined, "");
        const details = at(resource, "Details");
        return (
          known &&
          isOptional(details, () => hasOnly(details, ["AwsIamRole"])) &&
          isOptional(at(details, "AwsIamRole", "RoleName"), (name) => isText(name, 64))
        );
      }),
  },
  {
    name: "Compliance has a status",
    holds: (d) => isOneOf(at(d, "Compliance", "Status"), "PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"),
  },
  { name: "RecordState is known", holds: (d) => isOneOf(at(d, "RecordState"), "ACTIVE", "ARCHIVED") },
  {
    name: "the provider's severity has a label",
    holds: (d) =>
      isOneOf(
        at(d, "FindingProviderFields", "Severity", "Label"),
        "INFORMATIONAL",
        "LOW",
        "MEDIUM",
        "HIGH",
        "CRITICAL",
      ),
  },
  {
    name: "the provider's original severity has 1 to 64 characters",
    holds: (d) =>
      isOptional(at(d, "FindingProviderFields", "Severity", "Original"), (text) => isText(text, 64)),
  },
  {
    name: "the provider's types are 1 to 50 of the taxonomy",
    holds: (d) =>
      isArrayOf(at(d, "FindingProviderFields", "Types"), (type) => namespaces.test(String(type)), [1, 50]),
  },
  {
    name: "nothing that customers own is set",
    holds: (d) => ofCustomers.every((key) => at(d, key) === undefined),
  },
  {
    name: "nothing is set at the top that belongs in FindingProviderFields",
    holds: (d) => ofProviders.every((key) => at(d, key) === undefined),
  },
  { name: "no unknown field", holds: (d) => hasOnly(d, [...own, ...ofCustomers, ...ofProviders]) },
  { name: "at most 240 KB", holds: (d) => Buffer.byteLength(JSON.stringify(d) ?? "") <= 240 * 1024 },
];
