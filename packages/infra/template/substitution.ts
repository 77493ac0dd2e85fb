import { appName } from "@drift-guard/core/config/deployment";
import type { JsonValue, SynthesisSettings } from "../synth/synthesis.ts";
import { TemplateError } from "./translation.ts";

/** The texts of a synthesis that differ between deployments. `region` is the one that the template is for. */
export type SynthesisPlace = Pick<SynthesisSettings, "account" | "partition" | "region" | "stage">;

/**
 * Returns a function that replaces the stage, the account id, the partition and the template's Region in every text of a
 * value: by the parameter `Stage` and by CloudFormation's pseudo parameters. References stay as they are. It throws
 * `TemplateError` where a key holds the account id, since CloudFormation computes no keys.
 */
export function createSubstitution({ account, partition, region, stage }: SynthesisPlace) {
  const named = `${appName}-${stage}`;
  const substitutes = new Map([
    [`arn:${partition}:`, `arn:\${AWS::Partition}:`],
    [account, "${AWS::AccountId}"],
    [named, `${appName}-\${Stage}`],
    [region, "${AWS::Region}"],
  ]);
  const whole = (text: string) => `(?<![A-Za-z0-9])${RegExp.escape(text)}(?![A-Za-z0-9])`;
  const pattern = new RegExp(
    `(${[`${RegExp.escape(`arn:${partition}:`)}`, ...[account, named, region].map(whole)].join("|")})`,
  );

  function substituteText(text: string): JsonValue {
    const parts = text.split(pattern);
    if (parts.length === 1) return text;
    const substituted = parts.map((part) => substitutes.get(part) ?? part.replaceAll("${", "${!")).join("");
    const [, name] = /^\$\{([A-Za-z:]+)\}$/.exec(substituted) ?? [];
    return name === undefined ? { "Fn::Sub": substituted } : { Ref: name };
  }

  function substitute(value: JsonValue): JsonValue {
    if (typeof value === "string") return substituteText(value);
    if (isList(value)) return value.map(substitute);
    return value instanceof Object ? substituteIn(value) : value;
  }

  function substituteIn(properties: { readonly [key: string]: JsonValue }): { [key: string]: JsonValue } {
    return Object.fromEntries(
      Object.entries(properties).map(([key, value]) => {
        if (key.includes(account))
          throw new TemplateError(
            `The key ${key} holds the account id, which differs between accounts. Write it as a value in packages/infra/stack.`,
          );
        return [key, key === "Ref" || key === "Fn::GetAtt" ? value : substitute(value)];
      }),
    );
  }

  return substituteIn;
}

// Array.isArray does not narrow a readonly array.
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
