import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createAnswerStore } from "@drift-guard/aws/dynamodb/answers";
import { createChangeStore } from "@drift-guard/aws/dynamodb/changes";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createFullReadStore } from "@drift-guard/aws/dynamodb/full-reads";
import { createHubStore } from "@drift-guard/aws/dynamodb/hub";
import { createNoticeStore } from "@drift-guard/aws/dynamodb/notices";
import { createReportStore } from "@drift-guard/aws/dynamodb/reports";
import { createSymptomStore } from "@drift-guard/aws/dynamodb/symptoms";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { describeAnswerStore } from "../../conformance/stores/answer-store.ts";
import { describeChangeStore } from "../../conformance/stores/change-store.ts";
import { describeControlStore } from "../../conformance/stores/control-store.ts";
import { describeFindingStore, sinks } from "../../conformance/stores/finding-store.ts";
import { describeFullReadStore } from "../../conformance/stores/full-read-store.ts";
import { describeHubStore } from "../../conformance/stores/hub-store.ts";
import { describeNoticeStore } from "../../conformance/stores/notice-store.ts";
import { describeReportStore } from "../../conformance/stores/report-store.ts";
import { describeSymptomStore } from "../../conformance/stores/symptom-store.ts";
import { describeUsageStore } from "../../conformance/stores/usage-store.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { createTable, itemsIn, putInto } from "./tables.ts";

withEmulators("The stores on DynamoDB, emulated by ministack", (services) => {
  describeFindingStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    const withSinks = (chosen: typeof sinks) => createFindingStore(client, { table, sinks: chosen });
    return {
      store: withSinks(sinks),
      other: withSinks(sinks),
      withSinks,
      put: putInto(client, table),
      ...itemsIn(client, table),
      close: async () => client.destroy(),
    };
  });

  describeControlStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    const open = () => createControlStore(client, { table });
    return { store: open(), other: open(), put: putInto(client, table), close: async () => client.destroy() };
  });

  describeChangeStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    const options = { table, now: () => new Date() };
    const forged: string[] = [];
    return {
      store: createChangeStore(client, options),
      other: createChangeStore(client, { ...options, onUnreadable: (key) => forged.push(key) }),
      forged,
      put: putInto(client, table),
      close: async () => client.destroy(),
    };
  });

  describeSymptomStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createSymptomStore(client, { table }),
      other: createSymptomStore(client, { table }),
      close: async () => client.destroy(),
    };
  });

  describeAnswerStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createAnswerStore(client, { table }),
      other: createAnswerStore(client, { table }),
      close: async () => client.destroy(),
    };
  });

  describeFullReadStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createFullReadStore(client, { table }),
      other: createFullReadStore(client, { table }),
      usage: createUsageStore(client, { table }),
      put: putInto(client, table),
      close: async () => client.destroy(),
    };
  });

  describeNoticeStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createNoticeStore(client, { table }),
      other: createNoticeStore(client, { table }),
      close: async () => client.destroy(),
    };
  });

  describeReportStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createReportStore(client, { table }),
      other: createReportStore(client, { table }),
      close: async () => client.destroy(),
    };
  });

  describeHubStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createHubStore(client, { table }),
      other: createHubStore(client, { table }),
      close: async () => client.destroy(),
    };
  });

  describeUsageStore("a table", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    return {
      store: createUsageStore(client, { table }),
      other: createUsageStore(client, { table }),
      findings: createFindingStore(client, { table, sinks }),
      put: putInto(client, table),
      close: async () => client.destroy(),
    };
  });
});
