#!/bin/sh
# Receive webhooks of trucewatch as a CGI script: needs openssl. The web server sets WEBHOOK_SECRETS (one or several,
# parted by blanks) and WEBHOOK_SEEN, a folder for the ids that were taken.
# Checks the signature, refuses what is older than five minutes, and drops repeats.
set -euf

answer() {
  printf 'Status: %s\r\nContent-Length: 0\r\n\r\n' "$1"
  exit 0
}

id=${HTTP_WEBHOOK_ID:-} timestamp=${HTTP_WEBHOOK_TIMESTAMP:-} signatures=${HTTP_WEBHOOK_SIGNATURE:-}
case ${CONTENT_LENGTH:-} in '' | *[!0-9]* | ??????*) answer '413 Too Large' ;; esac
[ "$CONTENT_LENGTH" -le 20000 ] || answer '413 Too Large'
case $id in '' | *[!A-Za-z0-9_~-]*) answer '401 Unauthorized' ;; esac
case $timestamp in '' | 0* | *[!0-9]* | ?????????????*) answer '401 Unauthorized' ;; esac
age=$(($(date +%s) - timestamp))
[ "$age" -le 300 ] && [ "$age" -ge -300 ] || answer '401 Unauthorized'

body=$(mktemp)
trap 'rm -f "$body"' EXIT
head -c "$CONTENT_LENGTH" > "$body" # the raw bytes, in a file: a variable would lose a newline at their end

genuine=no
for secret in $WEBHOOK_SECRETS; do
  # A key on a command line shows in the list of processes for a moment: on a shared machine use another receiver.
  encoded=${secret#whsec_}
  while [ $((${#encoded} % 4)) -ne 0 ]; do encoded=$encoded=; done
  key=$(printf %s "$encoded" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  expected=v1,$({ printf '%s.%s.' "$id" "$timestamp"; cat "$body"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  for given in $signatures; do
    [ "$given" = "$expected" ] && genuine=yes
  done
done
[ "$genuine" = yes ] || answer '401 Unauthorized'

if [ ! -e "$WEBHOOK_SEEN/$id" ]; then
  # Do what is to be done; here: keep the body. Unknown types are to be ignored.
  cp "$body" "$WEBHOOK_SEEN/$id.part"
  mv "$WEBHOOK_SEEN/$id.part" "$WEBHOOK_SEEN/$id" # only now: what fails comes again
fi
answer '204 No Content'
