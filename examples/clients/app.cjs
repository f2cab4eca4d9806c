// A home app in a browser's way: MQTT.js over WebSocket sees what the devices do,
// fetch commands them. The same code runs in a page with `import mqtt from "mqtt"`.
//
//   URL, ACCOUNT, TOKEN (scope app), DID=the purifier   node app.cjs
const mqtt = require("mqtt");
const { URL: url, ACCOUNT: account, TOKEN: token, DID: did } = process.env;

async function call(path, body) {
  const reply = await fetch(url + path, {
    method: "POST",
    headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return reply.json();
}

async function main() {
  const client = await mqtt.connectAsync(url.replace(/^http/, "ws") + "/mqtt", {
    protocolVersion: 5,
    clientId: `app.${account}.mqttjs`,
    username: account,
    password: token,
    reconnectPeriod: 0,
  });
  client.on("message", (topic, payload, packet) => { // before SUBSCRIBE: the current state comes at once
    if (topic.endsWith("/state")) console.log("state:", JSON.parse(payload).event, packet.retain ? "(retained)" : "");
  });
  const granted = await client.subscribeAsync(`device/${did}/#`, { qos: 1 });
  console.log("subscribed:", granted.map((g) => `${g.topic} QoS ${g.qos}`).join(", "));

  const before = (await call("/app/v2/miotspec/prop/get", { params: [{ did, siid: 2, piid: 3 }] })).result[0].value;
  const level = (before % 4) + 1;
  const seen = new Promise((done) => {
    client.on("message", (topic, payload) => {
      const message = JSON.parse(payload);
      if (topic.endsWith("/properties_changed/2/3") && message.params.value === level) done(message);
    });
  });
  console.log("command:", JSON.stringify(await call("/app/v2/miotspec/prop/set", { params: [{ did, siid: 2, piid: 3, value: level }] })));
  console.log("reported:", JSON.stringify(await seen));

  // An app commands over HTTPS: a publish ends the connection, with a reason.
  client.on("disconnect", (packet) => console.log("after a publish: disconnected,", "0x" + packet.reasonCode.toString(16)));
  const closed = new Promise((done) => client.on("close", done));
  client.publish(`device/${did}/down/request`, "{}");
  await closed;
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
