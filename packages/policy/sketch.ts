import { anyInSegment, oneInSegment, type Pattern } from "./pattern.ts";
import { anyText, oneCharacter } from "./template.ts";

/** A text that a pattern matches, as a person would make one up. */
export function sketchText({ literal, tokens }: Pattern, filling = "example"): string {
  if (literal !== undefined) return literal;
  return tokens.map((token) => sketchToken(token, filling)).join("");
}

/** An ARN that a pattern matches, as a person would make one up. */
export function sketchArn({ literal, tokens, text }: Pattern): string {
  if (literal !== undefined) return literal;
  // The resource of an action that has none.
  if (text === "*") return "*:*:*:*:*:*";
  const fillings = ["arn", "aws", "service", "us-east-1", "111122223333", "example"];
  let segment = 0;
  return tokens
    .map((token) => {
      if (token === 58 && segment < 5) segment++;
      return sketchToken(token, fillings[segment] ?? "example");
    })
    .join("");
}

function sketchToken(token: number | string, filling: string): string {
  if (typeof token === "string") return token;
  if (token === anyText || token === anyInSegment) return filling;
  return token === oneCharacter || token === oneInSegment ? "x" : String.fromCharCode(token);
}
