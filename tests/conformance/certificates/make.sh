#!/usr/bin/env bash
#
# Makes the certificates of the tests again: two authorities, `one` (SP10 and SP20) and `other`
# (SP30), valid for a hundred years. They protect nothing.

set -eu -o pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" \
    -subj "/CN=authority $1" -keyout "$work/$1.key" -out "$1.pem"
}

party() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=$1" -keyout "$1.key.pem" -out "$work/$1.csr"
  printf 'subjectAltName=DNS:%s\n' "$1" >"$work/extensions"
  openssl x509 -req -in "$work/$1.csr" -CA "$2.pem" -CAkey "$work/$2.key" -CAcreateserial \
    -CAserial "$work/serial" -days "$days" -extfile "$work/extensions" -out "$1.pem"
}

authority one
authority other
party SP10 one
party SP20 one
party SP30 other
