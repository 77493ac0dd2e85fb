import { describe, it } from "node:test";
import { runHistories } from "./run.ts";

describe("The guard and an account in which anything may go wrong", () => {
  it("end every history with the role as it should be, or with a finding that says why it is not", async () => {
    await runHistories(300);
  });
});
