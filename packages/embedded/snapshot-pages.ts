import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues, isMissing } from "@drift-guard/core/issues";
import { parseIamArn } from "@drift-guard/core/model/arn";
import * as z from "zod";
import { parseJsonValues } from "./json-values.ts";

// The AWS CLI prints documents as objects, the API returns them percent-encoded, and other tools write JSON text.
// One check rather than a union: a large account has ten thousands of them.
const document = z
  .custom<string | Readonly<Record<string, unknown>>>(
    isDocument,
    "must be a policy document, as JSON or as text",
  )
  .transform(toDocumentText);

/** The command whose output a snapshot is. */
export const snapshotCommand = "aws iam get-account-authorization-details";

// Exports write null for a list that is absent.
function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

const Attached = z.object({ PolicyArn: z.string() });
const RoleDetail = z.object({
  RoleName: z.string(),
  RoleId: z.string(),
  Arn: z.string().refine(isRoleArn, "must be the ARN of a role"),
  Path: z.string(),
  AssumeRolePolicyDocument: document,
  RolePolicyList: list(z.object({ PolicyName: z.string(), PolicyDocument: document })),
  AttachedManagedPolicies: list(Attached),
  InstanceProfileList: z.array(z.object({ InstanceProfileName: z.string() })).nullish(),
  PermissionsBoundary: z.object({ PermissionsBoundaryArn: z.string() }).nullish(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).nullish(),
});
/** A role as a page of the output shows it. Its documents are JSON text. */
export type RoleDetail = z.infer<typeof RoleDetail>;

const PolicyDetail = z.object({
  Arn: z.string(),
  DefaultVersionId: z.string(),
  PolicyVersionList: list(z.object({ VersionId: z.string(), Document: document.nullish() })),
});

/** A managed policy as a page of the output shows it. */
export type PolicyDetail = z.infer<typeof PolicyDetail>;

const Page = z.object({
  RoleDetailList: list(RoleDetail),
  Policies: list(PolicyDetail),
  IsTruncated: z.boolean().nullish(),
  // The AWS CLI adds this member to a list that --max-items cut.
  NextToken: z.string().nullish(),
  // The API's own token for the next page. `jq -s add` keeps it from a page that it otherwise overwrites by the last one.
  Marker: z.string().nullish(),
});

/** Pages that belong together: all up to the one that is the last of its list. */
export interface SnapshotListing {
  readonly roles: readonly RoleDetail[];
  readonly policies: readonly PolicyDetail[];
}

/** The pages of a snapshot, joined. */
export interface SnapshotPages {
  readonly listings: readonly SnapshotListing[];
  readonly count: number;
  /** How many pages are the last of their list. */
  readonly lastPages: number;
  /** Whether the list goes on after the last page of the text. */
  readonly endsOpen: boolean;
}

/**
 * Parses the output of `snapshotCommand`: one page, or several, one after the other or in a list. `source` names it in
 * errors. Throws `MessageUnreadableError`, which names the place in the document and says what to do.
 */
export function parsePages(text: string, source: string): SnapshotPages {
  const values = parseJsonValues(text, source, snapshotCommand);
  if (values.length > 0 && values.every((value) => isMissing(["RoleDetailList"], value))) {
    throw new MessageUnreadableError(
      `${source}: RoleDetailList is missing. Create the file with: ${snapshotCommand} > account.json`,
    );
  }
  const pages = values.map((value, index) => {
    const page = Page.safeParse(value);
    if (page.success) return page.data;
    const where = values.length === 1 ? "" : ` (page ${index + 1})`;
    throw new MessageUnreadableError(
      `${source} is not the output of: ${snapshotCommand}${where}\n${formatIssues(page.error, value)}\nCreate the file again.`,
      { cause: page.error },
    );
  });
  const last = pages.at(-1);
  if (last === undefined) {
    throw new MessageUnreadableError(`${source} is not the output of: ${snapshotCommand}\nIt holds no page.`);
  }
  return {
    listings: joinListings(pages),
    count: pages.length,
    lastPages: pages.filter((page) => !goesOn(page)).length,
    endsOpen: goesOn(last),
  };
}

function joinListings(pages: readonly z.infer<typeof Page>[]): readonly SnapshotListing[] {
  const listings: { readonly roles: RoleDetail[]; readonly policies: PolicyDetail[] }[] = [];
  let isOpen = false;
  for (const page of pages) {
    const last = listings.at(-1);
    const listing = isOpen && last ? last : { roles: [], policies: [] };
    if (listing !== last) listings.push(listing);
    for (const role of page.RoleDetailList) listing.roles.push(role);
    for (const policy of page.Policies) listing.policies.push(policy);
    isOpen = goesOn(page);
  }
  return listings;
}

function goesOn({ IsTruncated, NextToken, Marker }: z.infer<typeof Page>): boolean {
  return IsTruncated === true || typeof NextToken === "string" || (Marker ?? "") !== "";
}

function isRoleArn(text: string): boolean {
  const arn = parseIamArn(text);
  return arn?.type === "role" && arn.account !== "aws";
}

function isDocument(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null && !Array.isArray(value));
}

function toDocumentText(value: string | Readonly<Record<string, unknown>>): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (!/^\s*%7b/i.test(value)) return value;
  try {
    return decodeURIComponent(value.trim());
  } catch {
    // The comparison reports a document that it cannot parse.
    return value;
  }
}
