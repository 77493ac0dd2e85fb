import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { readTrail, type TrailRecord } from "drift-guard/trail/records";
import { account } from "../../builders.ts";
import { writeTemporary } from "../process.ts";

const aRecord = (over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  eventVersion: "1.11",
  eventID: "6c1eed73-00ee-4810-8009-c9ce5990c100",
  eventTime: "2026-01-02T03:04:05Z",
  eventSource: "iam.amazonaws.com",
  eventName: "DetachRolePolicy",
  awsRegion: "us-east-1",
  userIdentity: { type: "IAMUser", arn: `arn:aws:iam::${account}:user/mallory`, accountId: account },
  requestParameters: { roleName: "AWSBatchServiceRole", policyArn: "arn:aws:iam::aws:policy/x" },
  responseElements: null,
  recipientAccountId: account,
  ...over,
});

const anEnvelope = {
  version: "0",
  id: null,
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.iam",
  account,
  time: null,
  region: "us-east-1",
  resources: null,
  detail: aRecord(),
};

/** A subscription of CloudWatch Logs (CloudWatch Logs User Guide, "Log group-level subscription filters"). */
const aSubscription = {
  messageType: "DATA_MESSAGE",
  owner: account,
  logGroup: "CloudTrail/logs",
  logStream: `${account}_CloudTrail/logs_us-east-1`,
  subscriptionFilters: ["Destination"],
  logEvents: [1, 2].map((id) => ({
    id: `${id}`,
    timestamp: 1432826855000,
    message: JSON.stringify(aRecord()),
  })),
};

const compress = (value: unknown) => gzipSync(JSON.stringify(value)).toString("base64");

/** A notification as SNS sends it to SQS (SNS Developer Guide, "Amazon SNS message format"). */
const aNotification = (message: unknown) => ({
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: `arn:aws:sns:us-east-1:${account}:changes`,
  Message: JSON.stringify(message),
  Timestamp: "2026-01-02T03:04:05.000Z",
});

async function readText(content: string | Uint8Array): Promise<readonly TrailRecord[]> {
  const records: TrailRecord[] = [];
  for await (const record of readTrail(await writeTemporary("trail", content), Readable.from([])))
    records.push(record);
  return records;
}

/** What each record is: the role that its change names, why it is ignored, or why it is unreadable. */
async function read(content: unknown): Promise<readonly string[]> {
  const text =
    typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);
  return (await readText(text)).map(({ message, problem }) => {
    if (problem !== undefined) return `unreadable: ${problem}`;
    if (message.kind === "irrelevant") return `ignored: ${message.why}`;
    if (message.kind !== "change") return message.kind;
    return message.change.subjects.map((subject) => ("name" in subject ? subject.name : subject.arn)).join();
  });
}

const role = "AWSBatchServiceRole";

describe("A trail file", () => {
  for (const [form, content, count] of [
    ["records as JSON text", { Records: JSON.stringify([aRecord(), aRecord()]) }, 2],
    ["a page of LookupEvents after another", `${lookedUp(1)}\n${lookedUp(2)}`, 3],
    ["a list of pages of LookupEvents", `[${lookedUp(1)},${lookedUp(2)}]`, 3],
    ["a null list after a page", `${lookedUp(1)}{"Events":null,"NextToken":null}`, 1],
    ["an envelope with null members", anEnvelope, 1],
    ["an envelope whose detail is text", { ...anEnvelope, detail: JSON.stringify(aRecord()) }, 1],
    ["a subscription of CloudWatch Logs", { awslogs: { data: compress(aSubscription) } }, 2],
    ["the same, decoded", aSubscription, 2],
    [
      "a response of FilterLogEvents",
      {
        events: aSubscription.logEvents.map((event) => ({ ...event, eventId: event.id })),
        searchedLogStreams: [],
      },
      2,
    ],
    ["a Kinesis event of a subscription", { Records: [{ kinesis: { data: compress(aSubscription) } }] }, 2],
    [
      "a response of ReceiveMessage",
      { Messages: [{ MessageId: "1", ReceiptHandle: "r", Body: JSON.stringify(anEnvelope) }] },
      1,
    ],
    [
      "a Lambda event of SQS",
      { Records: [{ messageId: "1", receiptHandle: "r", body: JSON.stringify(anEnvelope) }] },
      1,
    ],
    [
      "a Lambda event of SNS",
      {
        Records: [
          { EventSource: "aws:sns", Sns: { Type: "Notification", Message: JSON.stringify(anEnvelope) } },
        ],
      },
      1,
    ],
    ["a notification of SNS", aNotification(anEnvelope), 1],
    [
      "a notification of SNS in a message of SQS",
      {
        Messages: [
          { MessageId: "1", Body: JSON.stringify(aNotification({ Records: [aRecord(), aRecord()] })) },
        ],
      },
      2,
    ],
    [
      "rows of CloudTrail Lake",
      {
        QueryStatus: "FINISHED",
        QueryResultRows: [Object.entries(aRecord()).map(([name, value]) => ({ [name]: asColumn(value) }))],
      },
      1,
    ],
    [
      "rows of Athena, with names in lower case",
      Object.fromEntries(
        Object.entries(aRecord()).map(([name, value]) => [name.toLowerCase(), asColumn(value)]),
      ),
      1,
    ],
    // What `aws cloudtrail lookup-events --query 'Events[].CloudTrailEvent'` prints, as JSON and as text.
    ["a list of JSON texts", [1, 2].map(() => JSON.stringify(aRecord({ userAgent: "a, b] {" }))), 2],
    ["JSON texts, one in a line", [1, 2].map(() => JSON.stringify(JSON.stringify(aRecord()))).join("\n"), 2],
    ["records with tabs between", [1, 2].map(() => JSON.stringify(aRecord())).join("\t"), 2],
    [
      "rows of CloudTrail Lake with whole events",
      { QueryResultRows: [[{ eventJson: JSON.stringify(aRecord()) }]] },
      1,
    ],
    [
      "an event of Data Firehose",
      {
        invocationId: "1",
        records: [
          { recordId: "1", data: Buffer.from(JSON.stringify(anEnvelope)).toString("base64") },
          { recordId: "2", data: compress(aSubscription) },
        ],
      },
      3,
    ],
    [
      "a failed invocation that Lambda reported",
      {
        version: "1.0",
        requestContext: { condition: "RetriesExhausted" },
        requestPayload: { Records: [{ messageId: "1", body: JSON.stringify(anEnvelope) }] },
        responsePayload: null,
      },
      1,
    ],
    [
      "results of CloudWatch Logs Insights",
      {
        results: [
          [
            { field: "@timestamp", value: "2026-01-02 03:04:05.000" },
            { field: "@message", value: JSON.stringify(aRecord()) },
            { field: "@ptr", value: "p" },
          ],
        ],
        statistics: { recordsMatched: 1 },
        status: "Complete",
      },
      1,
    ],
    // EventBridge Pipes parse the body ("Amazon SQS queue as a source", EventBridge User Guide).
    [
      "messages of SQS whose body a pipe has parsed",
      [{ messageId: "1", receiptHandle: "r", body: anEnvelope, eventSource: "aws:sqs" }],
      1,
    ],
    // `aws kinesis get-records` (GetRecords, Kinesis API Reference).
    [
      "records of a Kinesis stream",
      {
        Records: [
          {
            SequenceNumber: "1",
            Data: Buffer.from(JSON.stringify(anEnvelope)).toString("base64"),
            PartitionKey: "p",
          },
          { SequenceNumber: "2", Data: compress(aSubscription), PartitionKey: "p" },
        ],
        MillisBehindLatest: 0,
      },
      3,
    ],
    // An export of CloudWatch Logs to S3, and `aws logs tail` in its formats "detailed" and "short".
    [
      "lines with a time before the record",
      [1, 2].map(() => `2026-01-02T03:04:05.000Z ${JSON.stringify(aRecord())}\n`).join(""),
      2,
    ],
    [
      "lines with time and log stream before the record",
      [1, 2]
        .map(
          () =>
            `2026-01-02T03:04:05.123000+00:00 ${account}_CloudTrail_us-east-1 ${JSON.stringify(aRecord())}\n`,
        )
        .join(""),
      2,
    ],
    ["a line with a short time before the record", `2026-01-02T03:04:05 ${JSON.stringify(aRecord())}`, 1],
    ["records that are compressed twice", gzipSync(gzipSync(JSON.stringify({ Records: [aRecord()] }))), 1],
    ["UTF-8 with a byte order mark", `\uFEFF${JSON.stringify(aRecord())}`, 1],
    ["UTF-16 LE with a byte order mark", utf16(`\uFEFF${JSON.stringify(aRecord())}`), 1],
    ["UTF-16 BE with a byte order mark", utf16(`\uFEFF${JSON.stringify(aRecord())}`).swap16(), 1],
    ["UTF-16 LE without a mark", utf16(JSON.stringify([aRecord(), aRecord()])), 2],
    ["UTF-16 BE without a mark", utf16(JSON.stringify(aRecord({ userAgent: "Zoë" }))).swap16(), 1],
    ["UTF-16 that is compressed", gzipSync(utf16(`\uFEFF${JSON.stringify({ Records: [aRecord()] })}`)), 1],
  ] as const) {
    it(`is read as ${form}`, async () => {
      assert.deepEqual(await read(content), Array(count).fill(role));
    });
  }

  for (const [form, content, expected] of [
    [
      "a digest file",
      { awsAccountId: account, digestStartTime: "x", digestEndTime: "y", logFiles: [] },
      /digest file/,
    ],
    [
      "an Insights event",
      { Records: [{ eventType: "AwsCloudTrailInsight", eventID: "1", insightDetails: { state: "Start" } }] },
      /Insights event/,
    ],
    [
      "a control message of CloudWatch Logs",
      { ...aSubscription, messageType: "CONTROL_MESSAGE", logEvents: null },
      /./,
    ],
    [
      "a control message with its text",
      {
        ...aSubscription,
        messageType: "CONTROL_MESSAGE",
        logEvents: [
          { id: "", timestamp: 1, message: "CWL CONTROL MESSAGE: Checking health of destination Firehose." },
        ],
      },
      /control message/,
    ],
    [
      "the test event of a bucket's notifications",
      { Service: "Amazon S3", Event: "s3:TestEvent", Time: "2026-01-02T03:04:05.000Z", Bucket: "logs" },
      /test event of S3/,
    ],
    [
      "a notification of new log files",
      { s3Bucket: "logs", s3ObjectKey: ["AWSLogs/1.json.gz"] },
      /names log files/,
    ],
    [
      "an event of S3",
      { Records: [{ eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3: {} }] },
      /S3/,
    ],
  ] as const) {
    it(`is ignored, and no error, as ${form}`, async () => {
      for (const each of await read(content)) assert.match(each, expected);
      for (const each of await read(content)) assert.match(each, /^ignored: /);
    });
  }

  for (const [form, content, expected] of [
    ["data that is not compressed JSON", { awslogs: { data: "bm90IEpTT04=" } }, /awslogs\.data is not JSON/],
    [
      "data that is cut off",
      { awslogs: { data: compress(aSubscription).slice(0, 100) } },
      /awslogs\.data cannot be decompressed/,
    ],
    ["text that is not JSON", JSON.stringify("{ hello"), /The text is not JSON/],
    ["a message that is not JSON", { Messages: [{ MessageId: "1", Body: "hello" }] }, /Body is not JSON/],
    ["a listing of S3", { Contents: [{ Key: "AWSLogs/1.json.gz" }] }, /listing of S3 objects.*Download/],
    ["records as broken text", { Records: "[{" }, /Records is not JSON/],
    ["a refused call with parameters of an unknown form", aRefusal("{roleName=x}"), /requestParameters/],
    ["a time of an unknown form", aRecord({ eventTime: "2 January" }), /eventTime/],
  ] as const) {
    it(`is unreadable, with the reason, as ${form}`, async () => {
      const found = await read(content);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^unreadable: /);
      assert.match(found[0] ?? "", expected);
    });
  }

  it("keeps the readable records of a wrapper in which others are unreadable", async () => {
    const Records = JSON.stringify([aRecord(), { eventName: "x" }, aRecord()]);
    const found = await read({ Records });
    assert.deepEqual([found[0], found[2], found.length], [role, role, 3]);
    assert.match(found[1] ?? "", /^unreadable: .*eventID/);
  });

  it("is bounded in wrappers and in what it inflates to", async () => {
    let nested: unknown = aRecord();
    for (let depth = 0; depth < 12; depth += 1) nested = { record: nested };
    assert.match((await read(nested))[0] ?? "", /more than 8 wrappers/);
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20)).toString("base64");
    assert.match((await read({ awslogs: { data: bomb } }))[0] ?? "", /cannot be decompressed/);
  });

  it("is refused as a ZIP archive, and where it is compressed more than three times", async () => {
    let bytes: Uint8Array = Buffer.from(JSON.stringify(aRecord()));
    for (let time = 0; time < 4; time += 1) bytes = gzipSync(bytes);
    await assert.rejects(read(bytes), /compressed more than 3 times\.$/);
    const archive = Buffer.from("PK\u0003\u0004archive");
    await assert.rejects(read(archive), /ZIP archive\. Unpack it, and name the file in it\.$/);
    await assert.rejects(read(gzipSync(archive)), /ZIP archive/);
  });

  it("counts an absent error code that an engine writes as text as none", async () => {
    for (const errorCode of ["None", "null", "NULL"])
      assert.deepEqual(await read(aRecord({ errorCode, requestParameters: null })), [""]);
  });

  it("has its members read from text, as query engines keep them", async () => {
    // Athena User Guide, "Query AWS CloudTrail logs": requestparameters STRING, responseelements STRING.
    const text = aRecord({
      userIdentity: JSON.stringify(aRecord().userIdentity),
      requestParameters: JSON.stringify(aRecord().requestParameters),
      responseElements: "null",
    });
    assert.deepEqual(await read(text), [role]);
  });

  for (const [written, expected] of [
    ["2026-01-02 03:04:05.000 UTC", "2026-01-02T03:04:05Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05Z"],
    ["2026-01-02 03:04:05.123", "2026-01-02T03:04:05Z"],
    [1767323045, "2026-01-02T03:04:05.000Z"],
    [1767323045000, "2026-01-02T03:04:05.000Z"],
    ["1767323045", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123Z"],
  ] as const) {
    it(`has its time read from ${JSON.stringify(written)}`, async () => {
      const [found] = await readText(JSON.stringify(aRecord({ eventTime: written })));
      assert.equal(found?.message?.kind === "change" && found.message.change.at, expected);
    });
  }
});

function lookedUp(count: number): string {
  const Events = Array.from({ length: count }, () => ({
    EventId: "x",
    CloudTrailEvent: JSON.stringify(aRecord()),
  }));
  return JSON.stringify({ Events, NextToken: "n" });
}

function asColumn(value: unknown): unknown {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

function aRefusal(requestParameters: string) {
  return aRecord({ requestParameters, errorCode: "ValidationError", errorMessage: "no" });
}
