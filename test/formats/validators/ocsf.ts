import { isIP } from "node:net";
import { at, hasOnly, isArrayOf, isObject, isOneOf, isOptional, isText, type Rule } from "./rules.ts";

const attributes = [
  "activity_id",
  "activity_name",
  "category_name",
  "category_uid",
  "class_name",
  "class_uid",
  "cloud",
  "evidences",
  "finding_info",
  "is_alert",
  "message",
  "metadata",
  "observables",
  "remediation",
  "resources",
  "severity",
  "severity_id",
  "status",
  "status_id",
  "time",
  "type_name",
  "type_uid",
  "unmapped",
];

const captions = {
  activity: { 0: "Unknown", 1: "Create", 2: "Update", 3: "Close", 99: "Other" },
  severity: {
    0: "Unknown",
    1: "Informational",
    2: "Low",
    3: "Medium",
    4: "High",
    5: "Critical",
    6: "Fatal",
    99: "Other",
  },
  status: {
    0: "Unknown",
    1: "New",
    2: "In Progress",
    3: "Suppressed",
    4: "Resolved",
    5: "Archived",
    99: "Other",
  },
};

/** The types of observables that the guard uses, by id. */
const observableTypes: Readonly<Record<number, string>> = {
  2: "IP Address",
  10: "Resource UID",
  16: "HTTP User-Agent",
};

function caption(names: Readonly<Record<number, string>>, id: unknown): string | undefined {
  return typeof id === "number" ? names[id] : undefined;
}

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 946_684_800_000;
}

/** Whether an entity has the name or the uid that one of them must be. */
function isEntity(value: unknown): boolean {
  return isObject(value) && (isText(at(value, "name")) || isText(at(value, "uid")));
}

function enumRules(name: "activity" | "severity" | "status", label: string): readonly Rule[] {
  const names = captions[name];
  return [
    {
      name: `${name}_id is of the enumeration`,
      holds: (d) => caption(names, at(d, `${name}_id`)) !== undefined,
    },
    {
      name: `${label} is the caption of ${name}_id`,
      holds: (d) => {
        const expected = caption(names, at(d, `${name}_id`));
        return expected === undefined || isOptional(at(d, label), (text) => text === expected);
      },
    },
  ];
}

/**
 * The rules of a Detection Finding with the profile cloud, in version 1.5.0 of the Open Cybersecurity Schema Framework:
 * required attributes, types, enumerations and constraints of the class and of the objects that the guard uses
 * (https://github.com/ocsf/ocsf-schema/tree/1.5.0: events/findings, objects, profiles/cloud.json, dictionary.json, read
 * 2026-11).
 */
export const ocsfRules: readonly Rule[] = [
  ...enumRules("activity", "activity_name"),
  { name: "category_uid is 2", holds: (d) => at(d, "category_uid") === 2 },
  { name: "class_uid is 2004", holds: (d) => at(d, "class_uid") === 2004 },
  {
    name: "type_uid is class_uid * 100 + activity_id",
    holds: (d) => {
      const activity = at(d, "activity_id");
      return (
        caption(captions.activity, activity) === undefined || at(d, "type_uid") === 200_400 + Number(activity)
      );
    },
  },
  ...enumRules("severity", "severity"),
  ...enumRules("status", "status"),
  { name: "time is in milliseconds", holds: (d) => isTime(at(d, "time")) },
  { name: "message is a text", holds: (d) => isOptional(at(d, "message"), (text) => isText(text)) },
  {
    name: "is_alert is true or false",
    holds: (d) => isOptional(at(d, "is_alert"), (each) => isOneOf(each, true, false)),
  },
  { name: "metadata.version is 1.5.0", holds: (d) => at(d, "metadata", "version") === "1.5.0" },
  { name: "metadata.product is an entity", holds: (d) => isEntity(at(d, "metadata", "product")) },
  {
    name: "metadata.profiles names the profile cloud",
    holds: (d) => [at(d, "metadata", "profiles")].flat().includes("cloud"),
  },
  { name: "cloud.provider is a text", holds: (d) => isText(at(d, "cloud", "provider")) },
  {
    name: "cloud.account is an entity of a known type",
    holds: (d) =>
      isOptional(
        at(d, "cloud", "account"),
        (account) => isEntity(account) && isOptional(at(account, "type_id"), (id) => id === 10),
      ),
  },
  { name: "finding_info.uid is a text", holds: (d) => isText(at(d, "finding_info", "uid")) },
  {
    name: "finding_info.title and desc are texts",
    holds: (d) =>
      ["title", "desc"].every((key) => isOptional(at(d, "finding_info", key), (text) => isText(text))),
  },
  {
    name: "finding_info.analytic is an entity with a type_id",
    holds: (d) =>
      isOptional(
        at(d, "finding_info", "analytic"),
        (analytic) => isEntity(analytic) && isOneOf(at(analytic, "type_id"), 0, 1, 2, 3, 4, 99),
      ),
  },
  {
    name: "finding_info's times are in milliseconds",
    holds: (d) =>
      ["created_time", "first_seen_time", "last_seen_time", "modified_time"].every((key) =>
        isOptional(at(d, "finding_info", key), isTime),
      ),
  },
  {
    name: "resources are entities",
    holds: (d) => isOptional(at(d, "resources"), (list) => isArrayOf(list, isEntity)),
  },
  {
    name: "each evidence has one of the attributes of which one is required",
    holds: (d) =>
      isOptional(at(d, "evidences"), (list) =>
        isArrayOf(
          list,
          (each) => isObject(each) && ["actor", "api", "src_endpoint"].some((key) => key in each),
        ),
      ),
  },
  {
    name: "each evidence's user has a name or uid, and a known type",
    holds: (d) =>
      [at(d, "evidences") ?? []]
        .flat()
        .every((each) =>
          isOptional(
            at(each, "actor"),
            (actor) =>
              isEntity(at(actor, "user")) &&
              isOptional(at(actor, "user", "type_id"), (id) => isOneOf(id, 0, 1, 2, 3, 99)),
          ),
        ),
  },
  {
    name: "each evidence's api has an operation",
    holds: (d) =>
      [at(d, "evidences") ?? []]
        .flat()
        .every((each) =>
          isOptional(
            at(each, "api"),
            (api) => isText(at(api, "operation")) && isOptional(at(api, "service"), isEntity),
          ),
        ),
  },
  {
    name: "each evidence's source is an IP address",
    holds: (d) =>
      [at(d, "evidences") ?? []]
        .flat()
        .every((each) =>
          isOptional(at(each, "src_endpoint", "ip"), (ip) => typeof ip === "string" && isIP(ip) !== 0),
        ),
  },
  {
    name: "each observable has a type_id, its caption and a value",
    holds: (d) =>
      isOptional(at(d, "observables"), (list) =>
        isArrayOf(list, (each) => {
          const expected = caption(observableTypes, at(each, "type_id"));
          return expected !== undefined && at(each, "type") === expected && isText(at(each, "value"));
        }),
      ),
  },
  {
    name: "remediation has a desc",
    holds: (d) => isOptional(at(d, "remediation"), (remediation) => isText(at(remediation, "desc"))),
  },
  { name: "unmapped is an object", holds: (d) => isOptional(at(d, "unmapped"), isObject) },
  { name: "no unknown attribute", holds: (d) => hasOnly(d, attributes) },
];
