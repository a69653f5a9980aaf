import { NodeSDK } from '@opentelemetry/sdk-node';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { generateText, streamText, registerTelemetry, tool, stepCountIs } from 'ai';
import { OpenTelemetry, LegacyOpenTelemetry } from '@ai-sdk/otel';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { z } from 'zod';
const [url, by] = process.argv.slice(2);
const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter({ url: `${url}/otel/v1/traces` }), instrumentations: [] });
sdk.start();
registerTelemetry(by.startsWith('legacy') ? new LegacyOpenTelemetry() : new OpenTelemetry());
const model = createOpenAICompatible({ name: 'parcel', baseURL: `${url}/v1`, apiKey: 'k', includeUsage: true })('parcel');
const found = { 778: 'Lyon', 779: 'Paris' };
const tools = { track: tool({ description: 'Find a parcel.', inputSchema: z.object({ parcel: z.number() }), execute: async ({ parcel }) => found[parcel] }) };
let messages = [];
for (const asked of ['Where is parcel 778?', 'And parcel 779?']) {
  messages.push({ role: 'user', content: asked });
  const told = { model, tools, instructions: 'Be brief.', messages, stopWhen: stepCountIs(3), telemetry: { functionId: 'shop' } };
  if (by.endsWith('stream')) { const got = streamText(told); for await (const _ of got.textStream); messages = [...messages, ...(await got.response).messages]; }
  else { const got = await generateText(told); messages = [...messages, ...got.response.messages]; }
}
await sdk.shutdown();
