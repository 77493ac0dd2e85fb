import * as z from "zod";
import type { Change } from "../model/change.ts";
import { type Part, partOf, tagPart } from "../model/part.ts";
import type { CloudTrailRecord } from "./cloudtrail.ts";

// A field of another type counts as absent: records come from strangers.
const text = z.string().optional().catch(undefined);
const Parameters = z.object({
  description: text,
  tags: z.array(z.object({ key: text }).catch({ key: undefined })).catch([]),
  tagKeys: z.array(text).catch([]),
});

/** Returns what a record shows of a service-linked role beside its name: the task of its deletion, and the edited parts (R20). */
export function linkedRoleDetails(record: CloudTrailRecord): Pick<Change, "deletionTask" | "edits"> {
  const answer = record.responseElements ?? {};
  const parameters = Parameters.parse(record.requestParameters ?? {});
  const task = record.eventName === "DeleteServiceLinkedRole" ? answer.deletionTaskId : undefined;
  const edits = editsOf(record.eventName, parameters);
  return {
    ...(typeof task === "string" && task !== "" && { deletionTask: task }),
    ...(edits.length > 0 && { edits }),
  };
}

// UpdateRole and UpdateRoleDescription make the same edit of a description (T6).
function editsOf(call: string, parameters: z.infer<typeof Parameters>): readonly Part[] {
  switch (call) {
    case "UpdateRoleDescription":
      return [partOf("description")];
    case "UpdateRole":
      return parameters.description === undefined ? [] : [partOf("description")];
    case "TagRole":
      return tagParts(parameters.tags.map(({ key }) => key));
    case "UntagRole":
      return tagParts(parameters.tagKeys);
    default:
      return [];
  }
}

function tagParts(keys: readonly (string | undefined)[]): readonly Part[] {
  return [...new Set(keys)].flatMap((key): readonly Part[] =>
    key === undefined || key === "" ? [] : [tagPart(key)],
  );
}
