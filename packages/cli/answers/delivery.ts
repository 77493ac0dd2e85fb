import type { DeploymentPlace } from "@drift-guard/core/config/deployment";
import type { Answer } from "@drift-guard/core/respond/answer";
import { SignedAnswer } from "@drift-guard/core/respond/signature";
import type { AnswerOutcome } from "@drift-guard/guard/respond/respond";
import * as z from "zod";

/** An answer did not reach the guard, or the guard could not take it; the text says what to do. */
export class AnswerUndeliveredError extends Error {
  override readonly name = "AnswerUndeliveredError";
}

const Outcome = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("recorded"),
    at: z.custom<Extract<AnswerOutcome, { status: "recorded" }>["at"]>((value) => typeof value === "string"),
    by: z.string(),
    warnings: z.array(z.string()),
  }),
  z.object({ status: z.literal("refused"), reason: z.string() }),
]);

const Failure = z.looseObject({ errorMessage: z.string() });

/**
 * Signs an answer with the credentials of the AWS SDK, and invokes the function of the deployment with it. Throws
 * `AnswerUndeliveredError`.
 */
export async function invokeRespond(answer: Answer, place: DeploymentPlace): Promise<AnswerOutcome> {
  const [{ InvokeCommand, LambdaClient }, { STSClient }, { signAnswer }, { errorCodeOf, formatFailure }] =
    await Promise.all([
      import("@aws-sdk/client-lambda"),
      import("@aws-sdk/client-sts"),
      import("@drift-guard/aws/sts/signer"),
      import("@drift-guard/aws/failure"),
    ]);
  const { region, stage } = place;
  const credentials = await new STSClient({ region }).config.credentials();
  const signed = await signAnswer(answer, credentials, place, new Date());
  const command = new InvokeCommand({
    FunctionName: answer.deployment,
    Payload: Buffer.from(JSON.stringify(SignedAnswer.encode(signed))),
  });
  const { FunctionError, Payload } = await new LambdaClient({ region })
    .send(command)
    .catch((cause: unknown) => {
      throw new AnswerUndeliveredError(
        errorCodeOf(cause) === "ResourceNotFound"
          ? `There is no guard of the stage ${stage} in ${region}: the function ${answer.deployment} does not exist.`
          : `The guard was not answered: ${formatFailure(cause, "lambda:InvokeFunction")}`,
        { cause },
      );
    });
  const text = Buffer.from(Payload ?? []).toString("utf8");
  const outcome = FunctionError === undefined ? Outcome.safeParse(parseJson(text)).data : undefined;
  if (outcome) return outcome;
  const failure = Failure.safeParse(parseJson(text)).data;
  throw new AnswerUndeliveredError(
    `The guard could not take the answer: ${failure?.errorMessage ?? "its answer cannot be read."} Give it again.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
