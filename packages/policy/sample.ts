import type { Cell } from "./cell.ts";
import type { PolicyPrincipal, PolicyRequest } from "./grant.ts";
import type { Pattern } from "./pattern.ts";
import type { Atom, CompiledStatement } from "./statement.ts";
import { anyText, oneCharacter } from "./template.ts";

/** Requests that a cell of a statement would let through, the plainest first; none where its conditions ask too much. */
export function listSamples(cell: Cell, { conditions }: CompiledStatement): readonly PolicyRequest[] {
  const context = sampleContext(conditions);
  if (context === undefined) return [];
  return ["", "x", "other"].map((filling) => ({
    action: fill(cell.action.selector, filling === "" ? "Any" : filling, ":"),
    ...(cell.resource && { resource: fill(cell.resource.selector, filling) }),
    ...(cell.principal && { principal: samplePrincipal(cell.principal.selector) }),
    context,
  }));
}

function fill(pattern: Pattern, filling: string, whole = ""): string {
  if (pattern.text === "*") return whole === "" ? "*" : `other${whole}${filling}`;
  return pattern.tokens
    .map((token) => {
      if (typeof token === "string") return token;
      if (token >= 0) return String.fromCharCode(token);
      return token === oneCharacter ? "x" : token === anyText ? filling : "x";
    })
    .join("");
}

function samplePrincipal(principal: PolicyPrincipal): PolicyPrincipal {
  if (principal.id !== "*") return principal;
  return principal.type === "AWS"
    ? { type: "AWS", id: "arn:aws:iam::999999999999:root" }
    : { ...principal, id: "other" };
}

function sampleContext(conditions: readonly Atom[]): Record<string, string> | undefined {
  const context = new Map<string, string>();
  for (const { condition, operator } of conditions) {
    const [value = ""] = condition.values;
    if (operator === undefined) return undefined;
    if (operator.family === "null") {
      if (value === "false" && !context.has(condition.key)) context.set(condition.key, "x");
    } else if (!operator.negated && operator.qualifier !== "ForAllValues" && !operator.ifExists) {
      context.set(condition.key, sampleValue(condition.operator, value));
    }
  }
  return Object.fromEntries(context);
}

function sampleValue(operator: string, value: string): string {
  if (operator.includes("LessThan")) return String(Number(value) - (operator.includes("Equals") ? 0 : 1));
  if (operator.includes("GreaterThan")) return String(Number(value) + (operator.includes("Equals") ? 0 : 1));
  if (operator.includes("IpAddress")) return value.split("-")[0] ?? value;
  return operator.includes("Like") ? value.replaceAll("*", "").replaceAll("?", "x") : value;
}
