// fauxqs (SQS in memory, from npm) on loopback, without a log: `node serve.mjs FOLDER PORT`. It counts its requests by
// action, told at /_bench/counts; /_bench/work tells the time and its own CPU, in ms, at the first receive and the last
// delete.
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const { buildApp } = await import(pathToFileURL(`${folder}/node_modules/fauxqs/dist/app.js`));
const counts = {};
const work = {};
const cpu = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b) / 1000;
const app = buildApp({ logger: false, defaultRegion: "us-east-1" });
app.addHook("onRequest", (request, reply, done) => {
  const action = request.headers["x-amz-target"]?.split(".")[1];
  if (action) counts[action] = (counts[action] ?? 0) + 1;
  if (action === "ReceiveMessage") work.began ??= [performance.now(), cpu()];
  if (action === "DeleteMessageBatch") work.ended = [performance.now(), cpu()];
  done();
});
app.get("/_bench/counts", () => counts);
app.get("/_bench/work", () => work);
await app.listen({ host: "127.0.0.1", port: Number(port) });
