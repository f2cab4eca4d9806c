#!/usr/bin/env bash
# A home app of two programs: mosquitto_sub watches a purifier, curl switches it, and
# the change is seen coming back. It wants of its surroundings:
#   URL             such as http://127.0.0.1:8080
#   MQTT            host:port
#   ACCOUNT, TOKEN  an account and its token of scope app
#   DID             the purifier
set -euo pipefail
topic="device/$DID/up/properties_changed/2/1"

on=$(curl -fsS "$URL/app/v2/miotspec/prop/get" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d "{\"params\":[{\"did\":\"$DID\",\"siid\":2,\"piid\":1}]}")
echo "is:       $on"
[[ $on == *'"value":true'* ]] && want=false || want=true

# -W: it gives up after 20 s.
coproc SUB {
  exec stdbuf -oL mosquitto_sub -d -h "${MQTT%:*}" -p "${MQTT#*:}" -i "app.$ACCOUNT.mosquitto" -u "$ACCOUNT" -P "$TOKEN" -q 1 -W 20 -t "$topic" -F '%t %p'
}
pid=$SUB_PID
exec {from}<&"${SUB[0]}"
while read -r line <&"$from"; do
  [[ $line == *SUBACK* ]] && break # nothing is missed from here on
done

echo "command:  $(curl -fsS "$URL/app/v2/miotspec/prop/set" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d "{\"params\":[{\"did\":\"$DID\",\"siid\":2,\"piid\":1,\"value\":$want}]}")"
seen=1
while read -r line <&"$from"; do
  if [[ $line == device/* ]]; then
    echo "reported: $line"
    [[ $line == *"\"value\":$want}"* ]] && seen=0 && break # what was on its way is another's
  fi
done
kill "$pid"
exit $seen
