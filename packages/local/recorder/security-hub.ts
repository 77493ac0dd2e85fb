import { formatIssues } from "@drift-guard/core/issues";
import * as z from "zod";
import type { ApiCall } from "./call.ts";
import type { CallFailure } from "./cloudtrail.ts";

/** A finding as the hub keeps it, in ASFF. */
export type HubRecord = z.infer<typeof ImportedFinding> & { readonly Workflow: { readonly Status: string } };

/** The hub's answer to a call, and the findings of which it raises an event `Security Hub Findings - Imported`. */
export type HubReply =
  | { readonly body: object; readonly changed: readonly HubRecord[] }
  | { readonly failure: CallFailure };

/** Security Hub CSPM in memory, for the calls that the guard makes. */
export interface LocalHub {
  /**
   * Answers a call; undefined for a call that it does not know. With `refused`, an import or update does not take its first
   * finding, for this reason.
   */
  answer(call: ApiCall, refused?: CallFailure): HubReply | undefined;
}

const Identifier = z.object({ Id: z.string().min(1).max(512), ProductArn: z.string() });

// What the API model requires, with its lengths; other fields are kept as they are.
const ImportedFinding = z.looseObject({
  ...Identifier.shape,
  SchemaVersion: z.literal("2018-10-08"),
  GeneratorId: z.string().regex(/\S/).max(512),
  AwsAccountId: z.string().length(12),
  CreatedAt: z.iso.datetime({ offset: true }),
  UpdatedAt: z.iso.datetime({ offset: true }),
  Title: z.string().regex(/\S/).max(256),
  Description: z.string().regex(/\S/).max(1024),
  Resources: z
    .array(z.looseObject({ Type: z.string(), Id: z.string() }))
    .min(1)
    .max(32),
  RecordState: z.enum(["ACTIVE", "ARCHIVED"]).default("ACTIVE"),
  Compliance: z.looseObject({ Status: z.string() }).optional(),
  FindingProviderFields: z.looseObject({}).optional(),
});

const Import = z.object({
  findings: z
    .array(z.looseObject({ Id: z.string().optional() }))
    .min(1)
    .max(100),
});

const Update = z.object({
  findingIdentifiers: z.array(Identifier).min(1).max(100),
  workflow: z.object({ Status: z.enum(["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"]) }).optional(),
  note: z.object({ Text: z.string(), UpdatedBy: z.string() }).optional(),
});

const filter = z
  .array(z.object({ Value: z.string(), Comparison: z.enum(["EQUALS", "PREFIX"]) }))
  .max(20)
  .optional();
const Query = z.object({
  filters: z
    .strictObject({
      Id: filter,
      ProductArn: filter,
      GeneratorId: filter,
      RecordState: filter,
      WorkflowStatus: filter,
    })
    .default({}),
  maxResults: z.number().min(1).max(100).default(100),
  nextToken: z.string().optional(),
});

/**
 * Creates a hub that is not enabled yet. It follows AWS's pages (docs/aws-facts.md, "Security Hub"): it takes no finding of
 * another account or product, ignores an update that is not later, keeps what users set, and resets the workflow of a
 * finding that returns. moto has no BatchUpdateFindings and no filters, and takes findings before it is enabled.
 */
export function createLocalHub(account: string): LocalHub {
  const findings = new Map<string, HubRecord>();
  let isEnabled = false;

  function importFindings(
    { findings: given }: z.infer<typeof Import>,
    region: string,
    refused: CallFailure | undefined,
  ): HubReply {
    const changed: HubRecord[] = [];
    const FailedFindings: object[] = [];
    const product = new RegExp(`^arn:[a-z-]+:securityhub:${region}:${account}:product/${account}/default$`);
    for (const [index, value] of given.entries()) {
      if (refused && index === 0) {
        FailedFindings.push({
          Id: value.Id ?? "",
          ErrorCode: refused.code,
          ErrorMessage: refused.message,
        });
        continue;
      }
      const parsed = ImportedFinding.safeParse(value);
      if (!parsed.success || !product.test(parsed.data.ProductArn) || parsed.data.AwsAccountId !== account) {
        const why = parsed.success
          ? "Not the caller's account or product."
          : formatIssues(parsed.error, value);
        FailedFindings.push({ Id: value.Id ?? "", ErrorCode: "InvalidInput", ErrorMessage: why });
        continue;
      }
      const finding = parsed.data;
      const key = keyOf(finding);
      const known = findings.get(key);
      if (known && Date.parse(finding.UpdatedAt) <= Date.parse(known.UpdatedAt)) continue;
      const stored = merge(known, finding);
      findings.set(key, stored);
      changed.push(stored);
    }
    const FailedCount = FailedFindings.length;
    return { body: { FailedCount, SuccessCount: given.length - FailedCount, FailedFindings }, changed };
  }

  function updateFindings(
    { findingIdentifiers, workflow, note }: z.infer<typeof Update>,
    refused: CallFailure | undefined,
  ): HubReply {
    const changed: HubRecord[] = [];
    const UnprocessedFindings: object[] = [];
    for (const [index, FindingIdentifier] of findingIdentifiers.entries()) {
      if (refused && index === 0) {
        const { code: ErrorCode, message: ErrorMessage } = refused;
        UnprocessedFindings.push({ FindingIdentifier, ErrorCode, ErrorMessage });
        continue;
      }
      const known = findings.get(keyOf(FindingIdentifier));
      if (!known) {
        const ErrorMessage = "Finding Not Found";
        UnprocessedFindings.push({ FindingIdentifier, ErrorCode: "FindingNotFound", ErrorMessage });
        continue;
      }
      const updated = { ...known, ...(workflow && { Workflow: workflow }), ...(note && { Note: note }) };
      findings.set(keyOf(known), updated);
      changed.push(updated);
    }
    const ProcessedFindings = changed.map(({ Id, ProductArn }) => ({ Id, ProductArn }));
    return { body: { ProcessedFindings, UnprocessedFindings }, changed };
  }

  function listFindings({ filters, maxResults, nextToken }: z.infer<typeof Query>): HubReply {
    const found = [...findings.values()].filter((finding) =>
      Object.entries(filters).every(
        ([name, values]) =>
          values === undefined || values.some((each) => isMatch(fieldOf(finding, name), each)),
      ),
    );
    const start = Number(nextToken ?? 0);
    const end = start + maxResults;
    const Findings = found.slice(start, end);
    return { body: { Findings, ...(end < found.length && { NextToken: String(end) }) }, changed: [] };
  }

  return {
    answer(call, refused) {
      const { action, parameters, region } = call;
      const HubArn = `arn:aws:securityhub:${region}:${account}:hub/default`;
      switch (action) {
        case "EnableSecurityHub":
          if (isEnabled) return refuse("ResourceConflictException", "Account is already subscribed");
          isEnabled = true;
          return { body: {}, changed: [] };
        case "DisableSecurityHub":
          isEnabled = false;
          findings.clear();
          return { body: {}, changed: [] };
        case "DescribeHub":
        case "BatchImportFindings":
        case "BatchUpdateFindings":
        case "GetFindings":
          if (!isEnabled) {
            return refuse(
              "InvalidAccessException",
              `Account ${account} is not subscribed to AWS Security Hub`,
            );
          }
          break;
        default:
          return undefined;
      }
      switch (action) {
        case "DescribeHub":
          return { body: { HubArn }, changed: [] };
        case "BatchImportFindings":
          return parse(Import, parameters, (value) => importFindings(value, region, refused));
        case "BatchUpdateFindings":
          return parse(Update, parameters, (value) => updateFindings(value, refused));
        case "GetFindings":
          return parse(Query, parameters, listFindings);
      }
    },
  };
}

function keyOf({ Id, ProductArn }: z.infer<typeof Identifier>): string {
  return `${ProductArn} ${Id}`;
}

/** Returns the finding after an import: what users set stays, and the workflow of a finding that returns is NEW again. */
function merge(known: HubRecord | undefined, finding: z.infer<typeof ImportedFinding>): HubRecord {
  if (!known) return { ...finding, Workflow: { Status: "NEW" } };
  const { Note, UserDefinedFields, VerificationState } = known;
  const returns =
    (known.RecordState === "ARCHIVED" && finding.RecordState === "ACTIVE") ||
    (known.Compliance?.Status === "PASSED" && finding.Compliance?.Status !== "PASSED");
  const isReset = returns && /^(?:NOTIFIED|RESOLVED)$/.test(known.Workflow.Status);
  const kept = Object.entries({ Note, UserDefinedFields, VerificationState }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...finding,
    ...Object.fromEntries(kept),
    Workflow: isReset ? { Status: "NEW" } : known.Workflow,
  };
}

function fieldOf(finding: HubRecord, name: string): string {
  switch (name) {
    case "Id":
      return finding.Id;
    case "ProductArn":
      return finding.ProductArn;
    case "GeneratorId":
      return finding.GeneratorId;
    case "RecordState":
      return finding.RecordState;
    default:
      return finding.Workflow.Status;
  }
}

function isMatch(
  text: string,
  { Value, Comparison }: { readonly Value: string; readonly Comparison: string },
) {
  return Comparison === "EQUALS" ? text === Value : text.startsWith(Value);
}

function parse<T>(shape: z.ZodType<T>, parameters: object, use: (value: T) => HubReply): HubReply {
  const parsed = shape.safeParse(parameters);
  return parsed.success
    ? use(parsed.data)
    : refuse("InvalidInputException", formatIssues(parsed.error, parameters));
}

function refuse(code: string, message: string): HubReply {
  return { failure: { code, message } };
}
