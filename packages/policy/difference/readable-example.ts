import type { Remainder } from "../compiled/combination.ts";
import { decide } from "../evaluate/decide.ts";
import { type PolicyDocument, parsed } from "../model/document.ts";
import type { Grant, PolicyRequest } from "../model/grant.ts";
import { firstUnknown, standsForText } from "../pattern/automaton.ts";
import { makeGrant } from "./grouping.ts";

/** Tried in this order. A condition may exclude one of them. */
const readableValues = ["any-value", "SOMETHING", "0", ""];

/**
 * Returns the example of a remainder with readable values in place of the characters that stand for the unknown values
 * of policy variables. Only examples that lie in the remainder's grant are returned, and last the example as it is.
 */
export function listReadableExamples(remainder: Remainder): readonly PolicyRequest[] {
  const { example } = remainder;
  if (!hasUnknown(example)) return [example];
  const readable = readableValues
    .map((value) => replaceUnknown(example, value))
    .filter((request) => isInGrant(request, makeGrant([remainder], request)));
  return [...readable, example];
}

/** Whether a request is one of those that a grant describes. */
export function isInGrant(
  request: PolicyRequest,
  { exceptActions, exceptResources, exceptPrincipals, exceptConditions = [], ...grant }: Grant,
): boolean {
  const allows = (part: Partial<Grant> | undefined): boolean =>
    part !== undefined && decide(request, [toDocument({ ...grant, ...part })]) === "allowed";
  return (
    allows({}) &&
    !allows(exceptActions && { actions: exceptActions }) &&
    !allows(exceptResources && { resources: exceptResources }) &&
    !allows(exceptPrincipals && { principals: exceptPrincipals }) &&
    !exceptConditions.some((conditions) => allows({ conditions }))
  );
}

/** A document that allows a grant, its exceptions included. */
function toDocument({ actions, resources, principals, conditions }: Grant): PolicyDocument {
  const list = <Entry>(entries: readonly Entry[]) => ({ negated: false, entries });
  const statement = {
    effect: "Allow" as const,
    actions: list(actions),
    ...(resources && { resources: list(resources) }),
    ...(principals && { principals: list(principals) }),
    conditions: conditions.map((condition) => ({ ...condition, written: condition })),
  };
  return { [parsed]: true, version: "2012-10-17", statements: [statement] };
}

function hasUnknown({ context }: PolicyRequest): boolean {
  return Object.values(context)
    .flat()
    .some((value) => [...value].some((char) => standsForText(char.charCodeAt(0))));
}

/** Replaces each unknown by the value and its number (`any-value-0`), so that different unknowns stay different. */
function replaceUnknown({ context, ...request }: PolicyRequest, value: string): PolicyRequest {
  const nameUnknown = (code: number): string => (value === "" ? "" : `${value}-${code - firstUnknown}`);
  const replace = (text: string): string =>
    [...text]
      .map((char) => (standsForText(char.charCodeAt(0)) ? nameUnknown(char.charCodeAt(0)) : char))
      .join("");
  const values = Object.entries(context).map(
    ([key, texts]) => [key, typeof texts === "string" ? replace(texts) : texts.map(replace)] as const,
  );
  return {
    ...request,
    ...(request.resource !== undefined && { resource: replace(request.resource) }),
    context: Object.fromEntries(values),
  };
}
