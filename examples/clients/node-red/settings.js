// For trying the flow on this machine: the editor is at http://127.0.0.1:1880, and the
// token stands in flow_cred.json as it is. A real installation has a credentialSecret.
module.exports = {
  uiHost: "127.0.0.1",
  uiPort: process.env.PORT || 1880,
  flowFile: "flow.json",
  credentialSecret: false,
  logging: { console: { level: "info", metrics: false, audit: false } },
  editorTheme: { tours: false },
  telemetry: { enabled: false, updateNotification: false },
};
