#!/usr/bin/python3
"""A desk lamp that speaks the home-app protocol (docs/protocol.md) through paho-mqtt 1.6.

    /usr/bin/python3 lamp.py --broker localhost:1884 --secret SECRET

Lamp is what the device is and answers, Link is how it is connected. Enter is the button at the lamp. It keeps nothing
where it could not be found again: each start is its factory state. README.md says how to test it.
"""
import argparse
import collections
import json
import os
import random
import select
import signal
import ssl
import sys
import time

import paho.mqtt.client as mqtt

MODEL, FIRMWARE = "brightfjord-desk1", "1.0.0"
KEEP_ALIVE = 10     # seconds; 60 is usual, 10 makes a quick run quick
MAX_PAYLOAD = 4096  # bytes of one request
MAX_ITEMS = 64      # items of one request
MAX_TEXT = 40       # characters that the label has room for

# Result codes (protocol §2)
NO_REQUEST, NO_METHOD, BAD_PARAMS = -32600, -32601, -32602
DONE, NOT_READABLE, NOT_WRITABLE, NOT_FOUND, BAD_VALUE, BAD_ARGUMENTS, WRONG_DID = 0, -4001, -4002, -4003, -4005, -4006, -4007

# Members of spec.json
ON, BRIGHTNESS, TEMPERATURE, MODE, LABEL, POWER = (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 7)
TOGGLE, FADE_TO, FADE_FINISHED = (2, 1), (2, 2), (2, 1)


def stored(rule, value):
    """The value as the lamp keeps it, or None where the spec does not allow it (protocol §1)."""
    if rule["format"] == "bool":
        return value if isinstance(value, bool) else None
    if rule["format"] == "string":
        fits = isinstance(value, str) and len(value) <= MAX_TEXT and not any("\ud800" <= c <= "\udfff" for c in value)
        return value if fits else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if "value-list" in rule:
        return int(value) if value in [entry["value"] for entry in rule["value-list"]] else None
    low, high, step = rule["value-range"]
    if not low <= value <= high:  # 1e400 is infinite here
        return None
    steps = (value - low) / step
    return int(value) if abs(steps - round(steps)) < 1e-6 else None  # nothing that can be written is a float


def once(members):
    """A JSON object, if no member is there twice: which of them would count?"""
    if len(dict(members)) != len(members):
        raise ValueError("a member is there twice")
    return dict(members)


def no_number(word):
    raise ValueError(word + " is no JSON")  # Python would take NaN and Infinity


def names(item, iid):
    return isinstance(item, dict) and type(item.get("siid")) is int and type(item.get(iid)) is int


def failure(code, message):
    return {"error": {"code": code, "message": message}}


class Lamp:
    """The device: its values, and what it answers. Nothing in here knows of MQTT."""

    def __init__(self, did, serial, spec):
        self.did, self.booted = did, time.monotonic()
        self.information = {(1, 1): "Brightfjord", (1, 2): MODEL, (1, 3): serial, (1, 4): FIRMWARE}
        self.settings = {ON: False, BRIGHTNESS: 50, TEMPERATURE: 4000, MODE: 0, LABEL: ""}
        self.properties = {(s["iid"], p["iid"]): p for s in spec["services"] for p in s["properties"]}
        self.actions = {(s["iid"], a["iid"]): a for s in spec["services"] for a in s.get("actions", [])}
        self.changed = set()                         # properties to be reported
        self.happened = []                           # events to be reported
        self.fade_ends = None
        self.remembered = collections.OrderedDict()  # request id -> (when, the answer)

    def value(self, name):
        if name == POWER:
            return round(0.3 + 8 * self.settings[BRIGHTNESS] / 100, 1) if self.settings[ON] else 0.3
        return self.information.get(name, self.settings.get(name))

    def change(self, name, value):
        before = self.value(name), self.value(POWER)
        self.settings[name] = value
        self.changed.update(p for p, was in zip((name, POWER), before) if self.value(p) != was)

    def tick(self):
        """What the lamp does of its own accord."""
        if self.fade_ends and time.monotonic() >= self.fade_ends:
            self.fade_ends = None
            self.happened.append((FADE_FINISHED, [{"piid": 2, "value": self.value(BRIGHTNESS)}]))

    def answer(self, payload):
        """The answer to what came on down/request; None where there is nobody to answer (protocol §2)."""
        if len(payload) > MAX_PAYLOAD:
            return None  # it does not fit the receive buffer
        try:
            # Not json.loads(payload): that guesses UTF-16 and takes a byte order mark.
            request = json.loads(payload.decode("utf-8"), object_pairs_hook=once, parse_constant=no_number)
            number, method = request["id"], request["method"]  # without a method it answers what we never asked
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if type(number) is not int or not 0 < number < 2**31 or type(method) is not str:
            return None
        # The gateway asks again when a connection broke: the same id is done once, and gets the same answer.
        now = time.monotonic()
        while self.remembered and now - next(iter(self.remembered.values()))[0] > 60:
            self.remembered.popitem(last=False)
        if number not in self.remembered:
            self.remembered[number] = now, json.dumps({"id": number, **self.obey(method, request.get("params"))})
            if len(self.remembered) > 32:
                self.remembered.popitem(last=False)
        return self.remembered[number][1]

    def obey(self, method, params):
        if method in ("get_properties", "set_properties"):
            if not isinstance(params, list) or not all(names(item, "piid") for item in params):
                return failure(BAD_PARAMS, "params: needs a list of {did, siid, piid}")
            if len(params) > MAX_ITEMS:
                return failure(NO_REQUEST, f"{len(params)} items, at most {MAX_ITEMS} are taken")
            do = self.get if method == "get_properties" else self.set
            return {"result": [{"did": i.get("did"), "siid": i["siid"], "piid": i["piid"], **do(i)} for i in params]}
        if method == "action":
            if not names(params, "aiid"):
                return failure(BAD_PARAMS, "params: needs {did, siid, aiid, in}")
            return {"result": {"did": params.get("did"), "siid": params["siid"], "aiid": params["aiid"], **self.act(params)}}
        if method == "miIO.info":
            return {"result": {"model": MODEL, "fw_ver": FIRMWARE, "life": int(time.monotonic() - self.booted)}}
        return failure(NO_METHOD, "method not found")

    def get(self, item):
        code = self.refusal(item, "read", NOT_READABLE)
        return {"code": code} if code else {"code": DONE, "value": self.value((item["siid"], item["piid"]))}

    def set(self, item):
        code, name = self.refusal(item, "write", NOT_WRITABLE), (item["siid"], item["piid"])
        if code == DONE:
            value = stored(self.properties[name], item.get("value"))
            if value is None:
                return {"code": BAD_VALUE}
            self.change(name, value)
        return {"code": code}

    def refusal(self, item, access, code):
        if item.get("did") != self.did:
            return WRONG_DID
        rule = self.properties.get((item["siid"], item["piid"]))
        if rule is None:
            return NOT_FOUND
        return DONE if access in rule["access"] else code

    def act(self, call):
        name, given = (call["siid"], call["aiid"]), call.get("in") or []
        if call.get("did") != self.did:
            return {"code": WRONG_DID}
        if name not in self.actions:
            return {"code": NOT_FOUND}
        if not isinstance(given, list) or not all(isinstance(a, dict) for a in given) or \
                [a.get("piid") for a in given] != self.actions[name]["in"]:
            return {"code": BAD_ARGUMENTS}
        values = [stored(self.properties[name[0], a["piid"]], a.get("value")) for a in given]
        if None in values:
            return {"code": BAD_ARGUMENTS}
        if name == TOGGLE:
            self.change(ON, not self.settings[ON])
        elif name == FADE_TO:
            self.change(BRIGHTNESS, values[0])
            self.fade_ends = time.monotonic() + values[1]
        return {"code": DONE, "out": [{"piid": p, "value": self.value((name[0], p))} for p in self.actions[name]["out"]]}


class Link:
    """The connection: a new MQTT client for each, and in between a pause that grows (protocol §4, catalogue SESS)."""

    SECOND = 1.01             # between two reports of a property, and a little, for the network may compress it
    WINDOW = 4                # reports that may wait for their PUBACK; what changes meanwhile is coalesced
    STABLE = 60               # seconds after which a session counts as a success, and the next pause is short again
    FIRST, LONGEST = 2, 120   # bounds of the pause

    def __init__(self, lamp, secret, host, port, ca):
        self.lamp, self.secret, self.host, self.port, self.ca = lamp, secret, host, port, ca
        self.own = f"device/{lamp.did}/"
        self.report_id = random.randrange(2**31)  # at random at each boot, then it counts up
        self.open = {}                            # packet id -> (topic, payload, properties), not acknowledged
        self.again = []                           # likewise, what former connections left over
        self.said, self.event_at = {}, 0          # when a property, when an event was last reported
        self.button = sys.stdin

    def run(self):
        failures = 0
        while True:
            self.since = None
            try:
                self.session()
            except Exception as error:  # whatever it was, a lamp has to come back
                stable = self.since is not None and time.monotonic() - self.since >= self.STABLE
                failures = 1 if stable else failures + 1
                pause = random.uniform(0, min(self.LONGEST, self.FIRST * 2**min(failures - 1, 10)))
                print(f"not connected ({error or type(error).__name__}), again in {pause:.1f} s", flush=True)
            until = time.monotonic() + pause
            while time.monotonic() < until:
                self.live()
                time.sleep(0.05)

    def live(self):
        self.lamp.tick()
        if self.button and select.select([self.button], [], [], 0)[0]:
            if self.button.readline():
                self.lamp.change(ON, not self.lamp.settings[ON])
            else:
                self.button = None  # nobody is there

    def session(self):
        """One connection, from CONNECT until it breaks, which raises."""
        # Without reconnect_on_failure=False paho repeats a refused CONNECT at once, as MQTT 3.1.
        client = mqtt.Client(self.lamp.did, clean_session=True, reconnect_on_failure=False)
        client.username_pw_set(self.lamp.did, self.secret)
        if self.ca:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            client.tls_set_context(context)
        client.max_inflight_messages_set(0)  # WINDOW bounds the reports; answers must not wait for them
        client.on_connect, client.on_subscribe, client.on_message = self.on_connect, self.on_subscribe, self.on_message
        client.on_publish, client.on_log = self.on_publish, self.on_log
        self.again, self.open = list(self.open.values()) + self.again, {}
        self.subscription, self.subscribe_at, self.tries = None, None, 0
        try:
            client.connect(self.host, self.port, KEEP_ALIVE)
            self.heard = time.monotonic()
            while True:
                result = client.loop(0.05)
                if result != mqtt.MQTT_ERR_SUCCESS:
                    raise ConnectionError(mqtt.error_string(result))
                # paho pings when nothing was said or heard for KEEP_ALIVE, but gives up only after as much again.
                now = time.monotonic()
                if now - self.heard > KEEP_ALIVE * (1.5 if self.since else 1):
                    raise TimeoutError("the broker is mute")
                self.live()
                if self.since:
                    self.speak(client, now)
        finally:
            client.disconnect()

    def on_log(self, client, _, level, text):
        if text.startswith("Received"):  # any packet; PINGRESP has no callback of its own
            self.heard = time.monotonic()

    def on_connect(self, client, _, flags, result):
        if result == 0 and not self.since:
            print(f"connected to {self.host}:{self.port}", flush=True)
            self.since = self.subscribe_at = time.monotonic()
            self.lamp.changed.update(n for n, p in self.lamp.properties.items() if "notify" in p["access"])  # the full state
            self.lamp.happened.clear()  # events of an outage are lost, as declared

    def on_subscribe(self, client, _, packet, granted):
        if packet == self.subscription and granted[0] < 0x80:
            self.subscribe_at = None

    def on_message(self, client, _, message):
        if message.topic == self.own + "down/error":
            print("the gateway refused a report:", message.payload, flush=True)
        if message.topic == self.own + "down/request" and not message.retain:  # a kept request was meant for another time
            answer = self.lamp.answer(message.payload)
            if answer is not None:
                client.publish(self.own + "up/response", answer, qos=1)

    def on_publish(self, client, _, packet):  # PUBACK has come
        self.open.pop(packet, None)

    def speak(self, client, now):
        if self.subscribe_at and now >= self.subscribe_at:  # until it is granted, ever more seldom
            self.subscription = client.subscribe(self.own + "down/#", qos=1)[1]
            self.tries += 1
            self.subscribe_at = now + min(60, 5 * 2**self.tries) * random.uniform(0.7, 1)
        changed = [p for p in sorted(self.lamp.changed) if self.may_report(p, now)]
        if self.again:  # first what was not acknowledged: the same bytes, and so the same id
            if all(self.may_report(p, now) for p in self.again[0][2]):
                self.send(client, *self.again.pop(0))
        elif changed and len(self.open) < self.WINDOW:
            self.lamp.changed.difference_update(changed)
            self.report(client, "properties_changed", changed, [
                {"did": self.lamp.did, "siid": n[0], "piid": n[1], "value": self.lamp.value(n)} for n in changed])
        elif self.lamp.happened and now - self.event_at >= self.SECOND / 3:
            self.event_at = now
            (siid, eiid), arguments = self.lamp.happened.pop(0)
            self.report(client, "event_occured", [], {"did": self.lamp.did, "siid": siid, "eiid": eiid, "arguments": arguments})

    def may_report(self, name, now):
        return now - self.said.get(name, 0) >= self.SECOND

    def report(self, client, method, properties, params):
        self.report_id += 1
        payload = json.dumps({"id": self.report_id, "method": method, "params": params})
        self.send(client, self.own + "up/" + method, payload, properties)

    def send(self, client, topic, payload, properties):
        self.said.update((p, time.monotonic()) for p in properties)
        self.open[client.publish(topic, payload, qos=1).mid] = topic, payload, properties


def main():
    parser = argparse.ArgumentParser(description="A desk lamp for the home app.")
    parser.add_argument("--broker", default="localhost:1884", metavar="HOST:PORT")
    parser.add_argument("--did", default="device-under-test")
    parser.add_argument("--secret", required=True, help="the login secret")
    parser.add_argument("--serial", default="BF-000001")
    parser.add_argument("--ca", metavar="FILE", help="connect by TLS, and trust this authority only")
    args = parser.parse_args()
    host, _, port = args.broker.rpartition(":")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "spec.json"), encoding="utf-8") as f:
        lamp = Lamp(args.did, args.serial, json.load(f))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        Link(lamp, args.secret, host, int(port), args.ca).run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
