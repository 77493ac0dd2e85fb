import { anyText, oneCharacter } from "../syntax/tokens.ts";
import { anyInSegment, colon, oneInSegment, type Pattern } from "./pattern.ts";

/** Returns a readable text that a pattern matches. `filling` replaces its stars. */
export function sampleText(pattern: Pattern, filling = "example"): string {
  return pattern.literal ?? fill(pattern, [filling]);
}

/** Returns a readable ARN that a pattern matches. */
export function sampleArn(pattern: Pattern): string {
  // The resource in requests for actions that have none.
  if (pattern.text === "*") return "*:*:*:*:*:*";
  return pattern.literal ?? fill(pattern, ["arn", "aws", "service", "us-east-1", "111122223333", "example"]);
}

/** Replaces the stars of each segment by its filling, and single-character wildcards by `x`. */
function fill({ tokens }: Pattern, fillings: readonly string[]): string {
  let segment = 0;
  return tokens
    .map((token) => {
      if (token === colon && segment < fillings.length - 1) segment++;
      if (typeof token === "string") return token;
      if (token === anyText || token === anyInSegment) return fillings[segment] ?? "";
      return token === oneCharacter || token === oneInSegment ? "x" : String.fromCharCode(token);
    })
    .join("");
}
