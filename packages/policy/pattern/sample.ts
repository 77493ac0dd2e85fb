import { anyText, oneCharacter } from "../syntax/tokens.ts";
import { anyInSegment, colon, oneInSegment, type Pattern } from "./pattern.ts";

/** A text that a pattern matches, as a person would make one up. */
export function sampleText(pattern: Pattern, filling = "example"): string {
  return pattern.literal ?? fill(pattern, [filling]);
}

/** An ARN that a pattern matches, as a person would make one up. */
export function sampleArn(pattern: Pattern): string {
  // The resource of an action that has none.
  if (pattern.text === "*") return "*:*:*:*:*:*";
  return pattern.literal ?? fill(pattern, ["arn", "aws", "service", "us-east-1", "111122223333", "example"]);
}

/** Puts fillings in the place of wildcards, one for each segment. */
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
