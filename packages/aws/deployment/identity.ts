import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import type { Read, ReaderIdentity } from "@drift-guard/core/model/deployed";
import * as z from "zod";
import { lacks, readResult } from "./read.ts";

const permission = "sts:GetCallerIdentity";
const Response = z.looseObject({ headers: z.looseObject({ date: z.string() }) });

/** Asks STS whose credentials the client has, and compares the time of its answer with this machine's. Throws nothing. */
export async function readIdentity(client: STSClient, now: () => Date): Promise<Read<ReaderIdentity>> {
  const begin = now().getTime();
  let date = "";
  const command = new GetCallerIdentityCommand();
  command.middlewareStack.add(
    (next) => async (input) => {
      const result = await next(input);
      date = Response.safeParse(result.response).data?.headers.date ?? "";
      return result;
    },
    { step: "deserialize", name: "readDate" },
  );
  const answer = await readResult(() => client.send(command), { permission });
  if (answer.status !== "read") return answer;
  const { Arn } = answer.value;
  const server = Date.parse(date);
  if (Arn === undefined) return lacks(permission, "ARN");
  if (Number.isNaN(server)) return lacks(permission, "time");
  // The answer's time has whole seconds.
  return {
    status: "read",
    value: { arn: Arn, aheadSeconds: ((begin + now().getTime()) / 2 - server) / 1000 },
  };
}
