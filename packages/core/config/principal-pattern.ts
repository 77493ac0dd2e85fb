import * as z from "zod";

/** ARNs of roles and users, with `*` for any text. A session's ARN is refused: its name is chosen by whoever makes it. */
export const PrincipalPattern = z
  .string()
  .regex(/^(?:\*$|arn:)/, "must be an ARN, in which * stands for any text")
  .refine((pattern) => !namesEverybody(pattern), {
    error: "means every principal: name the role or user, such as arn:aws:iam::*:role/deploy",
  })
  .refine((pattern) => !/^arn:[^:]*:sts:/.test(pattern), {
    error:
      "is the ARN of a session, whose name its maker chooses: name the role, such as arn:aws:iam::*:role/deploy",
  });

// Looks at the text after the account id, or after the last colon if a * replaces earlier segments.
function namesEverybody(pattern: string): boolean {
  const pieces = pattern.split(":");
  return /^\**$/.test(pieces.length > 5 ? pieces.slice(5).join(":") : (pieces.at(-1) ?? ""));
}
