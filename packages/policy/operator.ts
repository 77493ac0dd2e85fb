/** What the values of an operator are compared as. */
export type OperatorFamily = "string" | "arn" | "bool" | "binary" | "numeric" | "date" | "ip" | "null";

/** How one value is compared with another of its family. */
export type Comparator = "equals" | "like" | "less" | "lessOrEqual" | "greater" | "greaterOrEqual";

/** A condition operator taken apart (IAM User Guide: condition operators, multivalued context keys). */
export interface Operator {
  readonly qualifier?: "ForAllValues" | "ForAnyValue";
  readonly family: OperatorFamily;
  readonly comparator: Comparator;
  readonly ignoreCase: boolean;
  readonly negated: boolean;
  readonly ifExists: boolean;
}

type Base = Pick<Operator, "family" | "comparator" | "ignoreCase" | "negated"> & {
  readonly spelling: string;
};

const bases = new Map<string, Base>();

function addBase(spelling: string, family: OperatorFamily, comparator: Comparator, flags = ""): void {
  bases.set(spelling.toLowerCase(), {
    spelling,
    family,
    comparator,
    negated: flags.includes("not"),
    ignoreCase: flags.includes("fold"),
  });
}

addBase("StringEquals", "string", "equals");
addBase("StringNotEquals", "string", "equals", "not");
addBase("StringEqualsIgnoreCase", "string", "equals", "fold");
addBase("StringNotEqualsIgnoreCase", "string", "equals", "not fold");
addBase("StringLike", "string", "like");
addBase("StringNotLike", "string", "like", "not");
addBase("ArnEquals", "arn", "like");
addBase("ArnLike", "arn", "like");
addBase("ArnNotEquals", "arn", "like", "not");
addBase("ArnNotLike", "arn", "like", "not");
addBase("Bool", "bool", "equals", "fold");
addBase("BinaryEquals", "binary", "equals");
addBase("IpAddress", "ip", "equals");
addBase("NotIpAddress", "ip", "equals", "not");
addBase("Null", "null", "equals");
for (const [prefix, family] of [
  ["Numeric", "numeric"],
  ["Date", "date"],
] as const) {
  addBase(`${prefix}Equals`, family, "equals");
  addBase(`${prefix}NotEquals`, family, "equals", "not");
  addBase(`${prefix}LessThan`, family, "less");
  addBase(`${prefix}LessThanEquals`, family, "lessOrEqual");
  addBase(`${prefix}GreaterThan`, family, "greater");
  addBase(`${prefix}GreaterThanEquals`, family, "greaterOrEqual");
}

const operators = new Map<string, { readonly operator: Operator; readonly spelling: string }>();

for (const { spelling, ...base } of bases.values()) {
  for (const qualifier of [undefined, "ForAllValues", "ForAnyValue"] as const) {
    for (const ifExists of [false, true]) {
      // Null asks for the key itself: it has neither qualifier nor IfExists.
      if (base.family === "null" && (qualifier !== undefined || ifExists)) continue;
      const name = `${qualifier === undefined ? "" : `${qualifier}:`}${spelling}${ifExists ? "IfExists" : ""}`;
      const operator = { ...base, ifExists, ...(qualifier === undefined ? {} : { qualifier }) };
      operators.set(name.toLowerCase(), { operator, spelling: name });
    }
  }
}

/** Takes an operator apart, in any case of letters; undefined where IAM has no such operator. */
export function findOperator(name: string): Operator | undefined {
  return operators.get(name.toLowerCase())?.operator;
}

/** IAM's own spelling of an operator; one that IAM does not have is left as it is. */
export function spellOperator(name: string): string {
  return operators.get(name.toLowerCase())?.spelling ?? name;
}
